"""Audit records that are alike share rows of the index, and are found as if each had its own."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import audit, audited, create, opened, patient

from careloom.model.errors import InvalidError
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn
from careloom.store.sql import names, slices

EVENTS = [
    audited("a1"),
    audited("a2", patient="p2"),
    audited("a3", client="epr", outcome="8"),
    audited("a4"),
    audited("a5", client="epr"),
    audited("a6", action="U", agent=[{"requestor": True, "name": "Amina", "network": {"address": "198.51.100.4"}}]),
]

FOUND: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "code": ([("type", "rest")], ["a6", "a5", "a4", "a3", "a2", "a1"]),
    "code of few": ([("action", "U")], ["a6"]),
    "code with system": ([("subtype", "http://hl7.org/fhir/restful-interaction|read"), ("outcome", "8")], ["a3"]),
    "code of another system": ([("subtype", "urn:other|read")], []),
    "system alone": (
        [("type", "http://terminology.hl7.org/CodeSystem/audit-event-type|")],
        ["a6", "a5", "a4", "a3", "a2", "a1"],
    ),
    "not": ([("outcome:not", "8"), ("agent:identifier", "urn:clients|epr")], ["a5"]),
    "client": ([("agent:identifier", "urn:clients|gp-app")], ["a4", "a2", "a1"]),
    "client and patient": ([("agent:identifier", "urn:clients|gp-app"), ("patient", "Patient/p1")], ["a4", "a1"]),
    "one of its own": ([("entity:identifier", "request-a4")], ["a4"]),
    "role of an entity": ([("entity-role", "1"), ("patient", "Patient/p2")], ["a2"]),
    "text": ([("agent-name", "name of gp")], ["a4", "a2", "a1"]),
    "exact text": ([("agent-name:exact", "Amina")], ["a6"]),
    "part of a text": ([("address:contains", "100")], ["a6"]),
    "alternatives": ([("agent-name", "amina,name of epr")], ["a6", "a5", "a3"]),
    "words of a code": ([("subtype:text", "read it"), ("outcome", "8")], ["a3"]),
    "missing": ([("site:missing", "true")], []),
    "not missing": ([("agent-name:missing", "false"), ("outcome", "8")], ["a3"]),
    "in order of ids": ([("type", "rest"), ("_sort", "_id")], ["a1", "a2", "a3", "a4", "a5", "a6"]),
    "sorted by text": ([("_sort", "agent-name,_id")], ["a6", "a3", "a5", "a1", "a2", "a4"]),
    "sorted backwards": ([("_sort", "-address,_id")], ["a6", "a1", "a2", "a3", "a4", "a5"]),
    "of the patient": ([("patient:Patient._id", "p1"), ("outcome", "8")], ["a3"]),
}


async def ids(repository: Repository, query: Query) -> list[str]:
    """The ids that a search finds, page by page."""
    page = await repository.search(query)
    return [version.id for version in page.matches]


@pytest.mark.parametrize("name", FOUND)
async def test_each_is_found_by_what_it_shares_and_by_its_own(
    repository: Repository, query: Callable[..., Query], name: str
) -> None:
    await create(repository, patient(id="p1"), patient(id="p2"))
    await audit(repository, *EVENTS)
    parameters, expected = FOUND[name]
    assert await ids(repository, query("AuditEvent", *parameters)) == expected


async def test_pages_are_whole_and_a_count_is_right(repository: Repository, query: Callable[..., Query]) -> None:
    await audit(repository, *(audited(f"a{number:02}", client=("gp", "epr")[number % 2]) for number in range(25)))
    asked = [("agent:identifier", "urn:clients|gp"), ("_count", "5"), ("_total", "accurate")]
    page = await repository.search(query("AuditEvent", *asked))
    found = [version.id for version in page.matches]
    assert page.total == 13
    await audit(repository, audited("later", client="gp"))
    while page.next:
        page = await repository.search(query("AuditEvent", *asked, ("_page", page.next)))
        found += [version.id for version in page.matches]
    assert found == [f"a{number:02}" for number in range(24, -1, -2)]


async def test_others_are_found_by_their_audit_records(repository: Repository, query: Callable[..., Query]) -> None:
    await create(repository, patient(id="p1"), patient(id="p2"))
    await audit(repository, *EVENTS)
    who = ("_has:AuditEvent:patient:outcome", "8")
    assert await ids(repository, query("Patient", who)) == ["p1"]


async def test_what_was_undone_is_recorded_anew(repository: Repository, query: Callable[..., Query]) -> None:
    def fails(turn: Turn) -> None:
        turn.audit(audited("a1"))
        raise InvalidError("no")

    with pytest.raises(InvalidError):
        await repository.commit(fails)
    await audit(repository, audited("a2"))
    assert await ids(repository, query("AuditEvent", ("agent-name", "name of gp-app"))) == ["a2"]


async def test_the_audit_record_of_a_large_bundle_is_found(
    repository: Repository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "LARGE", 5)

    def work(turn: Turn) -> None:
        for number in range(10):
            turn.create(patient(id=f"p{number}"))
        turn.audit(audited("bundle"))

    await repository.commit(work, size=20)
    await audit(repository, audited("a1"))
    assert await ids(repository, query("AuditEvent", ("agent-name", "name of gp-app"))) == ["a1", "bundle"]


async def test_beyond_a_number_of_frames_each_has_rows_of_its_own(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MOST_FRAMES", 2)
    async with opened("sqlite", tmp_path, registry) as repository:
        await audit(repository, *(audited(f"a{number}", client=f"c{number}") for number in range(4)))
        for number in range(4):
            asked = query("AuditEvent", ("agent:identifier", f"urn:clients|c{number}"))
            assert await ids(repository, asked) == [f"a{number}"]
            assert bool(frames(tmp_path)[number]) == (number < 2)


async def test_one_that_is_erased_takes_nothing_from_the_others(
    repository: Repository, query: Callable[..., Query]
) -> None:
    await audit(repository, audited("a1", patient="p1"), audited("a2", patient="p2"))
    await repository.erase("AuditEvent", "a1")
    for asked in (("agent-name", "name of"), ("subtype:text", "read"), ("type", "rest")):
        assert await ids(repository, query("AuditEvent", asked)) == ["a2"]


async def test_one_more_that_is_alike_costs_few_rows(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await audit(repository, audited("a1"))
        first = rows(tmp_path)
        await audit(repository, audited("a2"))
        second = rows(tmp_path)
        await audit(repository, audited("a3"))
    assert second - first == rows(tmp_path) - second
    assert 0 < second - first <= first / 2


def frames(folder: Path) -> list[int]:
    """The frames of all versions in order."""
    return [frame for (frame,) in _asked(folder, "SELECT frame FROM version ORDER BY vid")]


def rows(folder: Path) -> int:
    """How many rows the index has."""
    tables = ("tok", "ref", "str", "dat", "uri")
    return sum(count for table in tables for (count,) in _asked(folder, f"SELECT count(*) FROM {table}"))


def _asked(folder: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(folder / "hub.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
