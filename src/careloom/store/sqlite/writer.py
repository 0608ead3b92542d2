"""Who writes waits for a turn, and those who wait share a commit.

A durable commit costs one synchronisation of the disk, some milliseconds on a slow one, however much is in it. So all
that wait are made one group, run as one transaction and synchronised once; what comes meanwhile waits for the next.

The disk is waited for on a thread of its own. The work of a group is done there, too, but for light units: these are
run on the event loop. A statement of SQLite gives up the interpreter, and beside a busy event loop a thread has it back
only after a millisecond or more; a group has some dozens of statements, so on the thread a millisecond's work would
take ten times as long. ::

    event loop   … light units of a group ┐            ┌ answers, light units of the next ┐
    thread                                └ COMMIT ────┘                                  └ COMMIT …
    event loop   … anything else …         ┐                                      ┌ answers …
    thread                                 └ BEGIN, units, of whatever size, COMMIT ┘

There is one group at a time, and it has the connection to itself (`careloom.store.sqlite.transactions`).
"""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass, field
from careloom.model.room import ROOM
from careloom.store.sql.units import Unit, answer
from careloom.store.sqlite.transactions import Transactions, Work

T = TypeVar("T")

GROUP_SECONDS = 0.05
"""A group that has run this long takes nobody more in, so that the first in it is not kept waiting."""

LIGHT_SECONDS = 0.01
"""The same for a group on the event loop, where others wait for their turn at everything else."""

COMPANY_SECONDS = 0.003
"""How long a slice of a large unit waits for others to come, where they have been coming."""

_FLATTENINGS = 40
"""How often it is tried to empty the log while readers keep it."""

_BETWEEN_FLATTENINGS = 0.05
"""Seconds between two tries."""


@dataclass(slots=True)
class _Group:
    """Units that share a transaction.

    Attributes:
        units: In the order in which they run.
        is_begun: Whether they have run on the event loop.
        error: Why they are all to be undone.
    """

    units: list[Unit] = field(default_factory=list)
    is_begun: bool = False
    error: BaseException | None = None


