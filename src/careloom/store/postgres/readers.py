"""Reading connections, one to a thread, made when they are first wanted.

Searches are plain functions, the same that a turn runs, so they have threads rather than the event loop. A connection
that was lost is replaced, and what was being read on it is read once more: reading twice does no harm.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import psycopg

from careloom.model.errors import UnavailableError
from careloom.store.postgres.connection import Connection, Server, connect_reader
from careloom.store.postgres.failures import told

T = TypeVar("T")
Read = Callable[[Connection], T]


class Readers:
    """Reads on threads kept for it.

    Args:
        server: Where the database is.
        most: Connections at most.
    """

    def __init__(self, server: Server, most: int) -> None:
        self._server = server
        self._local = threading.local()
        self._opened: set[Connection] = set()
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=f"reader of {server.place}")
        self._is_closed = False

    def here(self, read: Read[T]) -> T:
        """Read on this thread, which waits; raises as `run` does."""
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        try:
            return self._twice(read)
        except psycopg.Error as error:
            raise told(self._server.place, error) from error

    async def run(self, read: Read[T]) -> T:
        """Read by one statement, which sees what is committed when it begins.

        Raises:
            UnavailableError: The server does not answer.
            TooCostlyError: It takes longer than it may.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.here, read)

    async def in_snapshot(self, read: Read[T]) -> T:
        """Read by several statements, which all see the same snapshot; raises as `run` does."""
        return await self.run(_in_snapshot(read))

    async def close(self) -> None:
        """Finish the reads that run, then close all connections."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _twice(self, read: Read[T]) -> T:
        known: Connection | None = getattr(self._local, "connection", None)
        if known is not None:
            try:
                return read(known)
            except psycopg.Error:
                if not known.is_lost:
                    raise
                self._opened.discard(known)
        self._local.connection = None
        self._local.connection = connect_reader(self._server)
        self._opened.add(self._local.connection)
        return read(self._local.connection)


def _in_snapshot(read: Read[T]) -> Read[T]:
    """The same reading, with all its statements in one snapshot."""

    def read_at_once(connection: Connection) -> T:
        connection.later("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            return read(connection)
        finally:
            connection.forget()
            with suppress(psycopg.Error):  # then the connection is lost, and the transaction with it
                if connection.is_in_transaction:
                    connection.execute("ROLLBACK")

    return read_at_once
