"""One turn after the other, though many processes write.

Each process has one writing thread with one connection, and what waits for it shares a commit, as on SQLite. Between
processes the turns are kept in a row by a lock of the server, one for each tenant::

    BEGIN
    SELECT pg_advisory_xact_lock(tenant)   waits until the group of another process is committed or undone
    SELECT max(vid)                        so the numbers of this group are greater than any that anybody can see
      work of the first caller             leaves its rows to the group
      SAVEPOINT unit  work of the second   ROLLBACK TO unit, it searched and raised
      rows of the group
    COMMIT                                 durable; the lock goes to the next, in the order of asking

The transaction is READ COMMITTED: each statement sees what was committed before it began, and the first that looks at
the record begins when the lock is held. (Under REPEATABLE READ the snapshot would be taken while still waiting, and
conditions would be tested against a record that others have changed since.) So a condition tested in a turn holds when
the turn writes, whoever else writes. Commits of a tenant follow one another in the order of their vids: whoever sees a
vid sees every smaller one there will ever be, which is what the change log and the snapshots of pages rest on.

A process that dies loses its connection, and with it its transaction and the lock. One that stands still loses them,
too: whoever has waited for ``lock_seconds``, and finds that the one before has asked nothing of the server for half of
them, has its connection ended. (The server's own limit, ``idle_in_transaction_session_timeout``, is set as well, and
does not do: statements that are sent together leave a Flush behind the Sync, by which the server takes its client for
awake, and it waits for the next statement without a limit.)

When the connection is lost while a COMMIT is on its way, the record is asked what became of it: each transaction leaves
its serial in a row of the process, which is there if and only if the rest of it is. (Its number in the server would not
do. A server that crashes may give a number anew that nothing on the disk speaks of, and would then tell of another's
transaction.)
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

import psycopg

from careloom.model.errors import TooCostlyError, UnavailableError
from careloom.model.records import dataclass
from careloom.store.postgres.connection import Connection, Server, connect_writer
from careloom.store.postgres.failures import is_failure, told, unavailable
from careloom.store.sql.statements import load_statements

T = TypeVar("T")
Work = Callable[[Connection], T]

GROUP_SECONDS = 0.05
"""A group that has run this long takes nobody more in, so that the first in it is not kept waiting."""

OUTCOME_SECONDS = 10.0
"""How long to ask what became of a commit whose answer was lost."""

CHANNEL = "careloom_changes"
"""Where a commit that wrote to the change log is announced to the other processes, with the number of the tenant."""

_LOCK_SPACE = 0x434C4F4D
"""Keeps our advisory locks apart from those of others: the letters CLOM."""

_SQL = load_statements("postgres.sql")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Unit:
    """What one caller wants done, and where the answer goes."""

    work: Work[Any]
    answer: asyncio.Future[Any]
    has_news: Callable[[], bool]
    leaves_rows: bool = False
    result: Any = None
    error: BaseException | None = None

    @property
    def is_wanted(self) -> bool:
        return not self.answer.cancelled()

    @property
    def brings_news(self) -> bool:
        return self.error is None and self.has_news()


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
        self._connected: Connection | None = None
        self._name = uuid4().hex
        self._serial = 0
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
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
        unit = _Unit(work, self._loop.create_future(), has_news, leaves_rows)
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

    def _commit_group(self, group: list[_Unit]) -> bool:
        """Run the first unit and all that wait behind it; whether the writer is to end after this group."""
        is_last = False
        try:
            connection = self._begun()
            is_last = self._run_group(connection, group)
            self._settle_rows(connection)
            self._commit(connection, any(unit.brings_news for unit in group))
            self._on_kept()
        except BaseException as error:
            self._undo(group, error)
        return is_last

    def _begun(self) -> Connection:
        """The connection, in a transaction that has its turn; made anew when the old one was lost between groups."""
        connection = self._connected
        if connection is not None and not connection.is_lost:
            try:
                return self._take_turn(connection)
            except psycopg.Error:
                if not connection.is_lost:
                    raise
        self._connected = connect_writer(self._server)
        self._connected.execute(_SQL["forget_writers"], self._key)
        return self._take_turn(self._connected)

    def _take_turn(self, connection: Connection) -> Connection:
        """Begin, when the turns of others are over; one that stands still is not waited for a second time."""
        try:
            return self._turn_taken(connection)
        except psycopg.errors.LockNotAvailable:
            connection.forget()
            connection.execute("ROLLBACK")
            if not self._end_standstill(connection):
                raise
            return self._turn_taken(connection)

    def _end_standstill(self, connection: Connection) -> bool:
        """End the turn of a process that stands still; whether there was one."""
        values = self._key | {"space": _LOCK_SPACE, "seconds": self._server.lock_seconds / 2}
        [ended] = connection.execute(_SQL["end_standstill"], values).fetchone() or (0,)
        if ended:
            _log.warning("%s: the turn of a process that stands still was ended", self._server.place)
        return bool(ended)

    def _turn_taken(self, connection: Connection) -> Connection:
        connection.later("BEGIN ISOLATION LEVEL READ COMMITTED")
        take_turn(connection, self._tenant)
        self._serial += 1
        mark = {"writer": self._name, "serial": self._serial}
        newest, recorded = connection.execute(_SQL["begin_group"], self._key | mark).fetchone() or (0, 0)
        self._on_turn(newest, recorded)
        return connection

    @property
    def _key(self) -> dict[str, Any]:
        return {"tenant": self._tenant}

    def _run_group(self, connection: Connection, group: list[_Unit]) -> bool:
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

    def _run_unit(self, connection: Connection, unit: _Unit) -> None:
        """Run one unit; what it raises is kept for its caller, unless the server is at fault."""
        if not unit.is_wanted:
            return
        if not unit.leaves_rows:
            self._settle_rows(connection)
            connection.begin_unit()
        try:
            unit.result = unit.work(connection)
        except BaseException as error:
            if connection.is_lost or (is_failure(error) and not _is_over_time(error)):
                raise
            connection.undo_unit()
            unit.error = _tellable(self._server.place, error)
        else:
            connection.end_unit()

    def _commit(self, connection: Connection, has_news: bool) -> None:
        """Make the group durable.

        Raises:
            UnavailableError: It is not, or nobody can tell.
        """
        if has_news:
            connection.later(_SQL["announce"], self._key | {"channel": CHANNEL})
        try:
            ended = connection.execute("COMMIT")
        except psycopg.Error as error:
            if not connection.is_lost:
                raise
            self._settle(error)
        else:
            if ended.statusmessage != "COMMIT":
                raise UnavailableError(f"{self._server.place}: the server undid a transaction instead of committing it")

    def _settle(self, lost: psycopg.Error) -> None:
        """Find out whether a transaction was committed whose answer was lost with the connection."""
        place = self._server.place
        until = time.monotonic() + OUTCOME_SECONDS
        while True:
            with suppress(psycopg.Error):
                if self._is_committed():
                    return
                raise unavailable(place, lost) from lost
            if time.monotonic() > until:
                raise UnavailableError(
                    f"{place}: the connection was lost during a commit, and whether it was made cannot be known yet; "
                    "look before doing it again"
                ) from lost
            time.sleep(0.1)

    def _is_committed(self) -> bool:
        """Whether the newest transaction of this writer was; asked in a turn, which comes when that one has ended."""
        connection = connect_writer(self._server)
        try:
            connection.later("BEGIN ISOLATION LEVEL READ COMMITTED")
            take_turn(connection, self._tenant)
            row = connection.execute(_SQL["newest_serial"], self._key | {"writer": self._name}).fetchone()
        finally:
            connection.close()
        return row is not None and row[0] == self._serial

    def _undo(self, group: list[_Unit], error: BaseException) -> None:
        """Leave nothing of the group in the database, and tell each of its callers."""
        for unit in group:
            unit.error = _tellable(self._server.place, error)
        self._on_lost()
        connection, self._connected = self._connected, None
        if connection is not None and not connection.is_lost:
            try:
                connection.forget()
                connection.execute("ROLLBACK")
                self._connected = connection
            except psycopg.Error:
                connection.close()

    def _answer(self, group: list[_Unit]) -> None:
        """On the event loop: give each caller what came of its unit."""
        for unit in group:
            if unit.answer.done():
                continue
            if unit.error:
                unit.answer.set_exception(unit.error)
            else:
                unit.answer.set_result(unit.result)
        if any(unit.brings_news for unit in group):
            self._on_news()


def take_turn(connection: Connection, tenant: int) -> None:
    """Have the next statement wait until it is this transaction's turn to write for a tenant."""
    connection.later(_SQL["take_turn"], {"space": _LOCK_SPACE, "tenant": tenant})


def _is_over_time(error: BaseException) -> bool:
    """Whether a unit's own search took too long, which is no fault of the server."""
    return isinstance(error, psycopg.errors.QueryCanceled | TooCostlyError)


def _tellable(place: str, error: BaseException) -> BaseException:
    """The error as a caller is told, and as a future can carry it: a StopIteration it cannot."""
    if isinstance(error, psycopg.Error):
        found = told(place, error)
        if found is not error:
            found.__cause__ = error
        return found
    if not isinstance(error, StopIteration):
        return error
    raised = RuntimeError("the work raised StopIteration")
    raised.__cause__ = error
    return raised
