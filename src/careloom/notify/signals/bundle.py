"""A signal as MNS hands it to subscribers: a Bundle of type history that says where to read what happened.

MNS fixes the number of every event to 1, so that a receiver cannot notice a gap by it; what we send in this shape keeps
its own number in the names of message and notification. Source: NHS England, MNS, schema of signals in FHIR R4.
"""

import uuid
from typing import Any

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.notify.signals.signal import Signal

_PROFILE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"
_NAMESPACE = uuid.UUID("6f3c3f0e-55f0-5d0e-8a53-2b8f4d4f1a02")


def signal_bundle(signal: Signal, subscriptions: str, *, hydrated: Resource | None = None) -> Resource:
    """The Bundle of one signal, the same at every call; neither filtering nor attributes have a place in it.

    Args:
        signal: What happened.
        subscriptions: Address of the endpoint that subscriptions are made at.
        hydrated: What stands at the signal's ``dataref``, for those who cannot read it there.

    Raises:
        InvalidError: There is something hydrated, and no address where it stands.
    """
    if hydrated is not None and not signal.dataref:
        raise InvalidError("dataref: the address of what is hydrated expected, none found", expression="dataref")
    identity = _identity(signal)
    status = {
        "resourceType": "Parameters",
        "id": identity,
        "meta": {"profile": [_PROFILE]},
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": subscriptions}},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": "event-notification"},
            {"name": "notification-event", "part": _event(signal)},
            {"name": "additional-context", "part": _context(signal)},
        ],
    }
    entries = [_entry(f"urn:uuid:{identity}", subscriptions, status)]
    if hydrated is not None:
        entries.append(_entry(signal.dataref, signal.dataref, hydrated))
    return {"resourceType": "Bundle", "id": identity, "type": "history", "timestamp": signal.time, "entry": entries}


def read_signal_bundle(bundle: Resource) -> Signal:
    """The signal in a Bundle of MNS.

    Raises:
        InvalidError: It has not that shape; the message names what is missing.
    """
    entries = bundle.get("entry") or [{}]
    parameters = (entries[0].get("resource") or {}).get("parameter") or []
    event, context = _part(parameters, "notification-event"), _part(parameters, "additional-context")
    subject = (_value(context, "subject", "valueReference") or {}).get("identifier", {}).get("value", "")
    return Signal(
        id=str(bundle.get("id", "")),
        source=str(_value(context, "source", "valueUri") or ""),
        type=str(_value(context, "event-type", "valueString") or ""),
        time=str(_value(event, "timestamp", "valueInstant") or ""),
        dataref=str((_value(event, "focus", "valueReference") or {}).get("reference", "")),
        subject=str(subject),
        version_id=str(_value(context, "version-id", "valueString") or ""),
    )


def _identity(signal: Signal) -> str:
    """A UUID: the signal's own id where that is one, else one made of source and id."""
    try:
        return str(uuid.UUID(signal.id))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, f"{signal.source} {signal.id}"))


def _event(signal: Signal) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": "1"},
        {"name": "timestamp", "valueInstant": signal.time},
    ]
    if signal.dataref:
        told.append({"name": "focus", "valueReference": {"reference": signal.dataref}})
    return told


def _context(signal: Signal) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"name": "event-type", "valueString": signal.type},
        {"name": "source", "valueUri": signal.source},
    ]
    if signal.subject:
        told.append({"name": "subject", "valueReference": {"identifier": {"value": signal.subject}}})
    if signal.version_id:
        told.append({"name": "version-id", "valueString": signal.version_id})
    return told


def _entry(full_url: str, url: str, resource: Resource) -> dict[str, Any]:
    request, response = {"method": "GET", "url": url}, {"status": "200"}
    return {"fullUrl": full_url, "resource": resource, "request": request, "response": response}


def _part(parameters: list[Any], name: str) -> list[Any]:
    found = next((each.get("part") for each in parameters if each.get("name") == name), None)
    if not isinstance(found, list):
        raise InvalidError(f"Bundle.entry[0].resource: the parameter {name!r} with its parts expected, none found")
    return found


def _value(parts: list[Any], name: str, key: str) -> Any:
    return next((each.get(key) for each in parts if each.get("name") == name), None)
