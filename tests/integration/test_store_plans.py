"""How searches run on a record of some size: nothing that a point search needs is a scan, and groups share a commit."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import (
    BASE_URL,
    NHS_NUMBER,
    create,
    identified,
    let_groups_last,
    observation,
    opened,
    patient,
    searching,
)
from tests.patience import PATIENCE, becomes

from careloom.definitions import Definitions
from careloom.model.errors import ConflictError, TooCostlyError
from careloom.search import Query, SearchParameters
from careloom.store import Turn, Version
from careloom.store.sql.clauses import Round
from careloom.store.sql.statements import load_statements
from careloom.store.sqlite import SqliteRepository

MANY = 1_500
PATIENTS = 50


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


def measured(number: int) -> dict[str, Any]:
    subject = {"reference": f"Patient/p{number % PATIENTS}"}
    return observation(subject=subject, effectiveDateTime=f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}")


@pytest.fixture(scope="module")
async def repository(
    tmp_path_factory: pytest.TempPathFactory, registry: SearchParameters
) -> AsyncIterator[SqliteRepository]:
    def load(turn: Turn) -> None:
        for number in range(PATIENTS):
            turn.create(identified(str(number), name=[{"family": f"Family{number}"}]), id=f"p{number}")
        for number in range(MANY):
            turn.create(measured(number))

    async with opened("sqlite", tmp_path_factory.mktemp("plans"), registry) as store:
        assert isinstance(store, SqliteRepository)
        await store.commit(load)
        yield store


PATIENT_7 = ("subject", "Patient/p7")
CODE = ("code", "http://loinc.org|8867-4")
POINT_SEARCHES = {
    "identifier": ("Patient", [("identifier", f"{NHS_NUMBER}|7")], "tok, newest first"),
    "id": ("Patient", [("_id", "p7")], "ids"),
    "prefix": ("Patient", [("family", "family7")], "str, a range"),
    "reference": ("Observation", [PATIENT_7], "ref, newest first"),
    "patient and code": ("Observation", [PATIENT_7, CODE], "ref, newest first"),
    "code and patient": ("Observation", [CODE, PATIENT_7], "ref, newest first"),
    "code that all have": ("Observation", [CODE], "tok, newest first"),
    "month": ("Observation", [("date", "2026-03")], "dat, a range"),
    "month and code": ("Observation", [CODE, ("date", "2026-03")], "dat, a range"),
    "since": ("Observation", [("date", "gt2026-12-20")], "dat, a range"),
    "patient by date": ("Observation", [PATIENT_7, ("_sort", "-date")], "ref, newest first"),
    "patient": ("Observation", [("patient", "Patient/p7"), CODE], "ref"),
    "chain": ("Observation", [("subject:Patient.identifier", f"{NHS_NUMBER}|7")], "subject of tok"),
    "included": ("Observation", [PATIENT_7, ("_include", "Observation:subject")], "ref, newest first"),
    "reverse chain": (
        "Patient",
        [("_has:Observation:patient:date", "2026-03-03")],
        "Observation.patient of dat, a range",
    ),
    "type": ("Observation", [], "type, newest first"),
    "recent": ("Observation", [("_lastUpdated", "gt2026-01-01")], "type, newest first"),
    "what many have and most lack": (
        "Observation",
        [("date", "ge2026"), ("status:not", "final")],
        "dat, a range",
    ),
}


POSTINGS = ("tok", "ref", "str", "dat", "num", "uri", "pair", "geo")
TABLES = ("version", "head", "body", *POSTINGS, "tx", "a", "r", "v0", "v1")


def goes_by_keys(steps: list[str]) -> bool:
    """Whether no table is read from one end to the other, and none by its tenant alone."""
    scans = [step for step in steps if step.startswith("SCAN") and step.split()[1] in TABLES]
    return not scans and not any(step.endswith("(tenant=?)") for step in steps)


@pytest.mark.parametrize("name", POINT_SEARCHES)
async def test_a_search_begins_where_few_are(
    repository: SqliteRepository, query: Callable[..., Query], name: str
) -> None:
    type, parameters, beginning = POINT_SEARCHES[name]
    reason, *steps = await repository.explain(query(type, *parameters))
    assert reason == beginning
    assert goes_by_keys(steps), steps


OTHER = "http://snomed.info/sct|364075005"
ALTERNATIVES = {
    "codes of two systems": ("Observation", [("code", f"http://loinc.org|8867-4,{OTHER},8310-5")]),
    "neither code": ("Observation", [PATIENT_7, ("code:not", f"http://loinc.org|0000-0,{OTHER},8310-5")]),
    "one of two beginnings": ("Patient", [("family", "family1,family4")]),
    "below one of two": ("Observation", [PATIENT_7, ("_profile:below", "http://a.example,http://b.example")]),
    "not below one of two": ("Observation", [PATIENT_7, ("_filter", "not (_profile sb http://a.example)")]),
    "one of two pairs": ("Observation", [("component-code-value-quantity", "a$gt5,b$lt7")]),
    "near one of two": ("Location", [("near", "51.5|-0.12|30|km,53.8|-1.55|30|km")]),
    "as many as may be": ("Patient", [("family", ",".join(f"family{n}" for n in range(240)))]),
}
"""What has several alternatives is one seek for each of them; SQLite reads a whole table for an OR of them."""


@pytest.mark.parametrize("name", ALTERNATIVES)
async def test_each_alternative_is_sought_by_itself(
    repository: SqliteRepository, query: Callable[..., Query], name: str
) -> None:
    type, parameters = ALTERNATIVES[name]
    for newest_first in ([], [("_sort", "_id")]):
        _, *steps = await repository.explain(query(type, *parameters, *newest_first))
        wide = [step for step in steps if step.endswith(("(tenant=?)", "(tenant=? AND p=?)"))]
        assert wide == [] and goes_by_keys(steps), steps


async def test_a_run_is_streamed_newest_first(repository: SqliteRepository, query: Callable[..., Query]) -> None:
    for parameters in ([CODE], [PATIENT_7, CODE], []):
        steps = await repository.explain(query("Observation", *parameters))
        assert not any("TEMP B-TREE" in step for step in steps), steps


RANGES = {
    "month": ("Observation", [("date", "2026-03")], "dat"),
    "since": ("Observation", [("date", "gt2026-03-20")], "dat"),
    "of a code": ("Observation", [("date", "ge2026"), ("status:not", "final")], "dat"),
    "prefix": ("Patient", [("family", "fam")], "str"),
    "one of two codes": ("Observation", [("code", "8867-4,8310-5")], "version"),
}


@pytest.mark.parametrize("name", RANGES)
async def test_a_range_met_by_many_is_walked_from_the_newest_on(
    repository: SqliteRepository, query: Callable[..., Query], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("families", "plan"):
        monkeypatch.setattr(f"careloom.store.sql.{module}.ROUNDS", (Round(10, 40),))
    type, parameters, table = RANGES[name]
    _, way, *steps = await repository.explain(query(type, *parameters))
    assert way.startswith(f"more than 10 rows: 40 rows of {table} walked")
    assert goes_by_keys(steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


async def test_a_range_is_walked_and_gathered_by_rounds_up_to_a_bound(
    repository: SqliteRepository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walks pass eighty rows: what they do not find is gathered, or refused where that is too much."""
    january = query("Observation", ("date", "2026-01"), ("_total", "none"), ("_count", "1000"))
    expected = (await repository.search(january)).matches
    monkeypatch.setattr("careloom.store.sql.families.ROUNDS", (Round(1, 4), Round(4, 16), Round(16, 60)))
    assert (await repository.search(january)).matches == expected
    monkeypatch.setattr("careloom.store.sql.newest.MOST_GATHERED", 20)
    with pytest.raises(TooCostlyError, match="dat: too many rows"):
        await repository.search(january)


