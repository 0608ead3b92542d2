"""One thread writes, and what waits for it shares a commit.

A durable commit costs one synchronisation of the disk, some milliseconds on a slow one, however much is in it. So the
writer takes everything that waits, runs it as one transaction, and synchronises once::

    BEGIN
      work of the first caller, which leaves its rows to the group
      work of the second, which raised and leaves none
      rows of the group, SAVEPOINT unit, work of the third, which searches, RELEASE
      work of the fourth
      rows of the group
    COMMIT, then all are answered

A unit that raises loses what it wrote and nothing else. When the disk or the file fails, at the commit or before, the
whole group is undone and each of its callers is told `UnavailableError`; the next group starts afresh, so the store
works again as soon as the disk does. One failure is final: when the disk does not confirm a synchronisation, what it
holds cannot be known any more, and every later call is refused until the hub is started again and SQLite has recovered
the file from its log.

Checkpoints (moving the log into the file) are made beside this thread, and finished by it after the callers have their
answers, see `careloom.store.sqlite.checkpoints`.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass
from careloom.store.sqlite.checkpoints import Checkpoints
from careloom.store.sqlite.connection import WriterConnection
from careloom.store.sqlite.failures import is_failed_sync, is_failure, unavailable
from careloom.store.sqlite.footing import Footing

T = TypeVar("T")
Work = Callable[[WriterConnection], T]

GROUP_SECONDS = 0.05
"""A group that has run this long takes nobody more in, so that the first in it is not kept waiting."""

_FLATTENINGS = 40
_BETWEEN_FLATTENINGS = 0.05
"""Seconds."""

CHECKPOINT_ROWS = 20_000
"""Rows written between two checkpoints."""


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


class Writer:
    """The writing thread of one database file.

    Args:
        path: The database.
        connection: A writing connection to it, which becomes the writer's own.
        connect: Makes another such connection, for when the disk has failed in a way that this one does not survive.
        on_news: Called on the event loop when a commit is durable in which some unit had news.
        on_kept: Called on the writer's thread when a group is durable.
        on_lost: Called on the writer's thread when a group was undone, so that what was remembered of it is forgotten.
        settle: Writes what the units of a group have left to be written.
    """

    def __init__(
        self,
        path: Path,
        connection: WriterConnection,
        connect: Callable[[], WriterConnection],
        *,
        on_news: Callable[[], None],
        on_kept: Callable[[], None],
        on_lost: Callable[[], None],
        settle: Callable[[WriterConnection], None] = lambda connection: None,
    ) -> None:
        self._path = path
        self._connection = connection
        self._connect = connect
        self._footing = Footing(path)
        self._on_news = on_news
        self._on_kept = on_kept
        self._on_lost = on_lost
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._refusal = ""
        self._is_closed = False
        self._checkpoints = Checkpoints(connect, f"checkpoints of {path.name}")
        self._checkpointed_at = 0
        self._is_to_flatten = False
        self._thread = threading.Thread(target=self._run, name=f"writer of {path.name}", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T], *, has_news: Callable[[], bool] = lambda: False, leaves_rows: bool = False) -> T:
        """Run the work in a transaction on the writer's thread; return once that is durable.

        Args:
            work: Gets the connection.
            has_news: Asked when it is done.
            leaves_rows: Whether it leaves what it writes to ``settle``, or else begins a unit on the connection.

        Raises:
            UnavailableError: The disk or file failed, or the writer is closed; nothing of the work is recorded.
        """
        if self._is_closed:
            raise UnavailableError(f"{self._path}: closed")
        unit = _Unit(work, self._loop.create_future(), has_news, leaves_rows)
        self._waiting.put(unit)
        result: T = await unit.answer
        return result

    @property
    def is_awaited(self) -> bool:
        """As in `careloom.store.sql.connections.Writer`."""
        return not self._waiting.empty()

    async def flatten(self) -> None:
        """Move all of the log into the file and empty it, so that nothing of what was deleted is left there.

        Readers that look at an older state keep it from being emptied. They are waited for a while; behind that it is
        emptied by a later checkpoint.
        """
        self._is_to_flatten = True
        for _ in range(_FLATTENINGS):
            await self.run(lambda connection: None)  # answered before its checkpoint, which the next one comes behind
            if not self._is_to_flatten:
                return
            await asyncio.sleep(_BETWEEN_FLATTENINGS)

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
            self._checkpoint()
        self._checkpoints.close()
        self._connection.close()

    def _commit_group(self, group: list[_Unit]) -> bool:
        """Run the first unit and all that wait behind it; whether the writer is to end after this group."""
        is_last = False
        try:
            if self._refusal:
                raise UnavailableError(self._refusal)
            self._connection.execute("BEGIN IMMEDIATE")
            is_last = self._run_group(group)
            self._settle(self._connection)
            self._connection.execute("COMMIT")
            self._footing.require()
            self._on_kept()
        except BaseException as error:
            self._undo(group, error)
        return is_last

    def _run_group(self, group: list[_Unit]) -> bool:
        self._run_unit(group[0])
        until = time.monotonic() + GROUP_SECONDS
        while time.monotonic() < until:
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if unit is None:
                return True
            group.append(unit)
            self._run_unit(unit)
        return False

    def _run_unit(self, unit: _Unit) -> None:
        """Run one unit; what it raises is kept for its caller, unless the disk is at fault."""
        if not unit.is_wanted:
            return
        if not unit.leaves_rows:
            self._settle(self._connection)
            self._connection.begin_unit()
        try:
            unit.result = unit.work(self._connection)
        except BaseException as error:
            if self._connection.failure or not self._connection.in_transaction:
                raise
            unit.error = _tellable(error)
            self._connection.undo_unit()
        self._connection.end_unit()

    def _undo(self, group: list[_Unit], error: BaseException) -> None:
        """Leave nothing of the group in the database, and tell each of its callers."""
        cause = self._connection.failure or error
        if is_failed_sync(cause):
            self._refuse(cause)
        for unit in group:
            unit.error = unavailable(self._path, cause) if is_failure(cause) else cause
        self._on_lost()
        try:
            self._connection.rollback()
        except sqlite3.Error:
            self._reopen()

    def _reopen(self) -> None:
        self._connection.close()
        try:
            self._connection = self._connect()
            self._footing.forget_log()
            self._checkpointed_at = 0
        except sqlite3.Error as error:
            self._refuse(error)

    def _refuse(self, error: BaseException) -> None:
        """Refuse everything from here on."""
        self._refusal = f"{unavailable(self._path, error)}; the hub must be started again"

    def _answer(self, group: list[_Unit]) -> None:
        """On the event loop: give each caller what came of its unit."""
        for unit in group:
            if unit.answer.done():
                continue
            if unit.error:
                unit.answer.set_exception(unit.error)
            else:
                unit.answer.set_result(unit.result)
        if any(unit.error is None and unit.has_news() for unit in group):
            self._on_news()

    def _checkpoint(self) -> None:
        """Have the log moved into the file now and then; a full disk can wait, a failed synchronisation cannot."""
        try:
            if self._is_to_flatten:
                [(is_busy, *_)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self._is_to_flatten = bool(is_busy)
            elif self._checkpoints.have_ended():
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            elif self._connection.total_changes - self._checkpointed_at >= CHECKPOINT_ROWS:
                self._checkpointed_at = self._connection.total_changes
                self._checkpoints.begin()
        except sqlite3.Error as error:
            self._connection.rollback()
            if is_failed_sync(error):
                self._refuse(error)


def _tellable(error: BaseException) -> BaseException:
    """The error as a future can carry it: a StopIteration it cannot."""
    if not isinstance(error, StopIteration):
        return error
    told = RuntimeError("the work raised StopIteration")
    told.__cause__ = error
    return told
