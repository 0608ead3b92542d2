"""Large units are written beside small ones, and seen at once or not at all."""

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, create, observation, opened, patient, searching

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn, Version
from careloom.store.history import HistoryQuery
from careloom.store.sql import large as module
from careloom.store.sql import slices
from careloom.store.sql.dialect import Connection
from careloom.store.sql.repository import SqlRepository

MANY = 1_200


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


@pytest.fixture
async def repository(tmp_path: Path, registry: SearchParameters) -> AsyncIterator[Repository]:
    async with opened("sqlite", tmp_path, registry) as store:
        await create(store, patient(id="1", gender="male"), *(observation(id=f"old{n}") for n in range(30)))
        yield store


def large(turn: Turn) -> list[Version]:
    """Many new observations, and one patient changed."""
    written = [turn.create(observation(subject={"reference": "Patient/1"}), id=f"o{n}") for n in range(MANY)]
    return [*written, turn.update(patient(id="1", gender="female"))]


async def seen(repository: Repository, query: Callable[..., Query]) -> tuple[int, int, int, int]:
    """How much of the large unit is seen by search, read, history and change log, one after the other."""
    vread = await repository.vread("Patient", "1", "2")
    page = await repository.search(query("Observation", ("subject", "Patient/1"), ("_total", "accurate")))
    reads = [await repository.read("Observation", f"o{n}") is not None for n in range(0, MANY, 100)]
    history = await repository.history(HistoryQuery(types=("Observation",), count=10_000))
    changes = await repository.changes(0, 10_000)
    assert vread is None or page.total
    assert reads == sorted(reads)  # it may be shown between two of them
    return page.total or 0, sum(reads), len(history.versions) - 30, len(changes) - 31