async def test_of_a_range_met_by_few_the_rows_are_gathered(
    repository: SqliteRepository, query: Callable[..., Query]
) -> None:
    _, way, *steps = await repository.explain(query("Observation", ("date", "2026-03")))
    assert way == f"{MANY // 12} rows gathered"
    assert goes_by_keys(steps), steps


async def test_what_bounds_a_search_is_told(repository: SqliteRepository, query: Callable[..., Query]) -> None:
    for parameters, bounds in {
        (PATIENT_7,): ["at most 15,000,000 steps of SQLite's machine", "at most 10,000 matches counted"],
        (("_content", "final"), ("_sort", "code"), ("_total", "accurate"), ("_include", "*")): [
            "at most 15,000,000 steps of SQLite's machine",
            "at most 20,000 candidates looked at in memory",
            "at most 10,000 matches sorted in memory",
            "at most 5,000 resources included with a page",
            "matches counted to the end",
        ],
    }.items():
        assert (await repository.explain(query("Observation", *parameters)))[-len(bounds) :] == bounds


async def test_units_not_seen_are_found_without_reading_those_that_are(repository: SqliteRepository) -> None:
    statements = load_statements("record.sql")
    for name in ("unseen", "vread"):
        told = await repository._readers.in_snapshot(
            lambda connection, name=name: connection.execute(  # type: ignore[misc]
                f"EXPLAIN QUERY PLAN {statements[name]}", {"tenant": 1, "rid": 1, "ver": 1}
            ).fetchall()
        )
        assert [row[3] for row in told if " tx " in row[3]] == [ANY_UNSEEN[name]]