class Writer:
    """Whatever writes to one database file.

    Args:
        transactions: Those of the file, which become the writer's own.
        on_news: Called on the event loop when a commit is durable in which some unit had news.
    """

    def __init__(self, transactions: Transactions, *, on_news: Callable[[], None]) -> None:
        self._transactions = transactions
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Unit] = deque()
        self._aside: deque[Unit] = deque()
        self._open: _Group | None = None
        self._open_until = 0.0
        self._is_under_way = False
        self._is_closed = False
        self._for_thread: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"writer of {transactions.path.name}", daemon=True)
        self._thread.start()

    async def run(
        self,
        work: Work[T],
        *,
        has_news: Callable[[], bool] = lambda: False,
        leaves_rows: bool = False,
        is_light: bool = False,
    ) -> T:
        """Run the work in a transaction; return once that is durable.

        Args:
            work: Gets the connection.
            has_news: Asked when it is done.
            leaves_rows: Whether it leaves what it writes to ``settle``, or else begins a unit on the connection.
            is_light: Whether it is done in a moment, so that it may hold up the event loop.

        Raises:
            UnavailableError: The disk or file failed, or the writer is closed; nothing of the work is recorded.
        """
        self._require_open()
        unit = Unit(work, self._loop.create_future(), has_news, leaves_rows, is_light, ROOM.is_for_small)
        self._waiting.append(unit)
        if self._open is not None:
            self._take_in(self._open)
        elif not self._is_under_way:
            self._begin()
        result: T = await unit.answer
        return result

    async def run_slice(self, work: Work[T]) -> T:
        """Run a slice of a large unit in company: in the transaction of a group that is about to be committed anyway.

        Where none comes soon it gets a transaction of its own.

        Raises:
            UnavailableError: As for ``run``.
        """
        self._require_open()
        unit = Unit(work, self._loop.create_future(), lambda: False)
        self._aside.append(unit)
        if not self._is_under_way:
            self._begin()
        result: T = await unit.answer
        return result

    @property
    def is_awaited(self) -> bool:
        """As in `careloom.store.sql.connections.Writer`."""
        return bool(self._waiting)

    async def flatten(self) -> None:
        """Move all of the log into the file and empty it, so that nothing of what was deleted is left there.

        Readers that look at an older state keep it from being emptied. They are waited for a while; where that is not
        enough, a later checkpoint empties it.
        """
        self._transactions.is_to_flatten = True
        for _ in range(_FLATTENINGS):
            await self.run(lambda connection: None)  # answered before its checkpoint, which the next one comes behind
            if not self._transactions.is_to_flatten:
                return
            await asyncio.sleep(_BETWEEN_FLATTENINGS)

    async def close(self) -> None:
        """Do what is waiting, then end the thread and close the connection."""
        if not self._is_closed:
            self._is_closed = True
            if not self._is_under_way:
                self._begin()
        await asyncio.to_thread(self._thread.join)

    def _require_open(self) -> None:
        if self._is_closed:
            raise UnavailableError(f"{self._transactions.path}: closed")

    # on the event loop

    def _begin(self) -> None:
        """Begin the next group, if somebody waits: on the event loop where the first of it is light."""
        self._is_under_way = bool(self._waiting)
        if not self._waiting:
            self._begin_aside()
        elif self._waiting[0].is_light and self._transactions.begin_at_once():
            self._open = _Group(is_begun=True)
            self._open_until = time.monotonic() + LIGHT_SECONDS
            self._take_in(self._open)
            self._loop.call_soon(self._hand_over, self._open, len(self._open.units))
        else:
            self._for_thread.put(_Group([self._waiting.popleft()]))

    def _begin_aside(self) -> None:
        """Have a slice written that waits for company, soon; or end, if there is nothing more to do."""
        if self._aside:
            is_in_company = ROOM.is_expected and not self._is_closed
            self._loop.call_later(COMPANY_SECONDS if is_in_company else 0.0, self._begin_alone)
        elif self._is_closed:
            self._for_thread.put(None)

    def _begin_alone(self) -> None:
        """Have a slice written, unless it had company."""
        if self._aside and not self._is_under_way:
            self._is_under_way = True
            self._for_thread.put(_Group([self._aside.popleft()]))

    def _take_in(self, group: _Group) -> None:
        """Run the light units that wait, up to the first that is not."""
        while self._waiting and self._waiting[0].is_light and not group.error and time.monotonic() < self._open_until:
            unit = self._waiting.popleft()
            group.units.append(unit)
            try:
                self._transactions.run(unit)
            except BaseException as error:
                group.error = error

    def _hand_over(self, group: _Group, seen: int) -> None:
        """Have a group made durable that was run here, once nobody else comes in a round of the event loop."""
        if len(group.units) > seen and not group.error and time.monotonic() < self._open_until:
            self._loop.call_soon(self._hand_over, group, len(group.units))
            return
        self._open = None
        if not group.error:
            try:
                self._transactions.settle()
            except BaseException as error:
                group.error = error
        self._for_thread.put(group)

    def _answer(self, group: _Group) -> None:
        """Give each caller what came of its unit."""
        answer(group.units)
        if any(unit.brings_news for unit in group.units):
            self._on_news()

    def _answer_and_begin(self, group: _Group) -> None:
        self._answer(group)
        self._begin()

    # on the thread

    def _run(self) -> None:
        transactions = self._transactions
        try:
            while (group := self._for_thread.get()) is not None:
                self._commit(group)
                if transactions.has_to_checkpoint:
                    self._loop.call_soon_threadsafe(self._answer, group)
                    transactions.checkpoint()
                    self._loop.call_soon_threadsafe(self._begin)
                else:
                    self._loop.call_soon_threadsafe(self._answer_and_begin, group)
        except RuntimeError:
            pass  # the event loop was closed, and with it went everybody who waited
        transactions.close()

    def _commit(self, group: _Group) -> None:
        transactions = self._transactions
        try:
            if group.error:
                raise group.error
            if not group.is_begun:
                self._run_waiting(group)
            self._take_along(group)
            with ROOM.at_disk(sum(unit.is_small for unit in group.units)):
                transactions.commit()
        except BaseException as error:
            transactions.undo(group.units, error)

    def _run_waiting(self, group: _Group) -> None:
        """Run the first unit, all that wait, and those that come while they run."""
        self._transactions.begin()
        self._transactions.run(group.units[0])
        until = time.monotonic() + GROUP_SECONDS
        while self._waiting and time.monotonic() < until:
            group.units.append(self._waiting.popleft())
            self._transactions.run(group.units[-1])
        self._transactions.settle()

    def _take_along(self, group: _Group) -> None:
        """Write a slice, too, if one waits."""
        if self._aside:
            group.units.append(self._aside.popleft())
            self._transactions.run(group.units[-1])
