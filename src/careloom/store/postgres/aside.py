"""Slices of large units, written beside the turns: nobody waits for them, and they wait for nobody.

What a slice writes is seen by nobody before its unit is shown, in a turn, and its vids are reserved (see
`careloom.store.sql.slices`). So it needs no turn: a connection of its own writes it while small units go on. The row of
``tx`` that says that the unit is not to be seen is locked by each slice, and by whoever shows the unit or takes it out;
so neither happens while a slice is written, be it one whose process is gone or whose COMMIT was not answered.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg

from careloom.model.errors import UnavailableError
from careloom.store.postgres.commits import commit
from careloom.store.postgres.connection import Connection, Server, connect_writer
from careloom.store.postgres.failures import told

T = TypeVar("T")


class Aside:
    """A connection that writes beside the turns, made when it is first wanted, on a thread of its own.

    Args:
        server: Where the database is.
        wrote: Called on that thread with the number of rows of each transaction.
    """

    def __init__(self, server: Server, wrote: Callable[[int], None]) -> None:
        self._server = server
        self._wrote = wrote
        self._connected: Connection | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"slices of {server.place}")
        self._is_closed = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run the work in a transaction of its own; return once that is durable.

        Raises:
            UnavailableError: The server or the network failed, or this is closed; it may be recorded all the same.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, work)

    async def close(self) -> None:
        """Finish what was begun, then close the connection."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)
        self._let_go()

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            connection = self._begun()
            result = work(connection)
            commit(connection, self._server.place)
        except BaseException as error:
            self._let_go()  # and with the connection whatever was begun on it
            if isinstance(error, psycopg.Error):
                raise told(self._server.place, error) from error
            raise
        self._wrote(connection.appended)
        connection.appended = 0
        return result

    def _begun(self) -> Connection:
        """The connection, in a transaction."""
        if self._connected is None or self._connected.is_lost:
            self._connected = connect_writer(self._server)
        self._connected.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        return self._connected

    def _let_go(self) -> None:
        connection, self._connected = self._connected, None
        if connection is not None:
            connection.close()
