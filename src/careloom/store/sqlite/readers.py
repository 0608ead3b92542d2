"""Reading connections, one to a thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from careloom.model.errors import UnavailableError
from careloom.store.sqlite.connection import connect_reader
from careloom.store.sqlite.failures import is_failure, unavailable

T = TypeVar("T")

THREADS = 4


class Readers:
    """Reads on the calling thread, when they seek one key, or on threads kept for it.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"reader of {path.name}")
        self._is_closed = False

    def here(self, read: Callable[[sqlite3.Connection], T], /, *, is_urgent: bool = False) -> T:
        """Read on this thread, quickly: each statement sees a snapshot of its own."""
        try:
            return read(self._connection())
        except sqlite3.Error as error:
            if is_failure(error):
                raise unavailable(self._path, error) from error
            raise

    async def run(self, read: Callable[[sqlite3.Connection], T], /) -> T:
        """Seek one key: quick enough for the event loop, where another thread would take longer to be asked."""
        return self.here(read)

    async def in_snapshot(self, read: Callable[[sqlite3.Connection], T], /) -> T:
        """Read on another thread, in one snapshot, without holding up the event loop."""
        if self._is_closed:
            raise UnavailableError(f"{self._path}: closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.here, _in_snapshot(read))

    async def close(self) -> None:
        """Finish the reads that run, then close all connections."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise UnavailableError(f"{self._path}: closed")
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = connect_reader(self._path)
            self._opened.append(found)
        return found


def _in_snapshot(read: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
    """The same reading, with all its statements in one snapshot."""

    def read_at_once(connection: sqlite3.Connection) -> T:
        connection.execute("BEGIN")
        try:
            return read(connection)
        finally:
            connection.rollback()

    return read_at_once
