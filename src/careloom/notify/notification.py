"""The notification: a Bundle of type history whose first entry is the state of the subscription.

It is a function of the subscription and its numbered events alone, so that a retry after a crash has the same bytes and
the same id. It tells what happened, never what is in the record: a receiver fetches that with its own token.

Source: Subscriptions R5 Backport 1.1, R4 notifications.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from careloom.model import Resource
from careloom.model.instants import instant
from careloom.notify.subscriptions import GUIDE, Subscription
from careloom.store import SubscriptionEvent

Kind = Literal["handshake", "event-notification"]
_NAMESPACE = uuid.UUID("5c6f6d2c-6c9b-5c0a-9a52-3d2c6f0f7a11")


def notification_id(subscription: str, kind: Kind, first: int, last: int) -> str:
    """Id of the notification of a range of events: the same at every try. Bundle.id and ``webhook-id``."""
    return str(uuid.uuid5(_NAMESPACE, f"{subscription}|{kind}|{first}|{last}"))


def event_notification(
    base_url: str,
    subscription: Subscription,
    events: Sequence[SubscriptionEvent],
    withheld: frozenset[int] = frozenset(),
) -> Resource:
    """The notification of consecutive events.

    Args:
        base_url: Of the hub, without a slash at the end.
        subscription: Whose events these are.
        events: At least one, in order.
        withheld: Numbers of events whose focus the subscriber may not know any more.
    """
    first, last = events[0].number, events[-1].number
    shown = [] if subscription.content == "empty" else [event for event in events if event.number not in withheld]
    focuses = {event.number: f"{base_url}/{event.focus}" for event in shown}
    return _bundle(
        base_url,
        subscription,
        "event-notification",
        identity=notification_id(subscription.id, "event-notification", first, last),
        timestamp=events[-1].recorded,
        count=last,
        told=[_event(event, focuses.get(event.number)) for event in events],
        entries=[_focus_entry(base_url, event) for event in shown],
    )


def handshake(base_url: str, subscription: Subscription, version_id: str, recorded: datetime, count: int) -> Resource:
    """The first notification, by which an endpoint shows that it wants to be told."""
    return _bundle(
        base_url,
        subscription,
        "handshake",
        identity=notification_id(subscription.id, "handshake", int(version_id), 0),
        timestamp=recorded,
        count=count,
        told=[],
        entries=[],
    )


def _bundle(
    base_url: str,
    subscription: Subscription,
    kind: Kind,
    *,
    identity: str,
    timestamp: datetime,
    count: int,
    told: list[dict[str, Any]],
    entries: list[dict[str, Any]],
) -> Resource:
    address = f"{base_url}/Subscription/{subscription.id}"
    status = {
        "resourceType": "Parameters",
        "id": identity,
        "meta": {"profile": [f"{GUIDE}/backport-subscription-status-r4"]},
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": address}},
            {"name": "topic", "valueCanonical": subscription.topic},
            {"name": "status", "valueCode": "requested" if kind == "handshake" else "active"},
            {"name": "type", "valueCode": kind},
            {"name": "events-since-subscription-start", "valueString": str(count)},
            *told,
        ],
    }
    first = {
        "fullUrl": f"urn:uuid:{identity}",
        "resource": status,
        "request": {"method": "GET", "url": f"{address}/$status"},
        "response": {"status": "200"},
    }
    return {
        "resourceType": "Bundle",
        "id": identity,
        "type": "history",
        "timestamp": instant(timestamp),
        "entry": [first, *entries],
    }


def _event(event: SubscriptionEvent, focus: str | None) -> dict[str, Any]:
    part: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.recorded)},
    ]
    if focus:
        part.append({"name": "focus", "valueReference": {"reference": focus}})
    return {"name": "notification-event", "part": part}


def _focus_entry(base_url: str, event: SubscriptionEvent) -> dict[str, Any]:
    return {
        "fullUrl": f"{base_url}/{event.focus}",
        "request": {"method": "GET", "url": f"{base_url}/{event.focus}"},
        "response": {"status": "200", "etag": f'W/"{event.version_id}"', "lastModified": instant(event.recorded)},
    }