ANY_UNSEEN = {
    "unseen": "SEARCH tx USING COVERING INDEX tx_unseen (tenant=? AND state>?)",
    "vread": "SEARCH tx USING COVERING INDEX tx_unseen (tenant=? AND state>?)",
}


async def test_a_beginning_finds_the_same_whatever_it_is(
    repository: SqliteRepository, query: Callable[..., Query]
) -> None:
    page = await repository.search(query("Observation", CODE, ("date", "2026-03"), ("_count", "1000")))
    expected = sum(1 for number in range(MANY) if number % 12 == 2)
    assert (page.total, len(page.matches)) == (expected, expected)


# groups


async def test_who_waits_shares_a_commit(
    tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first is held up in its turn the others gather behind it, and all are synchronised once."""
    let_groups_last(monkeypatch)
    gate = threading.Event()

    def held_up(turn: Turn) -> None:
        gate.wait(timeout=PATIENCE)
        turn.create(patient())

    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient())
        first = asyncio.create_task(repository.commit(held_up))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(repository.commit(lambda turn: turn.create(patient()))) for _ in range(40)]
        await asyncio.sleep(0.05)
        before = commits(tmp_path / "hub.db")
        gate.set()
        await asyncio.gather(first, *others)
        assert commits(tmp_path / "hub.db") - before <= 3


def commits(path: Path) -> int:
    """How many commits the log holds: frames that say how large the file is after them."""
    log = path.with_name(path.name + "-wal").read_bytes()
    page_size = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log) - page_size, page_size + 24)
    return sum(1 for at in frames if int.from_bytes(log[at + 4 : at + 8], "big"))


async def test_who_gives_up_waiting_is_passed_over(tmp_path: Path, registry: SearchParameters) -> None:
    gate = threading.Event()
    async with opened("sqlite", tmp_path, registry) as repository:
        first = asyncio.create_task(repository.commit(lambda turn: gate.wait(timeout=10)))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(repository.commit(lambda turn: turn.create(patient(), id="2")))
        third = asyncio.create_task(repository.commit(lambda turn: turn.create(patient(), id="3")))
        await asyncio.sleep(0)
        second.cancel()
        gate.set()
        await asyncio.gather(first, third)
        assert await repository.read("Patient", "2") is None
        assert await repository.read("Patient", "3") is not None


async def test_closing_finishes_what_waits(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        waiting = [asyncio.create_task(repository.commit(lambda turn: turn.create(patient()))) for _ in range(20)]
        await asyncio.sleep(0)
        await repository.close()
        assert len({version.id for version in await asyncio.gather(*waiting)}) == 20


async def test_readers_do_not_wait_for_the_writer(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow(turn: Turn) -> None:
        turn.update(patient(id="1", gender="male"))
        begun.set()
        gate.wait(timeout=PATIENCE)
        raise ConflictError("no")

    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient(id="1"))
        writing = asyncio.create_task(repository.commit(slow))
        await becomes(begun.is_set)
        read = await repository.read("Patient", "1")
        page = await repository.search(query("Patient"))
        gate.set()
        with pytest.raises(ConflictError):
            await writing
    assert read is not None and read.version_id == "1"
    assert page.matches == (read,)


async def test_whatever_a_unit_raises_the_others_are_answered(tmp_path: Path, registry: SearchParameters) -> None:
    def exhausted(turn: Turn) -> None:
        turn.create(patient(), id="x")
        next(iter(()))

    def mistaken(turn: Turn) -> None:
        raise KeyError("no such key")

    async with opened("sqlite", tmp_path, registry) as repository:
        outcomes = await asyncio.gather(
            repository.commit(exhausted),
            repository.commit(mistaken),
            repository.commit(lambda turn: turn.create(patient(), id="b")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [RuntimeError, KeyError, Version]
        assert await repository.read("Patient", "x") is None
        assert await repository.read("Patient", "b") is not None


async def test_a_broken_connection_is_made_anew(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    def breaking(turn: Any) -> None:
        turn._connection.close()

    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient(id="1", gender="male"))
        with pytest.raises(sqlite3.ProgrammingError):
            await repository.commit(breaking)
        await create(repository, patient(id="2", gender="female"))
        asked = query("Patient", ("_sort", "gender"))
        found = await repository.commit(lambda turn: turn.search(asked))
        assert [version.id for version in found] == ["2", "1"]


async def test_a_mistake_in_a_statement_undoes_its_unit_alone(tmp_path: Path, registry: SearchParameters) -> None:
    def mistaken(turn: Any) -> None:
        turn.create(patient(), id="x")
        turn._connection.execute("SELECT no_such_column")

    async with opened("sqlite", tmp_path, registry) as repository:
        outcomes = await asyncio.gather(
            repository.commit(lambda turn: turn.create(patient(), id="a")),
            repository.commit(mistaken),
            repository.commit(lambda turn: turn.create(patient(), id="b")),
            return_exceptions=True,
        )
        assert isinstance(outcomes[1], sqlite3.OperationalError)
        assert [await repository.read("Patient", id) is not None for id in "axb"] == [True, False, True]


# cost


async def test_a_search_that_takes_too_many_steps_is_stopped(
    repository: SqliteRepository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.store.sqlite.limits.MOST_STEPS", 5_000)
    monkeypatch.setattr("careloom.store.sqlite.limits._BETWEEN", 1_000)
    asked = query("Observation", ("status:not", "final"), ("date", "ge2000"))
    with pytest.raises(TooCostlyError, match="stopped"):
        await repository.search(asked)
    with pytest.raises(TooCostlyError, match="stopped"):
        await repository.commit(lambda turn: turn.search(asked))
    monkeypatch.undo()
    assert (await repository.search(asked)).total == 0
    assert len((await repository.search(query("Observation", PATIENT_7))).matches) == MANY // PATIENTS


async def test_too_many_candidates_for_memory_are_refused(
    repository: SqliteRepository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("careloom.store.sql.searching.MOST_LOOKED_AT", 50)
    monkeypatch.setattr("careloom.store.sql.searching.MOST_SORTED", 50)
    monkeypatch.setattr("careloom.store.sql.judged.MOST_JUDGED", 50)
    for parameters in (
        [("_content", "final"), ("_total", "accurate")],
        [("_sort", "code")],
        [("_content", "NOT (final)")],
    ):
        with pytest.raises(TooCostlyError):
            await repository.search(query("Observation", *parameters))
