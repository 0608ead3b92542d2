"""$replay, $dead-letters and $disclosures."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, NOW
from tests.unit.rest.subscriptions.ward import Ward

from careloom.governance import parse_scopes
from careloom.model.instants import instant
from careloom.notify.notification import Told
from careloom.notify.subscriptions import read_subscription
from careloom.rest.errors import MethodNotAllowedError
from careloom.rest.subscriptions import disclosures
from careloom.store import Attempt, DeadLetter, Replay


def asked(**values: str) -> dict[str, Any]:
    kinds = {"endpoint": "valueUrl"}
    named = [{"name": name, kinds.get(name, "valueString"): value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": named}


async def test_an_order_to_replay_is_recorded_with_who_gave_it(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, *[await ward.stay(f"e{n}") for n in range(1, 6)])
    body = asked(eventsSinceNumber="2", eventsUntilNumber="4", endpoint="https://gp.example/other")
    answer = await ward("POST", f"Subscription/{id}/$replay", body)
    assert 200 == answer.status, answer.resource
    [order] = await ward.desk.hub.repository.events.open_replays()
    assert (2, 4, 1, "https://gp.example/other", "acute-epr") == (
        order.first,
        order.last,
        order.delivered_to,
        order.endpoint,
        order.requested_by,
    )
    [audit] = [event for event in await ward.desk.audits() if event["subtype"][1:] == [{"display": "$replay"}]]
    assert "0" == audit["outcome"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (asked(eventsSinceNumber="9"), 422),
        (asked(eventsSinceNumber="x"), 400),
        (asked(endpoint="http://gp.example/hook"), 422),
        (asked(endpoint="https://10.0.0.1/hook"), 403),
        (asked(endpoint="https://169.254.169.254/latest"), 403),
    ],
)
async def test_what_cannot_be_replayed_is_refused(ward: Ward, body: dict[str, Any], status: int) -> None:
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"))
    assert status == (await ward("POST", f"Subscription/{id}/$replay", body)).status
    assert [] == await ward.desk.hub.repository.events.open_replays()


async def test_more_replays_than_a_client_may_have_in_progress_are_refused(ward: Ward) -> None:
    telling = ward.desk.hub.telling
    assert telling
    ward.desk = ward.desk.with_hub(telling=replace(telling, most_replays=2))
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"))
    log = ward.desk.hub.repository.events
    await log.save_replay(Replay("another's", id, 1, 1, "", "someone-else", NOW, 0))
    assert [200, 200] == [(await ward("POST", f"Subscription/{id}/$replay")).status for _ in range(2)]
    refused = await ward("POST", f"Subscription/{id}/$replay")
    assert (429, "throttled") == (refused.status, refused.resource and refused.resource["issue"][0]["code"])
    assert "at most 2 in progress expected of one client, found 2" in str(refused.resource)
    for order in await log.open_replays():
        await log.save_replay(replace(order, status="done"))
    assert 200 == (await ward("POST", f"Subscription/{id}/$replay")).status


async def test_a_subscription_that_is_not_active_replays_nothing(ward: Ward) -> None:
    id = await ward.subscribe("error")
    await ward.happen(id, await ward.stay("e1"))
    assert 422 == (await ward("POST", f"Subscription/{id}/$replay", asked())).status


async def test_a_replay_is_not_asked_for_by_get(ward: Ward) -> None:
    id = await ward.subscribe()
    with pytest.raises(MethodNotAllowedError, match="GET is not offered"):
        await ward("GET", f"Subscription/{id}/$replay")


async def test_dead_letters_are_listed_with_their_reason(ward: Ward) -> None:
    id = await ward.subscribe()
    assert {"resourceType": "Parameters"} == (await ward("GET", f"Subscription/{id}/$dead-letters")).resource
    attempt = Attempt(id, 3, 3, 1, NOW, 5, "rejected", 413, "00", "HTTP 413")
    await ward.desk.hub.repository.events.record_attempts([attempt], None, [DeadLetter(id, 3, "HTTP 413", NOW)])
    told = (await ward("GET", f"Subscription/{id}/$dead-letters")).resource
    assert told is not None
    [letter] = told["parameter"]
    assert ["3", "HTTP 413"] == [part["valueString"] for part in letter["part"][:2]]


async def test_a_dead_letter_that_was_told_since_says_by_which_replay_and_where(ward: Ward) -> None:
    id = await ward.subscribe()
    log = ward.desk.hub.repository.events
    attempt = Attempt(id, 3, 3, 1, NOW, 5, "rejected", 413, "00", "HTTP 413")
    await log.record_attempts([attempt], None, [DeadLetter(id, 3, "HTTP 413", NOW)])
    await log.save_replay(Replay("r7", id, 2, 5, "https://gp.example/other", "acute-epr", NOW, 3))
    told = (await ward("GET", f"Subscription/{id}/$dead-letters")).resource
    assert told is not None
    [letter] = told["parameter"]
    parts = {part["name"]: value for part in letter["part"] for key, value in part.items() if key != "name"}
    assert ("r7", instant(NOW), "https://gp.example/other") == (parts["replay"], parts["replayed"], parts["endpoint"])


async def test_a_patient_reads_nothing_of_others_who_were_told_of_together_with_it(ward: Ward) -> None:
    id = await ward.subscribe(content="full-resource")
    versions = [await ward.stay("e0", subject=None), await ward.stay("e1", "p1"), await ward.stay("e2", "p2")]
    versions.append(await ward.stay("e3", "p1"))
    await ward.happen(id, *versions)
    patients = [await ward.record({"resourceType": "Patient", "id": each}) for each in ("p1", "p2")]
    version = await ward.desk.hub.repository.read("Subscription", id)
    assert version is not None and version.resource is not None
    subscription = read_subscription(version.resource, ward.topics)
    none, one, two, three = await ward.desk.hub.repository.events.events(id, 1, 4)
    telling = ward.desk.hub.telling
    assert telling is not None
    first, second = patients
    told = [Told(none), Told(one, context=(first,)), Told(two, context=(second,)), Told(three, context=(first,))]
    await telling.disclosed(subscription, told)

    async def read_by(patient: str) -> list[str]:
        answer = await ward("GET", f"Patient/{patient}/$disclosures")
        assert answer.resource is not None
        [record] = answer.resource["parameter"]
        found = [part["valueReference"]["reference"] for part in record["part"] if part["name"] == "what"]
        return [each.partition("/_history")[0] for each in found]

    assert ["Encounter/e1", "Patient/p1", "Encounter/e3"] == await read_by("p1")
    assert ["Encounter/e2", "Patient/p2"] == await read_by("p2")


async def test_who_was_told_what_is_told_page_by_page_to_the_end(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosures, "MOST", 2)
    await ward.record({"resourceType": "Patient", "id": "p1"})
    id = await ward.subscribe()
    await ward.happen(id, *[await ward.stay(f"e{number}") for number in range(5)])
    version = await ward.desk.hub.repository.read("Subscription", id)
    assert version is not None and version.resource is not None
    subscription = read_subscription(version.resource, ward.topics)
    telling = ward.desk.hub.telling
    assert telling is not None
    for event in await ward.desk.hub.repository.events.events(id, 1, 5):
        await telling.disclosed(subscription, [Told(event)])
    found: list[str] = []
    pages, query = 0, ""
    while pages < 5:
        answer = await ward("GET", f"Patient/p1/$disclosures{query}")
        assert answer.resource is not None
        pages += 1
        told = [each["part"] for each in answer.resource["parameter"] if each["name"] == "disclosure"]
        found += [part["valueReference"]["reference"] for each in told for part in each if part["name"] == "what"]
        following = [each["valueString"] for each in answer.resource["parameter"] if each["name"] == "next"]
        if not following:
            break
        query = f"?page={following[0]}"
    assert 3 == pages
    assert [f"Encounter/e{number}/_history/1" for number in (4, 3, 2, 1, 0)] == found


async def test_what_was_put_aside_can_be_asked_for(ward: Ward) -> None:
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1"))
    attempt = Attempt(id, 1, 1, 1, NOW, 5, "rejected", 413, "00", "HTTP 413")
    await ward.desk.hub.repository.events.record_attempts([attempt], None, [DeadLetter(id, 1, "HTTP 413", NOW)])
    answer = (await ward("GET", f"Subscription/{id}/$events")).resource
    assert "Encounter/e1" in str(answer)


async def test_who_may_search_the_audit_can_read_who_was_told_what(ward: Ward) -> None:
    await ward.record({"resourceType": "Patient", "id": "p1"})
    await ward.record({"resourceType": "Patient", "id": "p2"})
    id = await ward.subscribe()
    await ward.happen(id, await ward.stay("e1", "p1"), await ward.stay("e2", "p2"), await ward.stay("e3", "p1"))
    version = await ward.desk.hub.repository.read("Subscription", id)
    assert version is not None and version.resource is not None
    subscription = read_subscription(version.resource, ward.topics)
    events = await ward.desk.hub.repository.events.events(id, 1, 3)
    telling = ward.desk.hub.telling
    assert telling is not None
    for told in (Told(events[0]), Told(events[1]), Told(events[2], "denied")):
        await telling.disclosed(subscription, [told])
    narrow = replace(GRANT, scopes=parse_scopes("system/Patient.rs system/Subscription.rs"))
    assert 403 == (await ward("GET", "Patient/p1/$disclosures", grant=narrow)).status
    answer = await ward("GET", "Patient/p1/$disclosures")
    assert answer.resource is not None
    held_back, shown = [list(each["part"]) for each in answer.resource["parameter"]]
    assert ["Encounter/e1/_history/1"] == [
        part["valueReference"]["reference"] for part in shown if part["name"] == "what"
    ]
    assert "Acute Trust" in [part["valueString"] for part in shown if part["name"] == "recipient"]
    assert ["TREAT"] == [part["valueCoding"]["code"] for part in shown if part["name"] == "purpose"]
    outcomes = [part["valueString"] for each in (held_back, shown) for part in each if part["name"] == "outcome"]
    assert ["held back", "told"] == outcomes
