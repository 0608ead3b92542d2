"""A failed disk stops everything on the writing connection until the transaction is undone."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from careloom.store.sqlite.connection import WriterConnection
from careloom.store.sqlite.failures import is_failed_sync, is_failure, unavailable


@pytest.fixture
def writer() -> Iterator[WriterConnection]:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=WriterConnection)
    connection.execute("CREATE TABLE t (x BLOB)")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    yield connection
    connection.close()


def test_after_a_full_disk_nothing_more_runs(writer: WriterConnection) -> None:
    writer.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError, match="full") as first:
        writer.execute("INSERT INTO t VALUES (zeroblob(100000))")
    for again in ("INSERT INTO t VALUES (1)", "COMMIT", "SELECT 1"):
        with pytest.raises(sqlite3.OperationalError) as raised:
            writer.execute(again)
        assert raised.value is first.value
    writer.rollback()
    assert writer.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_mistake_in_a_statement_is_no_failure(writer: WriterConnection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        writer.execute("SELECT nothing_like_it")
    assert writer.execute("SELECT 1").fetchone() == (1,)


def test_which_errors_are_failures() -> None:
    def error(code: int) -> sqlite3.OperationalError:
        made = sqlite3.OperationalError("told by SQLite")
        made.sqlite_errorcode = code
        return made

    assert is_failure(error(sqlite3.SQLITE_FULL))
    assert is_failure(error(sqlite3.SQLITE_IOERR_WRITE))
    assert not is_failure(error(sqlite3.SQLITE_CONSTRAINT_UNIQUE))
    assert not is_failure(ValueError("x"))
    assert is_failed_sync(error(sqlite3.SQLITE_IOERR_FSYNC))
    assert not is_failed_sync(error(sqlite3.SQLITE_IOERR_WRITE))
    told = unavailable(Path("hub.db"), error(sqlite3.SQLITE_FULL))
    assert str(told) == "hub.db: the disk is full (told by SQLite)"
