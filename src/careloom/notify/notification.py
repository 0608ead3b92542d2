"""The notification: a Bundle of type history whose first entry is the state of the subscription.

It is a function of the subscription, its numbered events and what may be said of them, so that a retry after a crash
has the same bytes and the same id. What it holds of the record are the versions that matched, never later ones.

Source: Subscriptions R5 Backport 1.1, R4 notifications.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha1
from typing import Any, Final, Literal

from careloom.model import Resource
from careloom.model.instants import instant
from careloom.model.records import dataclass
from careloom.notify.extensions import GUIDE
from careloom.notify.subscriptions import Status, Subscription
from careloom.notify.topics import Content
from careloom.store import SubscriptionEvent, Version

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
Silence = Literal["", "denied", "dead-letter", "coalesced"]

STATUS_PROFILE: Final = f"{GUIDE}/backport-subscription-status-r4"
ERRORS: Final = "https://careloom.example/fhir/CodeSystem/subscription-error"

_NAMESPACE: Final = uuid.UUID("5c6f6d2c-6c9b-5c0a-9a52-3d2c6f0f7a11")
_REQUESTS: Final = {"create": ("POST", "201"), "update": ("PUT", "200"), "delete": ("DELETE", "204")}


@dataclass(frozen=True, slots=True)
class Told:
    """One event, and what may be said of it.

    Attributes:
        event: The event.
        silence: Why its focus is not named: the subscriber may not know it any more, its receiver refused it, or a
            later event of the same notification says it again; empty where it is.
        focus: The version that matched, for content full-resource; None where it is not held any more.
        context: Versions of what the focus refers to, as they were then, for content full-resource.
        is_too_large: Whether the resources are left out because they are more than a notification may hold.
    """

    event: SubscriptionEvent
    silence: Silence = ""
    focus: Version | None = None
    context: tuple[Version, ...] = ()
    is_too_large: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What a notification says beside its events.

    Attributes:
        base_url: Of the hub, without a slash at the end.
        subscription: Whose notification it is.
        kind: As the guide calls it.
        status: Of the subscription.
        identity: Bundle.id and ``webhook-id``.
        timestamp: When it was made, in UTC; None where it is part of another Bundle.
        count: Number of the newest event that it tells of, or that there is.
        content: How much is said of each focus.
        errors: Codes and texts of what is wrong.
    """

    base_url: str
    subscription: Subscription
    kind: Kind
    status: Status
    identity: str
    timestamp: datetime | None
    count: int
    content: Content = "empty"
    errors: tuple[tuple[str, str], ...] = ()


def notification_id(subscription: str, kind: str, first: int | str, last: int | str) -> str:
    """Id of a notification: the same at every try. Bundle.id and ``webhook-id``."""
    name = f"{subscription}|{kind}|{first}|{last}".encode()
    found = sha1(_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(found[16], 16) & 3]
    return f"{found[:8]}-{found[8:12]}-5{found[13:16]}-{variant}{found[17:20]}-{found[20:32]}"  # as uuid5 gives it


def event_identity(subscription: Subscription, told: Sequence[Told], purpose: str = "") -> str:
    """Id of the notification of consecutive events.

    Args:
        subscription: Whose events these are.
        told: At least one, in order.
        purpose: What else there is to tell the same events, such as a replay; the id differs with it.
    """
    is_noted = any(each.silence == "dead-letter" for each in told)
    kind = _event_kind(subscription.delivering.content, purpose, is_noted)
    return notification_id(subscription.id, kind, told[0].event.number, told[-1].event.number)


@lru_cache(maxsize=64)
def _event_kind(content: Content, purpose: str, is_noted: bool) -> str:
    parts = ("event-notification", "" if content == "id-only" else content, purpose, "note" if is_noted else "")
    return "|".join(filter(None, parts))


def handshake(base_url: str, subscription: Subscription, version_id: str, now: datetime, count: int) -> Resource:
    """The first notification, by which an endpoint shows that it wants to be told; one made later has another id."""
    identity = notification_id(subscription.id, f"handshake {version_id}", instant(now), count)
    return notification(Head(base_url, subscription, "handshake", "requested", identity, now, count))


def heartbeat(base_url: str, subscription: Subscription, now: datetime, count: int) -> Resource:
    """What is sent when there was nothing to tell for a while, so that silence means trouble."""
    identity = notification_id(subscription.id, "heartbeat", instant(now), count)
    return notification(Head(base_url, subscription, "heartbeat", "active", identity, now, count))


