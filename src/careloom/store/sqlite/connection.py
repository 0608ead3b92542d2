"""Connections to the database file: one that writes, any number that read."""

import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from careloom.model.errors import UnavailableError
from careloom.store.sql.dialect import Connection
from careloom.store.sqlite.failures import is_failure

C = TypeVar("C", bound=sqlite3.Connection)

_WAITING = "busy_timeout = 5000"
"""Milliseconds, for another program that has the file locked."""

_SETTINGS = (_WAITING, "temp_store = MEMORY")
_WRITER_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 0",
    "secure_delete = FAST",
    f"journal_size_limit = {64 * 1024 * 1024}",
    "cache_size = -16000",  # KiB; the system keeps the pages, too, and a larger one is no quicker
)
_READER_SETTINGS = ("query_only = ON", "cache_size = -8000")


class WriterConnection(sqlite3.Connection):
    """A connection on which nothing runs any more once the disk or file has failed, until that is rolled back.

    SQLite may end the transaction by itself when it fails. Were a caller to pass over the error and go on, what follows
    would be committed piece by piece.
    """

    failure: sqlite3.Error | None = None
    is_in_unit = False
    must_be_quick = False

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As in the base class; a failure is kept, and raised again by every later call."""
        return self._run(super().execute, sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As in the base class; a failure is kept, and raised again by every later call."""
        return self._run(super().executemany, sql, parameters)

    def begin(self) -> None:
        """Begin a transaction, if need be after another program.

        Raises:
            sqlite3.Error: The disk or file failed, or is locked for long.
        """
        self.must_be_quick = False
        self.execute("BEGIN IMMEDIATE")

    def begin_at_once(self) -> bool:
        """Begin a transaction in which everything must be quick, unless that takes waiting or fails."""
        super().execute("PRAGMA busy_timeout = 0")
        try:
            super().execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return False
        finally:
            super().execute(f"PRAGMA {_WAITING}")
        self.must_be_quick = True
        return True

    def rollback(self) -> None:
        """Undo the transaction, if there still is one, and begin afresh."""
        super().rollback()
        self.failure = None
        self.is_in_unit = False

    def begin_unit(self) -> None:
        """Begin what `undo_unit` undoes."""
        self.execute("SAVEPOINT unit")
        self.is_in_unit = True

    def end_unit(self) -> None:
        """Keep what was done since `begin_unit`, as far as the transaction is kept."""
        if self.is_in_unit:
            self.execute("RELEASE unit")
            self.is_in_unit = False

    def undo_unit(self) -> None:
        """Undo what was done since `begin_unit`, if anything."""
        if self.is_in_unit:
            self.execute("ROLLBACK TO unit")
            self.end_unit()

    def _run(self, run: Callable[[str, Any], sqlite3.Cursor], sql: str, parameters: Any) -> sqlite3.Cursor:
        if self.failure:
            raise self.failure
        try:
            return run(sql, parameters)
        except sqlite3.Error as error:
            if is_failure(error):
                self.failure = error
            raise


def connect_writer(path: Path) -> WriterConnection:
    """The connection that writes: write-ahead log, synchronised at each commit; makes the file if it is missing.

    Only its owner may read a file that is made here, since patients are in it; one that is there stays as it is.
    Checkpoints are made by `careloom.store.sqlite.writer`, since SQLite's own keep their errors to themselves.
    """
    if not path.exists():
        make_private(path)
    return connect_writer_again(path)


def connect_writer_again(path: Path) -> WriterConnection:
    """Another connection that writes, to a file that is there: one that was removed meanwhile is not made anew.

    Raises:
        sqlite3.Error: It cannot be connected to.
    """
    return _connect(f"{path.as_uri()}?mode=rw", WriterConnection, (*_SETTINGS, *_WRITER_SETTINGS))


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read; SQLite gives its log the same permissions.

    Raises:
        UnavailableError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return  # somebody else was faster, and it is theirs to say who reads it
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be made: {error.strerror}") from error


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads; a transaction on it is a snapshot."""
    return _connect(f"{path.as_uri()}?mode=rw", sqlite3.Connection, (*_SETTINGS, *_READER_SETTINGS))


def set_secure_delete(connection: Connection, mode: str) -> None:
    """How thoroughly what is deleted is overwritten.

    ``FAST`` overwrites it within pages that are written anyway, ``ON`` also in pages that become free, which makes
    writing a third slower: it is for erasing.
    """
    connection.execute(f"PRAGMA secure_delete = {mode}").fetchall()


def _connect(uri: str, factory: type[C], settings: Iterable[str]) -> C:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512, factory=factory
    )
    try:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection
