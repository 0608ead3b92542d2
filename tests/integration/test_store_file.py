"""The SQLite file: opening and reopening, whose it is, and what happens when it or the disk is not as it should be."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tests.contract.stores import BASE_URL, create, identified, let_groups_last, opened, patient, searching

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError, MalformedError, UnavailableError
from careloom.search import Query, SearchParameters
from careloom.store import Turn, Version, open_sqlite
from careloom.store.sqlite import SqliteRepository
from careloom.store.sqlite import repository as opening
from careloom.store.sqlite.connection import WriterConnection, connect_writer, connect_writer_again
from careloom.store.sqlite.migrations import Migration, migrations
from careloom.store.sqlite.transactions import Transactions
from careloom.store.sqlite.writer import Writer


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


async def refusal(path: Path, registry: SearchParameters, error: type[Exception]) -> str:
    with pytest.raises(error) as raised:
        await open_sqlite(path, tenant="north", parameters=registry)
    assert str(path) in str(raised.value)
    return str(raised.value)


# opening again


async def test_the_record_is_there_after_reopening(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        made = await create(repository, *(identified(str(number)) for number in range(5)))
        page = await repository.search(query("Patient", ("_count", "2")))
    async with opened("sqlite", tmp_path, registry) as repository:
        assert await repository.read("Patient", made[0].id) == made[0]
        asked = query("Patient", ("identifier", "3"))
        assert [version.id for version in (await repository.search(asked)).matches] == [made[3].id]
        second = await repository.search(query("Patient", ("_count", "2"), ("_page", page.next or "")))
        assert [version.id for version in second.matches] == [made[2].id, made[1].id]
        [newer] = await create(repository, patient())
        assert newer.sequence > made[-1].sequence


async def test_nobody_else_may_read_a_file_that_is_made_nor_its_log(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient())
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("hub.db*")}
    assert modes == dict.fromkeys(("hub.db", "hub.db-wal", "hub.db-shm", "hub.db.lock"), 0o600)


async def test_closing_leaves_one_file_and_the_lock(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient())
        await repository.read("Patient", "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub.db", "hub.db.lock"]


async def test_two_tenants_of_one_file_see_nothing_of_each_other(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query]
) -> None:
    async with opened("sqlite", tmp_path, registry, tenant="north") as repository:
        await create(repository, identified("1", id="a"))
        await repository.events.record_matches(7, [])
    async with opened("sqlite", tmp_path, registry, tenant="south") as repository:
        assert await repository.read("Patient", "a") is None
        assert (await repository.search(query("Patient"))).total == 0
        assert (await repository.search(query("Patient", ("identifier", "1")))).total == 0
        assert await repository.changes(0, 10) == []
        assert await repository.events.matched_to() == 0
        await create(repository, identified("1", id="a"))


# a second hub


async def test_a_second_hub_on_the_file_is_refused_with_the_pid_of_the_first(
    tmp_path: Path, registry: SearchParameters
) -> None:
    async with opened("sqlite", tmp_path, registry):
        told = await refusal(tmp_path / "hub.db", registry, UnavailableError)
        assert str(os.getpid()) in told
    async with opened("sqlite", tmp_path, registry):
        pass


async def test_another_name_of_the_file_is_the_same_file(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry):
        (tmp_path / "other.db").symlink_to(tmp_path / "hub.db")
        with pytest.raises(UnavailableError, match=str(os.getpid())):
            await open_sqlite(tmp_path / "other.db", tenant="north", parameters=registry)


async def test_a_hub_that_was_killed_holds_nothing(tmp_path: Path, registry: SearchParameters) -> None:
    script = f"""
import os, signal
from pathlib import Path
from careloom.store.sqlite.lock import HubLock
lock = HubLock(Path({str(tmp_path / "hub.db")!r}))
print("locked", flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        assert str(other.pid) in await refusal(tmp_path / "hub.db", registry, UnavailableError)
        other.kill()
        other.wait()
    async with opened("sqlite", tmp_path, registry):
        pass


# files that are not ours


async def test_a_file_of_another_kind_is_named(tmp_path: Path, registry: SearchParameters) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"PK\x03\x04 this is no database at all" * 100)
    before = path.read_bytes()
    assert "SQLite database expected" in await refusal(path, registry, MalformedError)
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path, registry: SearchParameters) -> None:
    path = tmp_path / "hub.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE track (title TEXT)")
    connection.close()
    assert "another program" in await refusal(path, registry, InvalidError)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("track",)]
    connection.close()


async def test_a_database_of_a_newer_release_is_refused(tmp_path: Path, registry: SearchParameters) -> None:
    newer = (*migrations(), Migration(9999, "later", "CREATE TABLE later (x INTEGER);"))
    with patch.object(opening, "migrations", lambda: newer):
        async with opened("sqlite", tmp_path, registry):
            pass
    assert "9999" in await refusal(tmp_path / "hub.db", registry, InvalidError)


