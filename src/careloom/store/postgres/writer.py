"""One turn after the other, though many processes write.

Each process has one writing thread with one connection, and what waits for it shares a commit, as on SQLite. Between
processes the turns are kept in a row by a lock of the server (`careloom.store.postgres.turns`)::

    BEGIN
    SELECT pg_advisory_xact_lock(tenant)   waits until the group of another process is committed or undone
    SELECT max(vid)                        so the numbers of this group are greater than any that anybody can see
      work of the callers                  one unit behind the other (`careloom.store.postgres.units`)
      rows of the group
    COMMIT                                 durable; the lock goes to the next, in the order of asking
                                           (`careloom.store.postgres.commits`)
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

import psycopg

from careloom.model.errors import UnavailableError
from careloom.model.room import ROOM
from careloom.store.postgres.commits import Commits
from careloom.store.postgres.connection import Connection, Server, connect_writer
from careloom.store.postgres.statistics import Statistics
from careloom.store.postgres.turns import Turns
from careloom.store.postgres.units import Work, fail, run_unit
from careloom.store.sql.statements import load_statements
from careloom.store.sql.units import Unit, answer

T = TypeVar("T")

GROUP_SECONDS: Final = 0.05
"""A group that has run this long takes nobody more in, so that the first in it is not kept waiting."""

_SQL = load_statements("postgres.sql")


class Writer:
    """The writing thread of one process.

    Args:
        server: Where the database is.
        tenant: Number of the tenant, whose turns are kept in a row.
        on_turn: Called on the writer's thread when a group's turn has come, with the newest vid in the database, and
            the newest of a SearchParameter.
        on_news: Called on the event loop when a commit is durable in which some unit had news.
        on_kept: Called on the writer's thread when a group is durable, so that what it added may be remembered.
        on_lost: Called on the writer's thread when a group was undone, so that what was remembered of it is forgotten.
        settle: Writes what the units of a group have left to be written.

    Attributes:
        statistics: Hears how many rows were written.
    """

    def __init__(
        self,
        server: Server,
        tenant: int,
        *,
        on_turn: Callable[[int, int], None],
        on_news: Callable[[], None],
        on_kept: Callable[[], None],
        on_lost: Callable[[], None],
        settle: Callable[[Connection], None] = lambda connection: None,
    ) -> None:
        self._server = server
        self._tenant = tenant
        self._on_turn = on_turn
        self._on_news = on_news
        self._on_kept = on_kept
        self._on_lost = on_lost
        self._settle_rows = settle
        self._turns = Turns(server, tenant)
        self._commits = Commits(server, tenant, self._turns)
        self.statistics = Statistics(server)
        self._connected: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=f"writer of {server.place}", daemon=True)
        self._thread.start()

    async def run(
        self,
        work: Work[T],
        *,
        has_news: Callable[[], bool] = lambda: False,
        leaves_rows: bool = False,
        is_light: bool = False,
    ) -> T:
        """Run the work in a transaction on the writer's thread; return once that is durable.

        Args:
            work: Gets the connection.
            has_news: Asked when it is done.
            leaves_rows: Whether it leaves what it writes to ``settle``, or else begins a unit on the connection.
            is_light: Of no meaning here, where the server is waited for at each step.

        Raises:
            UnavailableError: The server or the network failed, or the writer is closed; nothing of the work is
                recorded, unless the message says that this cannot be known.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._server.place}: closed")
        unit = Unit(work, self._loop.create_future(), has_news, leaves_rows, is_small=ROOM.is_for_small)
        self._waiting.put(unit)
        result: T = await unit.answer
        return result

    @property
    def is_awaited(self) -> bool:
        """As in `careloom.store.sql.connections.Writer`."""
        return not self._waiting.empty()

    @property
    def process(self) -> int:
        """The server's number for this writer's connection, by which its announcements are known; 0 without one."""
        connection = self._connected
        return 0 if connection is None or connection.is_lost else connection.raw.info.backend_pid

    async def close(self) -> None:
        """Do what is waiting, then end the thread and close the connection."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        is_last = False
        while not is_last and (first := self._waiting.get()):
            group = [first]
            is_last = self._commit_group(group)
            try:
                self._loop.call_soon_threadsafe(self._answer, group)
            except RuntimeError:
                break  # the event loop was closed, and with it went everybody who waited
        if self._connected:
            self._connected.close()
        self.statistics.close()

    def _commit_group(self, group: list[Unit]) -> bool:
        """Run the first unit and all that wait behind it; whether the writer is to end after this group."""
        is_last = False
        try:
            connection = self._begun()
            is_last = self._run_group(connection, group)
            self._settle_rows(connection)
            with ROOM.at_disk(sum(unit.is_small for unit in group)):
                self._commits.make(connection, has_news=any(unit.brings_news for unit in group))
            self._on_kept()
            self.statistics.wrote(connection.appended)
            connection.appended = 0
        except BaseException as error:
            self._undo(group, error)
        return is_last

    def _begun(self) -> Connection:
        """The connection, in a transaction that has its turn; made anew when the old one was lost between groups."""
        connection = self._connected
        if connection is not None and not connection.is_lost:
            try:
                return self._in_turn(connection)
            except psycopg.Error:
                if not connection.is_lost:
                    raise
        self._connected = connect_writer(self._server)
        self._connected.execute(_SQL["forget_writers"], {"tenant": self._tenant})
        return self._in_turn(self._connected)

    def _in_turn(self, connection: Connection) -> Connection:
        newest, recorded = self._turns.take(connection, self._commits.begin)
        self._on_turn(newest, recorded)
        return connection

    def _run_group(self, connection: Connection, group: list[Unit]) -> bool:
        self._run_unit(connection, group[0])
        until = time.monotonic() + GROUP_SECONDS
        while time.monotonic() < until:
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if unit is None:
                return True
            group.append(unit)
            self._run_unit(connection, unit)
        return False

    def _run_unit(self, connection: Connection, unit: Unit) -> None:
        run_unit(connection, unit, self._server.place, self._settle_rows)

    def _undo(self, group: list[Unit], error: BaseException) -> None:
        """Leave nothing of the group in the database, and tell each of its callers."""
        fail(group, self._server.place, error)
        self._on_lost()
        connection, self._connected = self._connected, None
        if connection is not None and not connection.is_lost:
            try:
                connection.forget()
                connection.execute("ROLLBACK")
                self._connected = connection
            except psycopg.Error:
                connection.close()

    def _answer(self, group: list[Unit]) -> None:
        """On the event loop: give each caller what came of its unit, and tell of what is new."""
        answer(group)
        if any(unit.brings_news for unit in group):
            self._on_news()
