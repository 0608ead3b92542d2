"""$events: what was to be told, asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.rest.desk import BASE, GRANT, NOW
from tests.unit.rest.subscriptions.ward import Ward, status_of

from careloom.governance import parse_scopes
from careloom.model import serialize_json
from careloom.notify.notification import STATUS_PROFILE
from careloom.receiver.notification import read_notification


async def numbers(ward: Ward, url: str) -> list[str]:
    answer = await ward("GET", url)
    assert 200 == answer.status, answer.resource
    return [event["event-number"] for event in status_of(answer.resource)["events"]]


async def test_a_range_is_told_with_both_its_ends(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, *[await ward.stay(f"e{n}") for n in range(1, 6)])
    url = f"Subscription/{id}/$events"
    assert ["1", "2", "3", "4", "5"] == await numbers(ward, url)
    assert ["2", "3"] == await numbers(ward, f"{url}?eventsSinceNumber=2&eventsUntilNumber=3")
    assert ["4", "5"] == await numbers(ward, f"{url}?eventsSinceNumber=4")
    assert ["1", "2"] == await numbers(ward, f"{url}?eventsUntilNumber=2")
    assert [] == await numbers(ward, f"{url}?eventsSinceNumber=6")
    assert ["5"] == await numbers(ward, f"{url}?eventsSinceNumber=5&eventsUntilNumber=4294967296000")


async def test_the_answer_is_a_notification_of_its_own_kind(ward: Ward) -> None:
    id = await ward.subscribe()
    stay = await ward.stay("e1")
    await ward.happen(id, stay)
    answer = await ward("GET", f"Subscription/{id}/$events")
    assert answer.resource is not None
    first, focus = answer.resource["entry"]
    assert ("history", [STATUS_PROFILE]) == (answer.resource["type"], first["resource"]["meta"]["profile"])
    assert f"{BASE}/Subscription/{id}/$status" == first["request"]["url"]
    told = status_of(answer.resource)
    assert ("query-event", "active", "1") == (told["type"], told["status"], told["events-since-subscription-start"])
    assert f"{BASE}/Encounter/e1" == told["events"][0]["focus"] == focus["fullUrl"]
    assert "resource" not in focus
    read = read_notification(serialize_json(answer.resource))
    assert ("query-event", 1) == (read.kind, read.events[0].number)


async def test_full_content_is_the_version_that_matched_and_its_context_of_then(ward: Ward) -> None:
    await ward.record({"resourceType": "Patient", "id": "p1", "name": [{"family": "Then"}]})
    id = await ward.subscribe(content="full-resource")
    stay = await ward.stay("e1")
    await ward.happen(id, stay)
    await ward.stay("e1", priority={"text": "later"})
    await ward.record({"resourceType": "Patient", "id": "p1", "name": [{"family": "Now"}]})
    answer = await ward("GET", f"Subscription/{id}/$events")
    assert answer.resource is not None
    _, focus, patient = answer.resource["entry"]
    assert stay.resource == focus["resource"]
    assert ("POST", "201") == (focus["request"]["method"], focus["response"]["status"])
    assert "Then" == patient["resource"]["name"][0]["family"]
    assert f"{BASE}/Patient/p1" == status_of(answer.resource)["events"][0]["additional-context"]
    assert {"Encounter/e1/_history/1", "Patient/p1/_history/1"} <= {
        entity["what"]["reference"]
        for event in await ward.desk.audits()
        for entity in event["entity"]
        if "reference" in entity.get("what", {})
    }


async def test_content_is_what_is_asked_for_as_far_as_the_subscriber_may_know(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"), await ward.stay("e2"))
    ward.hidden.add("Encounter/e2")
    empty = (await ward("GET", f"Subscription/{id}/$events?content=empty")).resource
    assert empty is not None and 1 == len(empty["entry"])
    assert [{"event-number", "timestamp"}] * 2 == [set(event) for event in status_of(empty)["events"]]
    full = (await ward("GET", f"Subscription/{id}/$events?content=full-resource")).resource
    assert full is not None
    assert ["e1"] == [entry["resource"]["id"] for entry in full["entry"][1:]]
    assert ["focus" in event for event in status_of(full)["events"]] == [True, False]
    assert ["", "denied"] == [told.silence for told in ward.told[-2:]]


async def test_a_token_that_may_not_read_the_focus_is_not_told_of_it(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"))
    narrow = replace(GRANT, scopes=parse_scopes("system/Subscription.cruds"))
    answer = await ward("GET", f"Subscription/{id}/$events", grant=narrow)
    assert "focus" not in status_of(answer.resource)["events"][0]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("eventsSinceNumber=x", 400),
        ("eventsSinceNumber=-1", 400),
        (f"eventsSinceNumber={'9' * 40}", 400),
        ("eventsSinceNumber=3&eventsUntilNumber=2", 400),
        ("content=everything", 422),
        ("eventSinceNumber=1", 400),
    ],
)
async def test_what_is_no_range_is_refused(ward: Ward, query: str, status: int) -> None:
    id = await ward.subscribe()
    await ward.happen(id, *[await ward.stay(f"e{n}") for n in range(1, 4)])
    assert status == (await ward("GET", f"Subscription/{id}/$events?{query}")).status


async def test_a_range_that_is_not_held_any_more_is_said_to_be_so(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, *[await ward.stay(f"e{n}") for n in range(1, 6)])
    await ward.desk.hub.repository.events.prune(id, NOW - timedelta(days=30), 2)
    answer = await ward("GET", f"Subscription/{id}/$events?eventsSinceNumber=1")
    assert 410 == answer.status and answer.resource is not None
    assert "range no longer held; the oldest event that is held is 4" in answer.resource["issue"][0]["diagnostics"]
    assert ["4", "5"] == await numbers(ward, f"Subscription/{id}/$events")


async def test_an_answer_has_no_more_than_a_thousand_events(ward: Ward) -> None:
    id = await ward.subscribe()
    stay = await ward.stay("e1")
    await ward.happen(id, *[replace(stay, sequence=stay.sequence + n) for n in range(1200)])
    assert 1000 == len(await numbers(ward, f"Subscription/{id}/$events"))
    assert 200 == len(await numbers(ward, f"Subscription/{id}/$events?eventsSinceNumber=1001"))
