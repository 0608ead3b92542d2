"""What happens to the record between a change and its telling: each record there is tells what it told then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.stores import SteppingClock
from tests.contract.telling import Gate, channel, delivered, telling
from tests.integration.hl7v2.conftest import adt, agreement, stay
from tests.patience import becomes
from tests.unit.notify.test_access import REGISTRY
from tests.unit.notify.test_notifier import Rules, discharge, numbers, subscribe

from careloom.connectors.hl7v2 import Hl7v2Source, load_tables, parse
from careloom.connectors.intake import Intake
from careloom.governance import AuditSource, Client, Organisation, Registry, parse_scopes
from careloom.model.errors import ConflictError
from careloom.notify import STANDARD_TOPICS, RetryPolicy, Subscription, Terms, TopicRegistry, disclosure, policy
from careloom.notify.courier import MOST_BYTES
from careloom.notify.extensions import MAX_COUNT
from careloom.notify.notification import Told
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn
from careloom.store.ids import new_id
from careloom.store.memory_events import MemoryEventLog

ENCOUNTER = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
}
SOURCE = AuditSource("https://hub.example/fhir")


@pytest.fixture(scope="session")
def topics(registry: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, registry)


def resources(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a notification brings along, by type."""
    return {each["resource"]["resourceType"]: each["resource"] for each in bundle["entry"][1:] if "resource" in each}


async def test_a_resource_that_is_deleted_before_it_is_told_is_told_as_it_matched(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules = Gate(), Rules()
    async with telling(repository, topics, gate, rules, clock) as notifier:
        await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "e1")
        await becomes(lambda: bool(gate.refused))
        await repository.commit(lambda turn: turn.delete("Encounter", "e1"), cause="acute-epr")
        gate.is_open = True
        await becomes(lambda: rules.told == ["Encounter/e1"])
    told = resources(gate.sent[-1][1])["Encounter"]
    assert ("finished", "1") == (told["status"], told["meta"]["versionId"])
    assert gate.refused[0] == gate.accepted[-1][1], "what is tried again has the same bytes"


async def test_a_patient_that_is_merged_before_it_is_told_is_told_as_it_was(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules, take = Gate(), Rules(), sending(repository, clock)
    async with telling(repository, topics, gate, rules, clock) as notifier:
        await subscribe(repository, notifier, channel=channel())
        of_old = {"pid": "1||A-2^^^ACUTE||Okafor^A", "pv1": stay()}
        assert ["AA", "AA"] == [await take(adt("A01", **of_old)), await take(adt("A03", at="20261123", **of_old))]
        await becomes(lambda: bool(gate.refused))
        assert "AA" == await take(adt("A40", at="20261124", mrg="A-2^^^ACUTE"))
        gate.is_open = True
        await becomes(lambda: len(rules.told) == 1)
    told = resources(gate.sent[-1][1])
    current = await repository.read("Patient", told["Patient"]["id"])
    assert current is not None and current.resource is not None
    assert (False, "replaced-by") == (current.resource["active"], current.resource["link"][0]["type"])
    assert f"Patient/{told['Patient']['id']}" == told["Encounter"]["subject"]["reference"]
    assert "link" not in told["Patient"] and told["Patient"].get("active", True)


def sending(repository: Repository, clock: SteppingClock) -> Callable[[bytes], Any]:
    """Takes a message of HL7 v2; the code of the answer."""
    registered = Registry(
        organisations=(Organisation("acute", "North Acute Trust"),),
        clients=(Client("meridian", "acute", scopes=parse_scopes("system/*.cruds")),),
        agreements=(agreement(),),
    )
    intake = Intake("meridian", "TREAT", repository, lambda: registered, SOURCE, clock, new_id)
    source = Hl7v2Source(intake, load_tables(), lambda resource: [])

    async def take(message: bytes) -> str:
        return parse(await source.take(message)).first("MSA").value(1).text

    return take


class OnRecord(Rules):
    """Puts on record who was told."""

    def __init__(self, record: Callable[[Subscription, Sequence[Told]], Awaitable[None]]) -> None:
        super().__init__()
        self._record = record

    async def disclosed(self, subscription: Subscription, told: Sequence[Told]) -> None:
        await self._record(subscription, told)


async def test_consent_that_is_withdrawn_before_it_is_told_leaves_the_number_and_a_record_of_it(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, query: Callable[..., Query]
) -> None:
    clock.now = datetime(2026, 11, 22, 11, tzinfo=UTC)
    registries, gate = [REGISTRY], Gate()
    rules = OnRecord(disclosure(repository, lambda: registries[0], SOURCE, clock, new_id))
    rules.permits = policy(lambda: registries[0], clock)
    async with telling(repository, topics, gate, rules, clock) as notifier:
        await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "e1")
        await becomes(lambda: bool(gate.refused))
        registries[0] = Registry(REGISTRY.organisations, REGISTRY.clients, ())
        gate.is_open = True
        await becomes(lambda: len(gate.accepted) == 2)
        await asyncio.sleep(0.1)
    assert b"Encounter/e1" in gate.refused[0]
    assert b"Encounter" not in gate.accepted[-1][1]
    assert ["1"] == numbers(gate.sent[-1][1])
    found = await repository.search(query("AuditEvent"))
    [record] = [version.resource for version in found.matches if version.resource]
    assert "8" == record["outcome"]
    assert "Encounter/e1/_history/1" in str(record["entity"])


