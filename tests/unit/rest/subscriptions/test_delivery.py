"""$delivery, and $replay by who oversees: who sees which subscription, and how much of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rest.desk import EVERYTHING, GRANT, NOW, registry
from tests.unit.rest.subscriptions.ward import DISCHARGE, Ward

from careloom.governance import Agreement, Client, Grant, Organisation, Registry, parse_scopes
from careloom.notify.console import Detail, Overview, from_parts
from careloom.notify.extensions import FILTER
from careloom.notify.recent import SLOT_SECONDS
from careloom.rest.messages import FhirResponse
from careloom.store import Attempt, Cursor, DeadLetter, Replay

OVERSEER = Grant(
    client="operations",
    organisation="hub",
    scopes=parse_scopes("system/Subscription.ru"),
    purpose="HSYSADMIN",
    expires=NOW + timedelta(minutes=5),
    token_id="t-2",
    issued=NOW,
)
STRANGER = replace(GRANT, client="other")
SECRET = "https://gp.example/hook?token=sesame"
FILTERED = {"extension": [{"url": FILTER, "valueString": "Encounter?patient=Patient/p1"}]}


def rules(*interactions: str) -> Registry:
    own = registry()
    oversight = Agreement(
        id="oversight",
        title="Those who run the hub see that telling works",
        parties=("hub",),
        interactions=frozenset(interactions),
        types=frozenset({"Subscription"}),
        purposes=frozenset({"HSYSADMIN"}),
        start=NOW - timedelta(days=1),
        end=NOW + timedelta(days=1),
    )
    clients = (Client("operations", "hub", scopes=OVERSEER.scopes), Client("other", "acute", scopes=EVERYTHING))
    return Registry(
        organisations=(*own.organisations, Organisation("hub", "Who runs the hub")),
        clients=(*own.clients, *clients),
        agreements=(*own.agreements, oversight),
        purposes=frozenset({"TREAT", "HSYSADMIN"}),
    )


@pytest.fixture
def overseen(ward: Ward) -> Ward:
    ward.desk = ward.desk.with_hub(registry=rules("read", "update"))
    return ward


async def detail_of(ward: Ward, id: str, grant: Grant = GRANT) -> Detail:
    return from_parts(Detail, told(await ward("GET", f"Subscription/{id}/$delivery", grant=grant)))


async def overview_of(ward: Ward, query: str = "", grant: Grant = GRANT) -> Overview:
    return from_parts(Overview, told(await ward("GET", f"Subscription/$delivery{query}", grant=grant)))


def told(answer: FhirResponse) -> Any:
    assert answer.status == 200, answer.resource
    assert answer.resource
    return answer.resource["parameter"]


async def filtered(ward: Ward, endpoint: str = SECRET) -> str:
    id = await ward.subscribe(endpoint=endpoint)
    version = await ward.desk.hub.repository.read("Subscription", id)
    assert version and version.resource
    await ward.record(version.resource | {"_criteria": FILTERED})
    return id


async def test_the_owner_sees_lane_tries_dead_letters_and_replays(overseen: Ward) -> None:
    id = await filtered(overseen)
    await overseen.happen(id, *[await overseen.stay(f"e{n}") for n in range(1, 6)])
    log = overseen.desk.hub.repository.events
    failing = Cursor(id, 2, 3, 3, 2, NOW + timedelta(seconds=4), "active", NOW, NOW, "HTTP 503")
    await log.record_attempts([Attempt(id, 1, 2, 1, NOW, 12, "accepted", 200, "00")])
    await log.record_attempts([Attempt(id, 3, 3, 2, NOW, 7, "retry", 503, "00", "HTTP 503")], failing)
    await log.record_attempts(
        [Attempt(id, 3, 3, 3, NOW, 7, "rejected", 422, "00")], None, [DeadLetter(id, 3, "no", NOW)]
    )
    await log.save_replay(Replay("r", id, 1, 1, SECRET, "acute-epr", NOW, 0))
    seen = await detail_of(overseen, id)
    assert (True, SECRET, ("Encounter?patient=Patient/p1",)) == (
        seen.standing.is_own,
        seen.standing.endpoint,
        seen.standing.filters,
    )
    lane = seen.standing.lane
    assert (5, 2, 3, 3, 2, 1) == (
        lane.last_number,
        lane.delivered_to,
        lane.waiting,
        lane.inflight_from,
        lane.attempt,
        lane.put_aside,
    )
    assert (NOW + timedelta(seconds=4), NOW, "HTTP 503") == (lane.next_at, lane.failing_since, lane.error)
    assert {"rejected", "retry", "accepted"} == {each.outcome for each in seen.tries}
    assert [None, None, 0.012] == sorted((each.since_commit for each in seen.tries), key=lambda each: each or 0)
    assert ([3], ["r"], 1, True) == (
        [each.number for each in seen.dead_letters],
        [each.id for each in seen.replays],
        seen.oldest,
        seen.may_replay,
    )


async def test_who_oversees_sees_all_of_it_but_what_may_name_a_patient_or_let_somebody_in(overseen: Ward) -> None:
    id = await filtered(overseen)
    log = overseen.desk.hub.repository.events
    refused = Attempt(id, 0, 0, 1, NOW, 7, "refused", 0, "00", f"{SECRET}: refused")
    await log.record_attempts([refused], Cursor(id, error=f"{SECRET}: refused"))
    await log.save_replay(Replay("r", id, 1, 1, SECRET, "acute-epr", NOW, 0))
    answer = await overseen("GET", f"Subscription/{id}/$delivery", grant=OVERSEER)
    assert "sesame" not in str(answer.resource)
    assert "Patient/" not in str(answer.resource)
    seen = from_parts(Detail, told(answer))
    assert ("acute-epr", "Acute Trust", False) == (
        seen.standing.owner,
        seen.standing.owner_name,
        seen.standing.is_own,
    )
    assert "https://gp.example/hook?…: refused" == seen.tries[0].detail == seen.standing.lane.error


async def test_to_others_a_subscription_is_as_if_it_had_never_been(overseen: Ward) -> None:
    id = await filtered(overseen)
    assert 404 == (await overseen("GET", f"Subscription/{id}/$delivery", grant=STRANGER)).status
    assert () == (await overview_of(overseen, grant=STRANGER)).standings
    assert 0 == (await overview_of(overseen, grant=STRANGER)).totals.all


@pytest.mark.parametrize("purpose", ["TREAT", "COC"])
async def test_nobody_oversees_for_another_purpose(overseen: Ward, purpose: str) -> None:
    id = await filtered(overseen)
    answer = await overseen("GET", f"Subscription/{id}/$delivery", grant=replace(OVERSEER, purpose=purpose))
    assert 403 == answer.status


async def test_an_agreement_for_the_purpose_is_needed_too(ward: Ward) -> None:
    ward.desk = ward.desk.with_hub(registry=rules("update"))
    id = await filtered(ward)
    assert 403 == (await ward("GET", f"Subscription/{id}/$delivery", grant=OVERSEER)).status


async def test_all_are_counted_by_state_and_told_page_by_page(overseen: Ward) -> None:
    made = [await overseen.subscribe(status) for status in ("active", "active", "error", "off", "active")]
    first = await overview_of(overseen, "?_count=2", grant=OVERSEER)
    assert (3, 0, 1, 1, 5) == (
        first.totals.active,
        first.totals.requested,
        first.totals.error,
        first.totals.off,
        first.totals.all,
    )
    second = await overview_of(overseen, f"?_count=4&page={first.next}", grant=OVERSEER)
    assert set(made) == {each.id for each in (*first.standings, *second.standings)}
    failing = await overview_of(overseen, "?status=error", grant=OVERSEER)
    assert ["error"] == [each.status for each in failing.standings]


async def test_figures_are_for_who_oversees_alone(overseen: Ward) -> None:
    telling = overseen.desk.hub.telling
    assert telling
    telling.metrics.recent.told(NOW.timestamp() - SLOT_SECONDS, [0.02] * 30)
    assert None is (await overview_of(overseen)).last_minute
    seen = await overview_of(overseen, grant=OVERSEER)
    assert seen.last_minute
    assert (30, 0.5) == (seen.last_minute.told, seen.last_minute.rate)


async def test_one_that_cannot_be_served_any_more_is_shown_with_the_reason(overseen: Ward) -> None:
    id = await overseen.subscribe()
    version = await overseen.desk.hub.repository.read("Subscription", id)
    assert version and version.resource
    await overseen.record(version.resource | {"criteria": DISCHARGE + "-of-old"})
    assert "no topic" in (await detail_of(overseen, id)).standing.problem
    assert "it cannot be read" == (await detail_of(overseen, id, OVERSEER)).standing.problem


async def test_a_state_that_there_is_not_is_refused(overseen: Ward) -> None:
    assert 400 == (await overseen("GET", "Subscription/$delivery?status=happy")).status


async def test_who_oversees_has_events_told_again_where_they_go_anyway_and_nowhere_else(overseen: Ward) -> None:
    id = await filtered(overseen)
    await overseen.happen(id, await overseen.stay("e1"))
    elsewhere = [{"name": "endpoint", "valueUrl": "https://evil.example/hook"}]
    order = {"resourceType": "Parameters", "parameter": elsewhere}
    assert 403 == (await overseen("POST", f"Subscription/{id}/$replay", order, grant=OVERSEER)).status
    assert 200 == (await overseen("POST", f"Subscription/{id}/$replay", grant=OVERSEER)).status
    [made] = await overseen.desk.hub.repository.events.open_replays()
    assert ("operations", "") == (made.requested_by, made.endpoint)


async def test_who_may_only_look_has_nothing_told_again(ward: Ward) -> None:
    ward.desk = ward.desk.with_hub(registry=rules("read"))
    id = await filtered(ward)
    await ward.happen(id, await ward.stay("e1"))
    assert (await detail_of(ward, id, OVERSEER)).may_replay is False
    assert 404 == (await ward("POST", f"Subscription/{id}/$replay", grant=OVERSEER)).status
    assert [] == await ward.desk.hub.repository.events.open_replays()


async def test_one_that_was_deleted_is_gone(overseen: Ward) -> None:
    id = await overseen.subscribe()
    await overseen.desk.hub.repository.commit(lambda turn: turn.delete("Subscription", id))
    assert 410 == (await overseen("GET", f"Subscription/{id}/$delivery", grant=OVERSEER)).status