async def test_it_is_seen_at_once(
    repository: Repository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, ...]] = []
    loading = asyncio.create_task(repository.commit(large, size=MANY))
    while not loading.done():
        told.append(await seen(repository, query))
        await repository.commit(lambda turn: turn.create(patient()))
        await asyncio.sleep(0.05)
    changed = len(await repository.changes(0, 10_000))
    versions = await loading
    for part in (0, 2):
        assert {each[part] for each in told} <= {0, MANY}
    assert (await seen(repository, query))[:3] == (MANY, MANY // 100, MANY)
    assert changed == 31 + len(told) + MANY + 1
    assert await repository.read("Patient", "1") == versions[-1]


async def test_a_page_begun_before_goes_on_as_it_was(
    repository: Repository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it was begun while the slices were being written."""
    pages: list[tuple[Query, list[Version]]] = []
    show = slices.show

    def paged(*arguments: object) -> None:
        asked = query("Observation", ("_count", "7"))
        loop.call_soon_threadsafe(lambda: begun.append(loop.create_task(repository.search(asked))))
        show(*arguments)  # type: ignore[arg-type]

    loop = asyncio.get_running_loop()
    begun: list[asyncio.Task[object]] = []
    first = await repository.search(query("Observation", ("_count", "7")))
    pages.append((query("Observation", ("_count", "7")), list(first.matches)))
    males = query("Patient", ("gender", "male"), ("_count", "1"))
    assert (await repository.search(males)).total == 1
    monkeypatch.setattr(module, "show", paged)
    await repository.commit(large, size=MANY)
    found, page = list(first.matches), first
    while page.next:
        page = await repository.search(replace(query("Observation", ("_count", "7")), page=page.next))
        found += page.matches
    assert len(found) == 30 == len({version.reference for version in found})
    assert (await repository.search(males)).total == 0


async def test_a_condition_meets_none_of_it_before_it_is_seen(
    repository: Repository, query: Callable[..., Query]
) -> None:
    asked = query("Observation", ("subject", "Patient/1"))

    def look(turn: Turn) -> tuple[bool, bool]:
        return bool(turn.search(asked)), turn.read("Observation", f"o{MANY - 1}") is not None

    writing = asyncio.create_task(repository.commit(large, size=MANY))
    looks = []
    while not writing.done():
        looks.append(await repository.commit(look))
    await writing
    assert (False, False) in looks
    assert {(False, False), (True, True)} == {*looks, await repository.commit(look)}


async def test_who_was_overtaken_is_done_again_in_a_turn(
    repository: Repository, query: Callable[..., Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def overtaken(turn: Turn) -> int:
        runs.append(1)
        before = turn.read("Patient", "1")
        assert before is not None
        if len(runs) == 1:
            asyncio.run_coroutine_threadsafe(overtake(), loop).result()
        large(turn)
        return int(before.version_id)

    async def overtake() -> None:
        await repository.commit(lambda turn: turn.update(patient(id="1", gender="other")))

    loop = asyncio.get_running_loop()
    assert await repository.commit(overtaken, size=MANY) == 2
    assert len(runs) == 2
    newest = await repository.read("Patient", "1")
    assert newest is not None and newest.version_id == "3"
    assert (await seen(repository, query))[0] == MANY


async def test_who_was_overtaken_in_what_it_writes_unseen_is_done_again_too(repository: Repository) -> None:
    runs: list[int] = []

    def overtaken(turn: Turn) -> str:
        runs.append(1)
        written = large(turn)
        if len(runs) == 1:
            asyncio.run_coroutine_threadsafe(overtake(), loop).result()
        return written[-1].version_id

    async def overtake() -> None:
        await repository.commit(lambda turn: turn.update(patient(id="1", gender="other")))

    loop = asyncio.get_running_loop()
    assert await repository.commit(overtaken, size=MANY) == "3"
    history = await repository.history(HistoryQuery(types=("Patient",), id="1"))
    genders = [(each.resource or {})["gender"] for each in history.versions]
    assert genders == ["female", "other", "male"]


async def test_what_asks_for_a_turn_gets_one(repository: Repository, query: Callable[..., Query]) -> None:
    def conditional(turn: Turn) -> int:
        turn.create(observation(subject={"reference": "Patient/9"}))
        return len(turn.search(query("Observation", ("subject", "Patient/9"))))

    assert await repository.commit(conditional, size=MANY) == 1


async def test_what_raises_leaves_nothing(repository: Repository, query: Callable[..., Query]) -> None:
    def failing(turn: Turn) -> None:
        large(turn)
        raise InvalidError("no")

    with pytest.raises(InvalidError):
        await repository.commit(failing, size=MANY)
    assert await seen(repository, query) == (0, 0, 0, 0)


CRASHING = """
    import asyncio, os, sys
    from pathlib import Path
    from careloom.definitions import Definitions
    from careloom.search import SearchParameters
    from careloom.store import open_sqlite
    from careloom.store.sql import large as module

    def crash(*arguments):
        os._exit(9)

    async def main():
        parameters = SearchParameters(Definitions.load(), base_url=sys.argv[2])
        repository = await open_sqlite(Path(sys.argv[1]), tenant="north", parameters=parameters)
        module.show = crash
        resource = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/1"}}
        await repository.commit(lambda turn: [turn.create(resource, id=f"o{n}") for n in range(1200)], size=1200)

    asyncio.run(main())
"""


async def test_what_a_crash_leaves_is_taken_out(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    path = tmp_path / "hub.db"
    code = textwrap.dedent(CRASHING)
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(path), BASE_URL], env=dict(os.environ), check=False
    )
    assert ended.returncode == 9
    async with opened("sqlite", tmp_path, registry) as repository:
        page = await repository.search(query("Observation", ("_total", "accurate")))
        assert (page.total, await repository.changes(0, 10)) == (0, [])
        assert (await repository.history(HistoryQuery())).versions == ()
        await repository.commit(lambda turn: turn.create(observation(), id="o1"))
        assert await repository.read("Observation", "o1") is not None


UNIT = "INSERT INTO tx (tenant, tx, last, state, cause) VALUES (:tenant, :vid, :vid, :state, '')"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.usefixtures("postgres")
async def test_a_search_sees_neither_what_is_being_written_nor_what_is_being_taken_out(
    database: str, tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    async with opened(database, tmp_path, registry) as store:
        made = await create(store, *(observation(id=f"n{n}") for n in range(3)))
        assert isinstance(store, SqlRepository)
        tenant = store._tenancy.number
        values = [{"tenant": tenant, "vid": made[n].sequence, "state": state} for n, state in enumerate((1, 2))]

        def mark(connection: Connection) -> None:
            for each in values:
                connection.execute("DELETE FROM tx WHERE tenant = :tenant AND tx = :vid", each)
                connection.execute(UNIT, each)

        await store._write(mark)
        page = await store.search(query("Observation"))
        assert [version.id for version in page.matches] == ["n2"]
