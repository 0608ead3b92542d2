"""Every kind of notification, held to the base definition of a Bundle and to the guide's words about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.notify.extensions import Delivering
from careloom.notify.notification import STATUS_PROFILE, Told, event_notification, handshake, heartbeat
from careloom.notify.subscriptions import Subscription
from careloom.store import SubscriptionEvent, Version
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BASE = "https://hub.example/fhir"


def a_subscription(content: Any = "id-only") -> Subscription:
    delivering = Delivering(content, max_count=9)
    return Subscription(
        "gp", "https://t.example/x", (), "https://gp.example/", (), "active", None, "gp", "TREAT", delivering=delivering
    )


def told(number: int, **more: Any) -> Told:
    focus = f"Encounter/{number}"
    resource: Resource = {
        "resourceType": "Encounter",
        "id": str(number),
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    version = Version("Encounter", str(number), "1", NOW, "create", resource, number)
    event = SubscriptionEvent("gp", number, number, "https://t.example/x", focus, "1", NOW, "Patient/1", "create")
    return Told(event, focus=version, **more)


def notifications() -> list[tuple[str, str, Resource]]:
    events = [told(1), told(2, silence="denied"), told(3, silence="dead-letter"), told(4)]
    made = [
        (f"event-notification-{level}", "4", event_notification(BASE, a_subscription(level), events))
        for level in ("empty", "id-only", "full-resource")
    ]
    return [
        ("handshake", "7", handshake(BASE, a_subscription(), "1", NOW, 7)),
        ("heartbeat", "7", heartbeat(BASE, a_subscription(), NOW, 7)),
        *made,
    ]


@pytest.mark.parametrize(("kind", "count", "bundle"), [pytest.param(*each, id=each[0]) for each in notifications()])
def test_every_kind_of_notification_is_a_valid_bundle_of_the_guide(
    definitions: Definitions, kind: str, count: str, bundle: Resource
) -> None:
    issues = Validator(definitions).validate(bundle)
    assert [] == [issue for issue in issues if issue.is_error]
    first, *others = bundle["entry"]
    assert ("history", "Parameters", [STATUS_PROFILE]) == (
        bundle["type"],
        first["resource"]["resourceType"],
        first["resource"]["meta"]["profile"],
    )
    assert {"method": "GET", "url": f"{BASE}/Subscription/gp/$status"} == first["request"]
    values = {one["name"]: one for one in first["resource"]["parameter"]}
    assert kind.startswith(values["type"]["valueCode"])
    assert count == values["events-since-subscription-start"]["valueString"]
    foci = [
        part["valueReference"]["reference"]
        for one in first["resource"]["parameter"]
        for part in one.get("part", ())
        if part["name"] == "focus"
    ]
    named = [f"{BASE}/Encounter/1", f"{BASE}/Encounter/4"]
    assert (
        (named if kind.endswith(("id-only", "full-resource")) else []) == foci == [each["fullUrl"] for each in others]
    )
    assert all("request" in each for each in others)
    assert kind.endswith("full-resource") == any("resource" in each for each in others)
