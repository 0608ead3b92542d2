"""Audit records told as forms are recorded as if they had been written out."""

from collections.abc import Callable

import pytest
from tests.contract.stores import FORM_RECORDED, audited, form

from careloom.model.errors import ConflictError
from careloom.search import Query
from careloom.store import Repository, Turn


async def record(repository: Repository, *ids: str, is_prepared: bool) -> None:
    """Record one after the other, prepared as for a ledger or as they come in a turn."""
    for id in ids:
        given = form(id, patient=f"p-{id}")
        event = repository.prepare(given) if is_prepared else given
        assert await repository.commit(lambda turn, event=event: turn.audit(event)) == id  # type: ignore[misc]


@pytest.mark.parametrize("is_prepared", [True, False], ids=["prepared", "in a turn"])
async def test_they_are_read_and_found(repository: Repository, query: Callable[..., Query], is_prepared: bool) -> None:
    ids = [f"a{number}" for number in range(6)]
    await record(repository, *ids, is_prepared=is_prepared)
    for id in ids:
        version = await repository.read("AuditEvent", id)
        assert version is not None and version.resource is not None
        expected = audited(id, patient=f"p-{id}", recorded=FORM_RECORDED)
        assert {**version.resource, "meta": None} == {**expected, "meta": None}
        for name, value in (("patient", f"Patient/p-{id}"), ("entity:identifier", f"request-{id}")):
            page = await repository.search(query("AuditEvent", (name, value), ("date", "2026-11-22"), ("type", "rest")))
            assert [each.id for each in page.matches] == [id]
    assert await repository.changes(0, 10) == []


async def test_none_is_written_over(repository: Repository) -> None:
    await record(repository, "a1", "a2", "a3", is_prepared=True)
    with pytest.raises(ConflictError, match="AuditEvent/a3"):
        await record(repository, "a3", is_prepared=True)

    def twice(turn: Turn) -> None:
        turn.audit(form("a4"))
        turn.audit(form("a4"))

    with pytest.raises(ConflictError, match="AuditEvent/a4"):
        await repository.commit(twice)
    assert await repository.read("AuditEvent", "a4") is None


async def test_one_is_seen_in_its_turn_and_may_be_followed(repository: Repository) -> None:
    await record(repository, "a1", "a2", "a3", is_prepared=True)

    def work(turn: Turn) -> list[str]:
        turn.audit(form("a4", patient="p4"))
        first = turn.read("AuditEvent", "a4")
        assert first is not None and first.resource is not None
        second = turn.update({**first.resource, "outcome": "4"})
        return [first.resource["entity"][0]["what"]["reference"], first.version_id, second.version_id]

    assert await repository.commit(work) == ["Patient/p4", "1", "2"]
    kept = await repository.vread("AuditEvent", "a4", "1")
    assert kept is not None and kept.resource is not None and kept.resource["outcome"] == "0"


async def test_an_erased_one_may_be_followed(repository: Repository) -> None:
    await record(repository, "a1", "a2", "a3", is_prepared=True)
    await repository.commit(lambda turn: turn.delete("AuditEvent", "a2"))
    await record(repository, "a2", is_prepared=True)
    found = await repository.read("AuditEvent", "a2")
    assert found is not None and found.version_id == "3"
