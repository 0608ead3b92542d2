"""The record in a turn: found by identifiers, drafted, judged, and written or dropped."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from careloom.connectors.record import Record
from careloom.connectors.told import Told
from careloom.definitions import Definitions
from careloom.model import Issue
from careloom.model.errors import InvalidError, MultipleMatchesError
from careloom.search import SearchParameters
from careloom.store import MemoryRepository, Turn

T = TypeVar("T")

NHS = "https://fhir.nhs.uk/Id/nhs-number"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def person(*values: str, **elements: Any) -> dict[str, Any]:
    """A patient with identifiers, ``system|value`` or a value alone."""
    pairs = [value.rpartition("|") for value in values]
    named = [{"system": system, "value": value} if system else {"value": value} for system, _, value in pairs]
    return {"resourceType": "Patient", "identifier": named, **elements}


@pytest.fixture
def repository(definitions: Definitions) -> MemoryRepository:
    return MemoryRepository(tenant="t", parameters=SearchParameters(definitions), clock=lambda: NOW)


async def _in_turn(repository: MemoryRepository, work: Callable[[Record, Turn], T]) -> T:
    return await repository.commit(lambda turn: work(Record(turn, _judged, (NHS,)), turn))


def _judged(resource: dict[str, Any]) -> list[Issue]:
    return [Issue("error", "invariant", "no name")] if resource.get("name") == "bad" else []


async def test_the_best_identifier_decides_and_not_the_first(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> str | None:
        turn.create(person("urn:ward|7"), id="by-ward")
        turn.create(person(f"{NHS}|9990548609"), id="by-nhs")
        found = record.find(Told(person("urn:ward|7", f"{NHS}|9990548609")))
        return found.id if found else None

    assert await _in_turn(repository, work) == "by-nhs"


@pytest.mark.parametrize("asked", ["|7", "urn:ward|8", "urn:other|7"])
async def test_system_and_value_must_both_be_the_same(repository: MemoryRepository, asked: str) -> None:
    def work(record: Record, turn: Turn) -> bool:
        turn.create(person("urn:ward|7"), id="a")
        return record.find(Told(person(asked))) is None

    assert await _in_turn(repository, work)


async def test_two_with_one_identifier_are_told_apart_by_nobody(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> None:
        turn.create(person("urn:ward|7"))
        turn.create(person("urn:ward|7"))
        record.look_up([Told(person("urn:ward|7"))])
        with pytest.raises(MultipleMatchesError, match=r"urn:ward\|7: one record expected"):
            record.find(Told(person("urn:ward|7")))

    await _in_turn(repository, work)


async def test_drafts_are_found_before_they_are_written_and_not_after_they_are_dropped(
    repository: MemoryRepository,
) -> None:
    def work(record: Record, turn: Turn) -> tuple[bool, bool]:
        told = Told(person("urn:ward|7"))
        record.look_up([told])
        draft = record.put(None, told.resource)
        is_found = record.find(told) == draft
        record.drop()
        return is_found, record.find(told) is None

    assert await _in_turn(repository, work) == (True, True)
    assert await repository.changes(0, 10) == []


async def test_what_is_drafted_twice_is_one_version(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> list[str]:
        draft = record.put(None, person("urn:ward|7"))
        record.put(draft, {**draft.resource, "active": True})
        return [f"{version.id} {version.version_id}" for version in record.write()]

    (written,) = await _in_turn(repository, work)
    version = await repository.read("Patient", written.split()[0])
    assert version is not None and version.resource is not None
    assert (version.version_id, version.resource["active"]) == ("1", True)


async def test_what_is_as_it_was_is_not_written(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> list[Any]:
        turn.create(person("urn:ward|7"), id="a")
        known = record.find(Told(person("urn:ward|7")))
        assert known is not None
        record.put(known, dict(known.resource))
        return list(record.write())

    assert await _in_turn(repository, work) == []


async def test_a_name_that_was_given_up_finds_nobody_and_the_new_one_does(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> tuple[bool, str | None]:
        turn.create(person("urn:ward|7"), id="a")
        record.look_up([Told(person("urn:ward|7", "urn:ward|8"))])
        known = record.find(Told(person("urn:ward|7")))
        assert known is not None
        record.put(known, {**known.resource, **person("urn:ward|8")})
        record.write()
        found = record.find(Told(person("urn:ward|8")))
        return record.find(Told(person("urn:ward|7"))) is None, found.id if found else None

    assert await _in_turn(repository, work) == (True, "a")


async def test_one_draft_that_breaks_rules_keeps_all_from_being_written(repository: MemoryRepository) -> None:
    def work(record: Record, turn: Turn) -> None:
        record.put(None, person("urn:ward|7"))
        record.put(None, person("urn:ward|8", name="bad"))
        with pytest.raises(InvalidError, match="Patient: not as its profile asks"):
            record.judge()

    await _in_turn(repository, work)
    assert await repository.changes(0, 10) == []
