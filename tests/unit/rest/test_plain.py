from collections.abc import Iterable
from typing import Any

import pytest
from tests.unit.rest.desk import NOW, Desk, counted_ids, entry, identified, patient, transaction

from careloom.model.resource import Resource
from careloom.rest import making
from careloom.rest.messages import FhirResponse
from careloom.store import MemoryRepository, Prepared, Version
from careloom.store.memory import MemoryTurn

OF_ASHE = {"resourceType": "Condition", "subject": {"reference": "urn:uuid:ashe"}}
OF_LEE = {"resourceType": "Condition", "subject": {"reference": "Patient/lee"}}

MIXED = transaction(
    entry("PUT", "Patient/lee", patient(id="lee")),
    entry("POST", "Condition", OF_ASHE, full_url="urn:uuid:c"),
    entry("PUT", "Patient/gone", patient(id="gone")),
    entry("GET", "Patient/lee"),
    entry("PUT", "Patient/same", patient(id="same")),
    entry("POST", "Patient", identified("1"), full_url="urn:uuid:ashe"),
    entry("POST", "Condition", OF_LEE, ifNoneExist="code=x"),
    entry("PUT", "Patient/other", patient(id="other", active=True)),
    entry("DELETE", "Patient/left"),
    entry("PUT", "Condition/c", {**OF_LEE, "id": "c", "meta": {"tag": [{"code": "t"}]}}, ifNoneMatch="*"),
)
"""New and known resources, by all methods, plain and not."""


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[Version | None]:
    """What plain entries have left in the record, as it is asked to be entered."""
    done: list[Version | None] = []
    enter = MemoryTurn.enter

    def noted(turn: MemoryTurn, resources: Iterable[Prepared], *, are_new: bool) -> list[Version | None]:
        versions = enter(turn, resources, are_new=are_new)
        done.extend(versions)
        return versions

    monkeypatch.setattr(MemoryTurn, "enter", noted)
    return done


async def test_plain_entries_are_answered_and_recorded_as_they_would_be_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, entered: list[Version | None]
) -> None:
    together = await sent(again(desk), MIXED)
    assert [bool(version) for version in entered] == [True, True, True, False, False, False]

    monkeypatch.setattr(making, "is_plain", lambda request, hub: False)
    one_by_one = await sent(again(desk), MIXED)
    assert len(entered) == 6

    assert one_by_one == together


@pytest.mark.parametrize(
    ("asked", "prefer"),
    [
        ({"ifNoneMatch": "*"}, ""),
        ({"ifMatch": 'W/"1"'}, ""),
        ({}, "return=representation"),
        ({}, "return=OperationOutcome"),
    ],
)
async def test_entry_that_asks_for_more_is_not_plain(
    desk: Desk, entered: list[Version | None], asked: dict[str, str], prefer: str
) -> None:
    await desk("POST", "", transaction(entry("PUT", "Patient/x", patient(id="x"), **asked)), prefer=prefer)

    assert entered == []


async def test_entry_of_a_type_that_has_owners_is_not_plain(desk: Desk, entered: list[Version | None]) -> None:
    await desk.with_hub(owned={"Patient": "urn:owner"})("POST", "", transaction(entry("POST", "Patient", patient())))

    assert entered == []


def again(desk: Desk) -> Desk:
    """The same desk before an empty record."""
    repository = MemoryRepository(tenant="t", parameters=desk.hub.parameters, clock=lambda: NOW)
    return desk.with_hub(repository=repository, new_id=counted_ids())


async def sent(desk: Desk, bundle: Resource) -> tuple[Any, ...]:
    """The answer to a bundle, and what is in a record that held something before."""
    for id in ("gone", "same", "other", "left"):
        await desk("PUT", f"Patient/{id}", patient(id=id))
    await desk("DELETE", "Patient/gone")
    answer: FhirResponse = await desk("POST", "", bundle)
    changes = await desk.hub.repository.changes(0, 100)
    told = sorted((each.type, each.id, each.version_id, each.interaction, each.previous_version_id) for each in changes)
    resources = [each for type in ("Patient", "Condition", "AuditEvent") for each in await desk.all(type)]
    return answer.status, answer.resource, told, sorted(resources, key=lambda each: each["id"])
