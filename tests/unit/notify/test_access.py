"""Who may be told is asked of the agreements in force at that moment, and who was told goes on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.unit.notify.lanes import START, Time, a_subscription

from careloom.governance import Agreement, AuditSource, Client, Organisation, Registry, parse_scopes
from careloom.notify import TopicRegistry, disclosure, policy
from careloom.notify.notification import Told
from careloom.search import parse_query
from careloom.store import MemoryRepository, SubscriptionEvent

AGREEMENT = Agreement(
    id="told",
    title="The surgery is told of discharges",
    parties=("gp",),
    interactions=frozenset({"read"}),
    types=frozenset({"*"}),
    purposes=frozenset({"TREAT"}),
    start=START - timedelta(days=1),
    end=START + timedelta(hours=1),
)
REGISTRY = Registry(
    organisations=(Organisation("gp", "High Street Surgery"),),
    clients=(Client("gp-system", "gp", scopes=parse_scopes("system/*.crs")),),
    agreements=(AGREEMENT,),
)


def test_an_agreement_that_is_withdrawn_counts_at_once() -> None:
    registries = [REGISTRY]
    may_tell = policy(lambda: registries[0], Time())
    assert may_tell(a_subscription(), "Encounter/1")
    registries[0] = replace(REGISTRY, agreements=())
    assert not may_tell(a_subscription(), "Encounter/1")


def test_an_agreement_that_ends_is_none_from_its_end_on() -> None:
    time = Time()
    may_tell = policy(lambda: REGISTRY, time)
    time.now = AGREEMENT.end - timedelta(seconds=1)
    assert may_tell(a_subscription(), "Encounter/1")
    time.now = AGREEMENT.end
    assert not may_tell(a_subscription(), "Encounter/1")


def test_what_one_client_may_know_says_nothing_of_another_or_of_another_purpose() -> None:
    may_tell = policy(lambda: REGISTRY, Time())
    assert may_tell(a_subscription(), "Encounter/1")
    assert not may_tell(a_subscription(owner="stranger"), "Encounter/1")
    assert not may_tell(a_subscription(purpose="HRESCH"), "Encounter/1")


async def test_each_of_several_patients_stands_before_what_was_told_of_it_alone(topics: TopicRegistry) -> None:
    [record] = await recorded([told_of(1, "Patient/1"), told_of(2, "Patient/2")], topics)
    assert references(record) == ["Patient/1", "Encounter/1/_history/1", "Patient/2", "Encounter/2/_history/1"]


async def test_what_was_held_back_has_a_record_of_its_own(topics: TopicRegistry) -> None:
    events = [told_of(1, "Patient/1"), replace(told_of(2, "Patient/2"), silence="denied")]
    records = await recorded(events, topics)
    told = {record["outcome"]: references(record) for record in records}
    assert told == {"0": ["Patient/1", "Encounter/1/_history/1"], "8": ["Patient/2", "Encounter/2/_history/1"]}


def told_of(number: int, patient: str) -> Told:
    return Told(SubscriptionEvent("gp", number, number, "urn:topic", f"Encounter/{number}", "1", START, patient))


async def recorded(told: Sequence[Told], topics: TopicRegistry) -> list[dict[str, Any]]:
    """The audit records of a delivery."""
    numbers, repository = count(1), MemoryRepository(tenant="north", parameters=topics.parameters, clock=Time())
    source = AuditSource("https://hub.example/fhir")
    record = disclosure(repository, lambda: REGISTRY, source, Time(), lambda: f"a{next(numbers)}")
    await record(a_subscription(), told)
    found = await repository.search(parse_query("AuditEvent", [], topics.parameters))
    return [version.resource for version in found.matches if version.resource]


def references(record: dict[str, Any]) -> list[str]:
    return [entity["what"]["reference"] for entity in record["entity"] if "reference" in entity["what"]]
