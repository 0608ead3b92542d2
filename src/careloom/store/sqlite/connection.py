"""Connections to the database file: one that writes, any number that read."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from careloom.store.sqlite.failures import is_failure

C = TypeVar("C", bound=sqlite3.Connection)

_CACHE_KIB = {"writer": 64_000, "reader": 16_000}
_WAIT_MS = 5_000
_JOURNAL_LIMIT = 64 * 1024 * 1024


class WriterConnection(sqlite3.Connection):
    """A connection on which nothing runs any more once the disk or file has failed, until that is rolled back.

    SQLite may end the transaction by itself when it fails. Were a caller to pass over the error and go on, what follows
    would be committed piece by piece.
    """

    failure: sqlite3.Error | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As in the base class; a failure is kept, and raised again by every later call."""
        return self._run(super().execute, sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As in the base class; a failure is kept, and raised again by every later call."""
        return self._run(super().executemany, sql, parameters)

    def rollback(self) -> None:
        """Undo the transaction, if there still is one, and begin afresh."""
        super().rollback()
        self.failure = None

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

    Checkpoints are made by `careloom.store.sqlite.writer`, since SQLite's own keep their errors to themselves.
    """
    connection = _connect(f"{path.as_uri()}?mode=rwc", "writer", WriterConnection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads; a transaction on it is a snapshot."""
    connection = _connect(f"{path.as_uri()}?mode=rw", "reader", sqlite3.Connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(uri: str, use: str, factory: type[C]) -> C:
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512, factory=factory
    )
    connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB[use]}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
