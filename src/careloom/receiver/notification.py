"""A notification as a receiver reads it: which subscription, what kind, which events.

Source: Subscriptions R5 Backport 1.1, R4 notifications. Numbers are text in R4, and may pass 2^31.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from careloom.model import Resource, parse_resource
from careloom.model.errors import InvalidError

_LONGEST: Final = 18
"""Digits of a number."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        subscription: Address of the subscription, as the hub writes it.
        topic: Canonical URL of the topic; empty where it is not told.
        number: Counts the events of the subscription from 1 on, without holes.
        timestamp: FHIR instant; empty where it is not told.
        focus: Address of the resource it is about; empty where content is withheld or not asked for.
        resource: The focus itself, where it is sent along.
        context: Further resources of the event, sent along, by their address.
    """

    subscription: str
    topic: str
    number: int
    timestamp: str = ""
    focus: str = ""
    resource: Resource | None = None
    context: Mapping[str, Resource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of a hub.

    Attributes:
        subscription: Address of the subscription.
        topic: Canonical URL of the topic.
        kind: ``handshake``, ``heartbeat``, ``event-notification``, ``query-status`` or ``query-event``.
        status: Of the subscription, as the hub sees it.
        count: Events since the subscription began; None where it is not told.
        events: In the order of their numbers.
    """

    subscription: str
    topic: str
    kind: str
    status: str
    count: int | None
    events: tuple[Event, ...]


def read_notification(body: bytes) -> Notification:
    """Read a notification, or the answer to ``$events`` or ``$status``.

    Raises:
        MalformedError: No JSON.
        InvalidError: No notification: no Bundle of type history, or without the subscription's status at its head.
    """
    bundle = parse_resource(body)
    try:
        return _read(bundle)
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidError("a Bundle in the shape of a notification expected") from error


def _read(bundle: Resource) -> Notification:
    if bundle.get("resourceType") != "Bundle" or not bundle.get("entry"):
        raise InvalidError(f"a Bundle with entries expected, {bundle.get('resourceType')!r} found")
    status = bundle["entry"][0].get("resource") or {}
    if status.get("resourceType") != "Parameters":
        raise InvalidError("Bundle.entry[0].resource: the status of a subscription, as Parameters, expected")
    parameters = status.get("parameter", [])
    subscription = str(_value(parameters, "subscription", "valueReference", required=True).get("reference", ""))
    topic = str(_value(parameters, "topic", "valueCanonical") or "")
    count = _value(parameters, "events-since-subscription-start", "valueString")
    resources = {entry.get("fullUrl", ""): entry["resource"] for entry in bundle["entry"][1:] if "resource" in entry}
    events = [
        _event(subscription, topic, part.get("part", []), resources)
        for part in parameters
        if part.get("name") == "notification-event"
    ]
    return Notification(
        subscription=subscription,
        topic=topic,
        kind=str(_value(parameters, "type", "valueCode", required=True)),
        status=str(_value(parameters, "status", "valueCode") or ""),
        count=None if count is None else _number(count, "events-since-subscription-start"),
        events=tuple(sorted(events, key=lambda event: event.number)),
    )


def _event(subscription: str, topic: str, part: list[Any], resources: Mapping[str, Resource]) -> Event:
    number = _number(_value(part, "event-number", "valueString", required=True), "event-number")
    focus = str((_value(part, "focus", "valueReference") or {}).get("reference", ""))
    others = [
        str(reference.get("reference", "")) for reference in _values(part, "additional-context", "valueReference")
    ]
    return Event(
        subscription=subscription,
        topic=topic,
        number=number,
        timestamp=str(_value(part, "timestamp", "valueInstant") or ""),
        focus=focus,
        resource=resources.get(focus),
        context={address: resources[address] for address in others if address in resources},
    )


def _values(parameters: list[Any], name: str, key: str) -> Iterator[Any]:
    return (each[key] for each in parameters if each.get("name") == name and key in each)


def _value(parameters: list[Any], name: str, key: str, *, required: bool = False) -> Any:
    found = next(_values(parameters, name, key), None)
    if found is None and required:
        raise InvalidError(f"Parameters.parameter: {name!r} with {key} expected, none found")
    return found


def _number(text: Any, name: str) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _LONGEST):
        raise InvalidError(f"{name}: a number as text expected, {str(text)[:40]!r} found")
    return int(text)
