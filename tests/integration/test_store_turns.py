"""Where turns are taken on SQLite: light ones on the event loop, all others on the writer's thread."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import BASE_URL, identified, let_groups_last, opened, patient, searching

from careloom.definitions import Definitions
from careloom.model.errors import ConflictError
from careloom.model.room import Room
from careloom.search import Query, SearchParameters
from careloom.store import Repository, Turn
from careloom.store.ids import new_id
from careloom.store.sqlite import writer
from careloom.store.sqlite.repository import SqliteRepository
from careloom.store.sqlite.writer import Writer

HERE = threading.get_ident


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
async def repository(tmp_path: Path, registry: SearchParameters) -> AsyncIterator[Repository]:
    async with opened("sqlite", tmp_path, registry) as opened_repository:
        yield opened_repository


@pytest.fixture
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


def creating(id: str) -> Callable[[Turn], int]:
    """Creates a patient, and tells on which thread."""

    def work(turn: Turn) -> int:
        turn.create(identified(id), id=id)
        return HERE()

    return work


async def test_light_work_is_done_on_the_event_loop_and_other_work_is_not(repository: Repository) -> None:
    assert await repository.commit(creating("a"), is_light=True) == HERE()
    assert await repository.commit(creating("b")) != HERE()
    for id in "ab":
        assert await repository.read("Patient", id) is not None


async def test_nobody_looks_for_what_has_an_id_made_for_it(repository: Repository) -> None:
    assert isinstance(repository, SqliteRepository) and isinstance(repository._writer, Writer)
    await repository.commit(creating("a"))  # which gives its texts their numbers
    statements: list[str] = []
    repository._writer._transactions._connection.set_trace_callback(statements.append)
    await repository.commit(lambda turn: turn.create(identified("a")))
    assert not any(text.startswith("SELECT") for text in statements)
    await repository.commit(lambda turn: turn.create(identified("a"), id="b"))
    assert any(text.startswith("SELECT") for text in statements)


@pytest.mark.parametrize("is_light", (False, True))
async def test_who_shares_a_turn_with_an_id_that_is_taken_is_recorded_all_the_same(
    repository: Repository, is_light: bool
) -> None:
    taken = new_id()
    await repository.commit(creating(taken))
    work = [creating(taken), *(lambda turn: turn.create(identified("b")).id for _ in range(3))]
    first, *others = await asyncio.gather(
        *(repository.commit(each, is_light=is_light) for each in work), return_exceptions=True
    )
    assert isinstance(first, ConflictError)
    assert len(await repository.changes(0, 10)) == 4
    assert {each.id for each in await repository.changes(0, 10)} == {taken, *others}


async def test_light_work_behind_other_work_shares_its_turn(repository: Repository) -> None:
    kinds = [index % 3 == 0 for index in range(30)]
    threads = await asyncio.gather(
        *(repository.commit(creating(str(index)), is_light=kind) for index, kind in enumerate(kinds))
    )
    assert all(thread != HERE() for thread, is_light in zip(threads, kinds, strict=True) if not is_light)
    assert [change.id for change in await repository.changes(0, 100)] == [str(index) for index in range(30)]


async def test_light_work_that_comes_together_shares_commits(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_groups_last(monkeypatch)
    commits: list[int] = []
    repository.on_commit(lambda: commits.append(1))
    await asyncio.gather(*(repository.commit(creating(str(index)), is_light=True) for index in range(40)))
    assert len(commits) < 20
    assert len(await repository.changes(0, 100)) == 40


async def test_light_work_that_searches_is_begun_again_on_the_thread(
    repository: Repository, query: Callable[..., Query]
) -> None:
    threads: list[int] = []

    def work(turn: Turn) -> str:
        threads.append(HERE())
        turn.create(patient())
        return turn.search(query("Patient", ("identifier", "a")))[0].id

    await repository.commit(creating("a"))
    assert await repository.commit(work, is_light=True) == "a"
    assert [thread == HERE() for thread in threads] == [True, False]
    assert len(await repository.changes(0, 100)) == 2, "nothing is left of the first beginning"


async def test_light_work_that_raises_undoes_itself_alone(repository: Repository) -> None:
    def failing(turn: Turn) -> None:
        turn.create(identified("half"), id="half")
        raise ValueError("changed my mind")

    done = await asyncio.gather(
        repository.commit(creating("a"), is_light=True),
        repository.commit(failing, is_light=True),
        repository.commit(creating("b"), is_light=True),
        return_exceptions=True,
    )
    assert isinstance(done[1], ValueError)
    assert [change.id for change in await repository.changes(0, 100)] == ["a", "b"]
    assert await repository.read("Patient", "half") is None


async def test_while_another_program_has_the_file_the_event_loop_goes_on(
    repository: Repository, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(repository.commit(creating("a"), is_light=True))
    loop = asyncio.get_running_loop()
    longest = 0.0
    for _ in range(20):
        before = loop.time()
        await asyncio.sleep(0.01)
        longest = max(longest, loop.time() - before)
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert await waiting != HERE()
    assert longest < 4.5, "it would have waited five seconds"
    assert await repository.commit(creating("b"), is_light=True) == HERE()


async def test_who_has_left_before_the_turn_leaves_nothing(repository: Repository) -> None:
    first = asyncio.ensure_future(repository.commit(creating("a")))
    await asyncio.sleep(0)
    gone = asyncio.ensure_future(repository.commit(creating("gone"), is_light=True))
    await asyncio.sleep(0)
    gone.cancel()
    last = asyncio.ensure_future(repository.commit(creating("b"), is_light=True))
    await asyncio.gather(first, last)
    assert {"a", "b"} <= {change.id for change in await repository.changes(0, 100)} <= {"a", "b", "gone"}


async def test_what_waits_is_done_before_the_store_closes(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        waiting = [
            asyncio.ensure_future(repository.commit(creating(str(index)), is_light=index % 2 == 0))
            for index in range(10)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    async with opened("sqlite", tmp_path, registry) as repository:
        assert len(await repository.changes(0, 100)) == 10


class Slices:
    """A record's writer, which is given slices of large units, and how often it commits."""

    def __init__(self, repository: Repository) -> None:
        assert isinstance(repository, SqliteRepository) and isinstance(repository._writer, Writer)
        self.writer = repository._writer
        connection = self.writer._transactions._connection
        connection.execute("CREATE TABLE mark (name TEXT)")
        self.statements: list[str] = []
        connection.set_trace_callback(self.statements.append)

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")

    async def begin(self, work: Callable[[Any], None]) -> "asyncio.Task[None]":
        """Have a slice wait for its turn."""
        waiting = asyncio.create_task(self.writer.run_slice(work))
        await asyncio.sleep(0)
        return waiting