async def test_a_label_that_is_raised_before_it_is_told_leaves_the_number_alone(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    restricted: set[str] = set()
    gate, rules = Gate(), Rules()
    rules.permits = lambda subscription, focus: focus not in restricted
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "e1")
        await discharge(repository, "e2")
        await becomes(lambda: bool(gate.refused))
        await discharge(repository, "e1", meta={"security": [{"code": "R"}]})
        restricted.add("Encounter/e1")
        gate.is_open = True
        await becomes(lambda: rules.told == ["Encounter/e2"])
    assert ["Encounter/e1"] == rules.withheld
    assert [["1"], ["2"]] == [numbers(bundle) for _, bundle in gate.sent[1:]]
    assert b"Encounter/e1" not in b"".join(body for _, body in gate.accepted)
    assert 2 == await repository.events.last_number(id)


async def test_a_transaction_of_a_thousand_is_told_whole_and_in_its_order(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    def thousand(turn: Turn) -> None:
        for number in range(1000):
            turn.update(ENCOUNTER | {"id": f"e{number}"})

    gate, rules = Gate(), Rules()
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        hundreds = channel(extension=[{"url": MAX_COUNT, "valuePositiveInt": 100}])
        id = await subscribe(repository, notifier, channel=hundreds)
        await repository.commit(thousand, cause="acute-epr", size=1000)
        await becomes(lambda: len(rules.told) == 1000)
    assert [f"Encounter/e{number}" for number in range(1000)] == rules.told
    assert [str(number) for number in range(1, 1001)] == [each for _, bundle in gate.sent for each in numbers(bundle)]
    assert 1000 == await repository.events.last_number(id)


async def test_what_is_undone_is_no_event(repository: Repository, topics: TopicRegistry, clock: SteppingClock) -> None:
    def undone(turn: Turn) -> None:
        turn.update(ENCOUNTER | {"id": "e1"})
        raise ConflictError("the last entry does not fit")

    gate, rules = Gate(), Rules()
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier)
        with pytest.raises(ConflictError):
            await repository.commit(undone, cause="acute-epr")
        await discharge(repository, "e2")
        await becomes(lambda: bool(rules.told))
    assert (["Encounter/e2"], 1) == (rules.told, await repository.events.last_number(id))


async def test_of_two_who_change_one_version_the_one_that_was_recorded_is_told(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    def finishing(reason: str) -> Callable[[Turn], object]:
        def work(turn: Turn) -> object:
            current = turn.read("Encounter", "e1")
            if current is None or current.version_id != "1":
                raise ConflictError("version 1 expected")
            return turn.update(ENCOUNTER | {"id": "e1", "reasonCode": [{"text": reason}]})

        return work

    gate, rules = Gate(), Rules()
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "e1", "in-progress")
        both = [repository.commit(finishing(name), cause=name) for name in ("first", "second")]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        await becomes(lambda: bool(rules.told))
        await asyncio.sleep(0.05)
    assert [ConflictError] == [type(each) for each in outcomes if isinstance(each, BaseException)]
    assert ["Encounter/e1"] == rules.told
    kept = await repository.read("Encounter", "e1")
    assert kept is not None and kept.resource == resources(gate.sent[-1][1])["Encounter"]


async def test_a_resource_over_the_limit_of_a_notification_is_told_without_its_content(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules = Gate(), Rules()
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "large", text={"status": "generated", "div": "A" * MOST_BYTES})
        await discharge(repository, "small")
        await delivered(repository, id, 2)
    [large, small] = [body for _, body in gate.accepted[1:]]
    assert len(large) < 10_000 and b'"status":"413"' in large and b"Encounter/large" in large
    assert b'"resourceType":"Encounter"' in small


async def test_a_clock_that_is_set_back_changes_neither_order_nor_numbers(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules = Gate(), Rules()
    terms = Terms(retry=RetryPolicy(ceiling=0.1))  # the longest wait, should the clock go back before it is waited for
    async with telling(repository, topics, gate, rules, clock, terms=terms) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: bool(gate.refused))
        clock.now -= timedelta(days=365)
        await discharge(repository, "e2")
        clock.now += timedelta(days=1)
        await discharge(repository, "e3")
        gate.is_open = True
        await delivered(repository, id, 3)
    assert [f"Encounter/e{number}" for number in (1, 2, 3)] == rules.told
    assert [["1"], ["2"], ["3"]] == [numbers(bundle) for _, bundle in gate.sent[1:]]
    assert (await repository.events.cursor(id)).next_at is None


async def test_numbers_beyond_two_to_the_31_are_counted_told_and_kept(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules, many = Gate(), Rules(), 2**31
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await delivered(repository, id, 1)
    await renumber(repository, id, many)
    async with telling(repository, topics, gate, rules, clock):
        await discharge(repository, "e2")
        await delivered(repository, id, many + 1)
    assert [str(many + 1)] == numbers(gate.sent[-1][1])
    events = repository.events
    assert (many, many + 1) == (await events.first_number(id), await events.last_number(id))
    assert (many + 1, many + 1) == ((tries := await events.attempts(id, 1))[0].first, tries[0].last)
    [held] = await events.events(id, many + 1, many + 1)
    assert "Encounter/e2" == held.focus


async def renumber(repository: Repository, id: str, number: int) -> None:
    """Give the one event of a subscription another number, as if all those before it had been let go of."""
    log: Any = repository.events
    cursor = await log.cursor(id)
    if isinstance(log, MemoryEventLog):
        [event] = log._state.events[id].values()
        log._state.events[id] = {number: replace(event, number=number)}
    else:
        sql = f"UPDATE subscription_event SET number = {number} WHERE subscription = '{id}' AND number = 1"
        await log._write(lambda connection: connection.execute(sql))
    await log.save_cursor(replace(cursor, delivered_to=number))
