"""Reading connections, made when they are first wanted, as many as there may be, whatever thread reads.

Searches are plain functions, the same that a turn runs, so they have threads rather than the event loop. A connection
that was lost is replaced, and what was being read on it is read once more: reading twice does no harm.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
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
        self._free = threading.BoundedSemaphore(most)
        self._idle: deque[Connection] = deque()
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=f"reader of {server.place}")
        self._is_closed = False

    def here(self, read: Read[T], /, *, is_urgent: bool = False) -> T:
        """Read on this thread, which waits; raises as `run` does.

        Args:
            read: Reads; what it calls may read here, too, and gets the same connection.
            is_urgent: Not to wait for one of the others to end, who may be waiting for this thread.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        held: Connection | None = getattr(self._local, "held", None)
        try:
            if held is not None:
                return read(held)
            with nullcontext() if is_urgent else self._free:
                return self._twice(read)
        except psycopg.Error as error:
            raise told(self._server.place, error) from error

    async def run(self, read: Read[T], /) -> T:
        """Read by one statement, which sees what is committed when it begins.

        Raises:
            UnavailableError: The server does not answer.
            TooCostlyError: It takes longer than it may.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.here, read)

    async def in_snapshot(self, read: Read[T], /) -> T:
        """Read by several statements, which all see the same snapshot; raises as `run` does."""
        return await self.run(_in_snapshot(read))

    async def close(self) -> None:
        """Finish the reads that run, then close all connections."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)
        self._drop_idle()

    def _twice(self, read: Read[T]) -> T:
        known = self._taken()
        if known is not None:
            try:
                return self._on(known, read)
            except psycopg.Error:
                if not known.is_lost:
                    raise
                self._drop_idle()  # what was lost by one is lost by all, when a server has gone
        return self._on(connect_reader(self._server), read)

    def _on(self, connection: Connection, read: Read[T]) -> T:
        self._local.held = connection
        try:
            return read(connection)
        finally:
            self._local.held = None
            if self._is_closed or connection.is_lost:
                connection.close()
            else:
                self._idle.append(connection)

    def _taken(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _drop_idle(self) -> None:
        while (connection := self._taken()) is not None:
            connection.close()


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