def marking(name: str) -> Callable[[Any], None]:
    """Writes a row of its own."""

    def work(connection: Any) -> None:
        connection.execute("INSERT INTO mark VALUES (?)", (name,))

    return work


def is_marked(repository: Any, name: str) -> bool:
    row = repository._readers.here(lambda each: each.execute("SELECT 1 FROM mark WHERE name = ?", (name,)).fetchone())
    return row is not None


@pytest.fixture
def expecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small requests have been coming, and a slice waits for the next of them for ever."""
    monkeypatch.setattr(Room, "is_expected", True)
    monkeypatch.setattr(writer, "COMPANY_SECONDS", 3600.0)


@pytest.mark.usefixtures("expecting")
@pytest.mark.parametrize("is_light", (False, True))
async def test_a_slice_of_a_large_unit_shares_the_commit_of_a_small_one(repository: Repository, is_light: bool) -> None:
    slices = Slices(repository)
    waiting = await slices.begin(marking("slice"))
    await repository.commit(creating("a"), is_light=is_light)
    await waiting
    assert slices.commits == 1
    assert is_marked(repository, "slice")


@pytest.mark.usefixtures("expecting")
async def test_each_commit_takes_one_slice_along(repository: Repository) -> None:
    slices = Slices(repository)
    first, second = await slices.begin(marking("first")), await slices.begin(marking("second"))
    await repository.commit(creating("a"), is_light=True)
    await first
    assert not second.done()
    await repository.commit(creating("b"), is_light=True)
    await second
    assert slices.commits == 2


@pytest.mark.usefixtures("expecting")
async def test_a_slice_that_raises_undoes_itself_alone(repository: Repository) -> None:
    def failing(connection: Any) -> None:
        marking("half")(connection)
        raise ConflictError("no")

    waiting = await Slices(repository).begin(failing)
    await repository.commit(creating("a"), is_light=True)
    with pytest.raises(ConflictError):
        await waiting
    assert not is_marked(repository, "half")
    assert await repository.read("Patient", "a") is not None


@pytest.mark.parametrize("is_expected", (False, True))
async def test_a_slice_is_written_though_nobody_comes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, is_expected: bool
) -> None:
    monkeypatch.setattr(Room, "is_expected", is_expected)
    slices = Slices(repository)
    await asyncio.gather(*(slices.writer.run_slice(marking(str(number))) for number in range(3)))
    assert [is_marked(repository, str(number)) for number in range(3)] == [True] * 3
    assert slices.commits > 1, "so that a small one that comes between them has its turn"


@pytest.mark.usefixtures("expecting")
async def test_a_slice_that_waits_is_written_at_the_end(repository: Repository) -> None:
    slices = Slices(repository)
    waiting = await slices.begin(marking("last"))
    await slices.writer.close()
    await waiting
    assert is_marked(repository, "last")