async def test_a_migration_that_was_changed_is_noticed(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry):
        pass
    with sqlite3.connect(tmp_path / "hub.db") as connection:
        connection.execute("UPDATE migration SET checksum = 'other'")
    connection.close()
    assert "checksum" in await refusal(tmp_path / "hub.db", registry, InvalidError)


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, registry: SearchParameters) -> None:
    broken = (*migrations(), Migration(2, "broken", "CREATE TABLE half (x INTEGER);\nSELECT x FROM nowhere;"))
    with patch.object(opening, "migrations", lambda: broken), pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await open_sqlite(tmp_path / "hub.db", tenant="north", parameters=registry)
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient())


async def test_a_truncated_file_is_told(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, *(identified(str(number)) for number in range(20)))
    path = tmp_path / "hub.db"
    os.truncate(path, path.stat().st_size // 2)
    assert "damaged" in await refusal(path, registry, UnavailableError)


async def test_a_folder_that_is_missing_is_told(tmp_path: Path, registry: SearchParameters) -> None:
    assert "folder" in await refusal(tmp_path / "missing" / "hub.db", registry, UnavailableError)


async def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path, registry: SearchParameters) -> None:
    (tmp_path / "hub.db").mkdir()
    assert "cannot be opened" in await refusal(tmp_path / "hub.db", registry, UnavailableError)


# a disk that is full


def creating(resource: dict[str, Any]) -> Callable[[Turn], Version]:
    return lambda turn: turn.create(resource)


WHERE = pytest.mark.parametrize("is_light", [True, False], ids=["on the event loop", "on the thread"])


def limit(pages: int) -> Callable[[Turn], Any]:
    """Work that has the file grow no further than some pages beyond what it has; 0 lifts the limit."""

    def work(turn: Any) -> None:
        connection = turn._connection
        (used,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {used + pages if pages else 2**31 - 2}")

    return work


@WHERE
async def test_a_full_disk_is_told_and_nothing_is_half_there(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query], is_light: bool
) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, identified("0"))
        await repository.commit(limit(12))
        recorded = 1
        with pytest.raises(UnavailableError, match="full"):
            for number in range(1, 1000):
                filling = identified(str(number), text={"div": os.urandom(2000).hex()})
                await repository.commit(creating(filling), is_light=is_light)
                recorded += 1
        assert (await repository.search(query("Patient", ("_total", "accurate"), ("_count", "1")))).total == recorded
        assert len(await repository.changes(0, 1000)) == recorded
        assert (await repository.search(query("Patient", ("identifier", str(recorded))))).total == 0
        await repository.commit(limit(0))
        [made] = await create(repository, identified("after"))
        assert await repository.read("Patient", made.id) == made
    assert damage(tmp_path / "hub.db") == ["ok"]


@WHERE
async def test_what_a_full_disk_has_undone_is_not_taken_for_recorded(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query], is_light: bool
) -> None:
    new = patient(identifier=[{"system": "urn:never-seen", "value": "1"}])
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, identified("0"))
        await repository.commit(limit(12))
        with pytest.raises(UnavailableError, match="full"):
            await repository.commit(creating(new | {"text": {"div": os.urandom(200_000).hex()}}), is_light=is_light)
        await repository.commit(limit(0))
        [made] = await create(repository, new)
        found = await repository.search(query("Patient", ("identifier", "urn:never-seen|1")))
        assert [version.id for version in found.matches] == [made.id]


@WHERE
async def test_a_turn_cannot_pass_over_a_full_disk(
    tmp_path: Path, registry: SearchParameters, query: Callable[..., Query], is_light: bool
) -> None:
    def stubborn(turn: Turn) -> str:
        for number in range(100):
            try:
                turn.create(identified("stubborn", text={"div": os.urandom(3000).hex()}), id=str(number))
            except Exception:
                continue
        return "done"

    async with opened("sqlite", tmp_path, registry) as repository:
        await repository.commit(limit(12))
        with pytest.raises(UnavailableError, match="full"):
            await repository.commit(stubborn, is_light=is_light)
        assert (await repository.search(query("Patient"))).total == 0
        assert await repository.changes(0, 10) == []


async def test_a_file_that_became_read_only_is_told_and_works_again(tmp_path: Path, registry: SearchParameters) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        assert isinstance(repository, SqliteRepository) and isinstance(repository._writer, Writer)
        connection = repository._writer._transactions._connection
        connection.execute("PRAGMA query_only = ON")
        with pytest.raises(UnavailableError, match="read-only"):
            await create(repository, patient(id="1"))
        connection.execute("PRAGMA query_only = OFF")
        await create(repository, patient(id="2"))
        assert await repository.read("Patient", "1") is None
        assert [change.id for change in await repository.changes(0, 10)] == ["2"]


