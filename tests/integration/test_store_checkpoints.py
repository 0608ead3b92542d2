"""The log is moved into the file beside the writer: it does not grow for ever, and a disk that fails there is told."""

import asyncio
import sqlite3
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from tests.contract.stores import create, opened, patient
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.model.errors import UnavailableError
from careloom.search import SearchParameters
from careloom.store import Repository, Turn
from careloom.store.sqlite import transactions
from careloom.store.sqlite.checkpoints import Checkpoints
from careloom.store.sqlite.connection import WriterConnection, connect_writer, connect_writer_again

pytestmark = pytest.mark.anyio


TIMES = 8
"""Checkpoints, of which the last two need not be over."""


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


async def write(repository: Repository, number: int) -> None:
    def work(turn: Turn) -> None:
        for _ in range(20):
            turn.create(patient(name=[{"family": f"Of {number}", "text": "x" * 500}]))

    await repository.commit(work)


async def test_the_log_does_not_grow_with_what_is_written(
    tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although each checkpoint is made while something is being written, and so never comes to the end of the log."""
    is_due, go_on, is_made = threading.Event(), threading.Event(), threading.Event()
    move, made = Checkpoints._move, 0

    def move_when_told_to(self: Checkpoints) -> None:
        is_due.set()
        go_on.wait(PATIENCE)
        move(self)
        is_made.set()

    def meanwhile(turn: Turn) -> None:
        nonlocal made
        if is_due.is_set():
            go_on.set()
            assert is_made.wait(PATIENCE)
            made += 1
            for each in (is_due, go_on, is_made):
                each.clear()
        for _ in range(20):
            turn.create(patient(name=[{"text": "x" * 500}]))

    monkeypatch.setattr(Checkpoints, "_move", move_when_told_to)
    monkeypatch.setattr(transactions, "CHECKPOINT_ROWS", 500)
    async with opened("sqlite", tmp_path, registry) as repository:
        await repository.commit(meanwhile)
        first = times_begun(tmp_path / "hub.db-wal")
        async with asyncio.timeout(PATIENCE):
            while made < TIMES:
                await repository.commit(meanwhile)
        found = times_begun(tmp_path / "hub.db-wal")
        go_on.set()
    assert found >= first + TIMES - 2, "it was not begun again from its start"


def times_begun(log: Path) -> int:
    """How often the log was begun again from its start, as its header counts."""
    return int.from_bytes(log.read_bytes()[12:16], "big")


async def test_a_failed_synchronisation_beside_the_writer_is_final(
    tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Checkpoints) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    async with opened("sqlite", tmp_path, registry) as repository:
        [made] = await create(repository, patient())
        monkeypatch.setattr(Checkpoints, "_move", fails)
        monkeypatch.setattr(transactions, "CHECKPOINT_ROWS", 1)
        with pytest.raises(UnavailableError, match="must be started again"):
            async with asyncio.timeout(PATIENCE):
                for number in count():
                    await write(repository, number)
        with pytest.raises(UnavailableError, match="must be started again"):
            await create(repository, patient())
    async with opened("sqlite", tmp_path, registry) as repository:
        assert await repository.read("Patient", made.id) is not None


def until_ended(checkpoints: Checkpoints) -> None:
    until = time.monotonic() + PATIENCE
    while not checkpoints.have_ended:
        assert time.monotonic() < until
        time.sleep(0.01)
    checkpoints.end()


def test_what_is_in_the_log_comes_into_the_file(tmp_path: Path) -> None:
    connection = connect_writer(tmp_path / "a.db")
    checkpoints = Checkpoints(lambda: connect_writer(tmp_path / "a.db"), "test")
    assert not checkpoints.have_ended
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,) for _ in range(1000)])
    before = (tmp_path / "a.db").stat().st_size
    checkpoints.begin()
    checkpoints.begin()  # which is the same one
    until_ended(checkpoints)
    assert not checkpoints.have_ended
    assert (tmp_path / "a.db").stat().st_size > before + 500_000
    checkpoints.close()
    connection.close()


def test_what_comes_during_a_pass_is_moved_by_another(tmp_path: Path) -> None:
    writer = connect_writer(tmp_path / "a.db")
    writer.execute("CREATE TABLE t (a)")
    passes: list[str] = []

    def note(statement: str) -> None:
        if "wal_checkpoint" in statement:
            passes.append(statement)
            writer.execute("INSERT INTO t VALUES (?)", (f"written during pass {len(passes)}",))

    def connect() -> WriterConnection:
        connection = connect_writer(tmp_path / "a.db")
        connection.set_trace_callback(note)
        return connection

    checkpoints = Checkpoints(connect, "test")
    checkpoints.begin()
    until_ended(checkpoints)
    assert len(passes) == 2
    assert b"during pass 1" in (tmp_path / "a.db").read_bytes()
    checkpoints.close()
    writer.close()


def test_after_a_failure_there_is_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect_writer(tmp_path / "a.db")
    tried: list[int] = []

    def connect() -> sqlite3.Connection:
        tried.append(1)
        if len(tried) == 1:
            raise sqlite3.OperationalError("unable to open database file")
        return connect_writer(tmp_path / "a.db")

    checkpoints = Checkpoints(connect, "test")  # type: ignore[arg-type]  # of a factory that fails
    checkpoints.begin()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        until_ended(checkpoints)
    checkpoints.begin()
    until_ended(checkpoints)
    checkpoints.close()
    connection.close()


def test_a_file_that_was_removed_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        connect_writer_again(tmp_path / "gone.db")
    assert not (tmp_path / "gone.db").exists()