def event_notification(base_url: str, subscription: Subscription, told: Sequence[Told], purpose: str = "") -> Resource:
    """The notification of consecutive events.

    Args:
        base_url: Of the hub, without a slash at the end.
        subscription: Whose events these are.
        told: At least one, in order.
        purpose: What else there is to tell the same events, such as a replay; the id differs with it.
    """
    last = told[-1].event
    dead = [each for each in told if each.silence == "dead-letter"]
    head = Head(
        base_url,
        subscription,
        "event-notification",
        "active",
        event_identity(subscription, told, purpose),
        last.recorded,
        last.number,
        subscription.delivering.content,
        tuple(("dead-letter", f"event {each.event.number} was refused and is put aside") for each in dead),
    )
    return notification(head, told)


def notification(head: Head, told: Sequence[Told] = ()) -> Resource:
    """A notification of any kind."""
    address = f"{head.base_url}/Subscription/{head.subscription.id}"
    first = {
        "fullUrl": f"urn:uuid:{head.identity}",
        "resource": status_parameters(head, told),
        "request": {"method": "GET", "url": f"{address}/$status"},
        "response": {"status": "200"},
    }
    bundle: Resource = {"resourceType": "Bundle", "id": head.identity, "type": "history"}
    if head.timestamp is not None:
        bundle["timestamp"] = instant(head.timestamp)
    bundle["entry"] = [first, *_entries(head, told)]
    return bundle


def status_parameters(head: Head, told: Sequence[Told] = ()) -> Resource:
    """The state of a subscription, as every notification begins with it and ``$status`` tells it."""
    parameters: list[dict[str, Any]] = [
        {
            "name": "subscription",
            "valueReference": {"reference": f"{head.base_url}/Subscription/{head.subscription.id}"},
        }
    ]
    topics = {each.event.topic for each in told} or {head.subscription.topic}
    if len(topics) == 1 and (head.content != "empty" or not told):
        parameters.append({"name": "topic", "valueCanonical": topics.pop()})
    parameters += [
        {"name": "status", "valueCode": head.status},
        {"name": "type", "valueCode": head.kind},
        {"name": "events-since-subscription-start", "valueString": str(head.count)},
        *(_event(head, each) for each in told),
        *(_error(code, text) for code, text in head.errors),
    ]
    profile = {"profile": [STATUS_PROFILE]}
    return {"resourceType": "Parameters", "id": head.identity, "meta": profile, "parameter": parameters}


def _event(head: Head, told: Told) -> dict[str, Any]:
    event = told.event
    part: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.recorded)},
    ]
    if _is_named(head, told):
        part.append({"name": "focus", "valueReference": {"reference": f"{head.base_url}/{event.focus}"}})
        part += [
            {"name": "additional-context", "valueReference": {"reference": f"{head.base_url}/{each.reference}"}}
            for each in told.context
        ]
    return {"name": "notification-event", "part": part}


def _error(code: str, text: str) -> dict[str, Any]:
    return {"name": "error", "valueCodeableConcept": {"coding": [{"system": ERRORS, "code": code}], "text": text}}


def _is_named(head: Head, told: Told) -> bool:
    return head.content != "empty" and not told.silence


def _entries(head: Head, told: Sequence[Told]) -> Iterator[dict[str, Any]]:
    """One entry for each focus, and for each resource of its context; the same version stands there once."""
    seen = set()
    for each in told:
        if not _is_named(head, each):
            continue
        yield _focus_entry(head, each)
        for version in each.context:
            if (version.reference, version.version_id) not in seen:
                seen.add((version.reference, version.version_id))
                yield _context_entry(head, version, each)


def _focus_entry(head: Head, told: Told) -> dict[str, Any]:
    event = told.event
    state = {"etag": f'W/"{event.version_id}"', "lastModified": instant(event.recorded)}
    if head.content == "id-only":
        return _entry(head, event.focus, None, ("GET", event.focus), {"status": "200", **state})
    method, status = _REQUESTS[event.interaction]
    type = event.focus.partition("/")[0]
    resource = told.focus.resource if told.focus and not told.is_too_large else None
    if resource is None and method != "DELETE":  # the guide: say by the response that there is no content
        status = "413" if told.is_too_large else "410"
    return _entry(
        head, event.focus, resource, (method, type if method == "POST" else event.focus), {"status": status, **state}
    )


def _context_entry(head: Head, version: Version, told: Told) -> dict[str, Any]:
    state = {"etag": f'W/"{version.version_id}"', "lastModified": instant(version.last_updated)}
    resource = None if told.is_too_large else version.resource
    status = "413" if told.is_too_large else "200"
    return _entry(head, version.reference, resource, ("GET", version.reference), {"status": status, **state})


def _entry(
    head: Head, reference: str, resource: Resource | None, request: tuple[str, str], response: dict[str, str]
) -> dict[str, Any]:
    method, url = request
    entry: dict[str, Any] = {"fullUrl": f"{head.base_url}/{reference}"}
    if resource is not None:
        entry["resource"] = resource
    return entry | {"request": {"method": method, "url": f"{head.base_url}/{url}"}, "response": response}