async def test_what_units_before_the_failing_one_have_left_is_undone_with_it(
    tmp_path: Path, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_groups_last(monkeypatch)

    def failing(turn: Turn) -> Version:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        turn._connection.failure = error  # type: ignore[attr-defined]
        return turn.create(patient(), id="2")

    async with opened("sqlite", tmp_path, registry) as repository:
        group = [
            repository.commit(work, is_light=True) for work in (lambda turn: turn.create(patient(), id="1"), failing)
        ]
        assert [UnavailableError, UnavailableError] == [
            type(each) for each in await asyncio.gather(*group, return_exceptions=True)
        ]
        await create(repository, patient(id="3"))
        assert await repository.read("Patient", "1") is None
        assert [change.id for change in await repository.changes(0, 10)] == ["3"]


def test_a_connection_that_had_to_be_made_anew_may_have_another_log(tmp_path: Path) -> None:
    path, log, aside = tmp_path / "hub.db", tmp_path / "hub.db-wal", tmp_path / "aside"
    connection = connect_writer(path)
    transactions = Transactions(
        path,
        connection,
        partial(connect_writer_again, path),
        on_kept=lambda: None,
        on_lost=lambda: None,
        settle=lambda connection: None,
    )
    transactions.begin()
    connection.execute("CREATE TABLE t (n)")
    transactions.commit()
    aside.hardlink_to(log)  # so that the number of the file is given to no other
    failed = sqlite3.OperationalError("disk I/O error")
    with patch.object(WriterConnection, "rollback", side_effect=failed):
        transactions.undo([], failed)
    transactions.begin()
    transactions._connection.execute("INSERT INTO t VALUES (1)")
    transactions.commit()
    assert not log.samefile(aside)
    transactions.close()


FAILING_WRITES = """
import asyncio, resource, sys
from pathlib import Path
from tests.contract.stores import BASE_URL, identified, searching
from careloom.definitions import Definitions
from careloom.model.errors import UnavailableError
from careloom.search import SearchParameters
from careloom.store import open_sqlite

async def main(path):
    registry = SearchParameters(Definitions.load(), base_url=BASE_URL)
    repository = await open_sqlite(path, tenant="north", parameters=registry)
    create = lambda number: repository.commit(
        lambda turn: turn.create(identified(str(number)), id=str(number)), is_light=str(number)[-1] in "02468"
    )
    await create(0)
    size = path.with_name("hub.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, resource.RLIM_INFINITY))
    outcomes = []
    for start in range(1, 400, 8):
        outcomes += await asyncio.gather(*(create(n) for n in range(start, start + 8)), return_exceptions=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    failed = [n for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, UnavailableError)]
    made = [n for n, outcome in enumerate(outcomes, 1) if not isinstance(outcome, BaseException)]
    assert failed and made and len(failed) + len(made) == len(outcomes), (failed, made)
    for n in failed:
        assert await repository.read("Patient", str(n)) is None, n
    for n in made:
        page = await repository.search(searching(registry)("Patient", ("identifier", str(n))))
        assert page.total == 1, n
    await create("after")
    await repository.close()
    print(len(made), len(failed))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_disk_that_refuses_to_write_fails_whole_groups_and_recovers(tmp_path: Path, definitions: Definitions) -> None:
    """The operating system refuses to let the log grow: a real failed write, in the middle of a commit."""
    command = [sys.executable, "-c", FAILING_WRITES, str(tmp_path / "hub.db")]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert damage(tmp_path / "hub.db") == ["ok"]


@WHERE
async def test_a_failed_synchronisation_is_final(tmp_path: Path, registry: SearchParameters, is_light: bool) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        [made] = await create(repository, patient())

        def failing(turn: Turn) -> Version:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            turn._connection.failure = error  # type: ignore[attr-defined]
            return turn.create(patient())

        with pytest.raises(UnavailableError, match="disk I/O error"):
            await repository.commit(failing, is_light=is_light)
        for each in (True, False):
            with pytest.raises(UnavailableError, match="started again"):
                await repository.commit(lambda turn: turn.create(patient()), is_light=each)
        assert await repository.read("Patient", made.id) == made


def damage(path: Path) -> list[str]:
    """What SQLite's own check says of a file."""
    connection = sqlite3.connect(path)
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    connection.close()
    return found


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_acknowledged_into_a_file_that_was_removed(
    tmp_path: Path, registry: SearchParameters, suffix: str, replaced: bool
) -> None:
    async with opened("sqlite", tmp_path, registry) as repository:
        await create(repository, patient())
        there, aside = tmp_path / f"hub.db{suffix}", tmp_path / "aside"
        there.rename(aside)
        if replaced:
            there.write_bytes(b"")
        with pytest.raises(UnavailableError, match="while the hub had it open"):
            await create(repository, patient())
        aside.replace(there)
        await create(repository, patient())
