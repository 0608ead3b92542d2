"""Audit records that are no part of a write, written together.

Each must be durable before whoever left it goes on, and a durable commit takes as long for one record as for fifty. So
whoever comes while one commit is under way waits for the next, which takes all that wait as one unit of work: one look
for ids that are taken, one set of statements, one synchronisation of the disk.

Nobody fails for another's record. Where a group cannot be written for a reason that may lie in one of its records,
each is tried by itself.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from careloom.model.errors import UnavailableError
from careloom.store import Prepared, Repository, Turn


class Patience(Protocol):
    """How long a commit is put off for more records."""

    async def wait(self, waiting: Callable[[], int]) -> None:
        """Return when the next commit is to be made.

        Args:
            waiting: How many wait for it by now.
        """
        ...

    def wrote(self, number: int, seconds: float) -> None:
        """A commit of so many took so long."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """The records of one who waits, and what tells it that they are durable."""

    events: Sequence[Prepared]
    done: asyncio.Future[None]


class Ledger:
    """Where records are left.

    Args:
        repository: The record.
        patience: How long a commit is put off.
        most: How many of those who wait share a commit.
    """

    def __init__(self, repository: Repository, patience: Patience, *, most: int) -> None:
        self._repository = repository
        self._patience = patience
        self._most = most
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, events: Sequence[Prepared]) -> None:
        """Return when these AuditEvents are durable; they are written even if who waits for it is cancelled.

        Raises:
            UnavailableError: The record cannot be written.
            ConflictError: One by that id is recorded already.
        """
        loop = asyncio.get_running_loop()
        mine = _Waiting(events, loop.create_future())
        self._waiting.append(mine)
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        await mine.done

    async def _write(self) -> None:
        """Write until nobody waits."""
        while self._waiting:
            await self._patience.wait(lambda: len(self._waiting))
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            started = time.monotonic()
            await self._write_group(group)
            self._patience.wrote(len(group), time.monotonic() - started)

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            await self._repository.commit(partial(_enter, events=[event for each in group for event in each.events]))
        except Exception as error:
            await self._told(group, error)
        else:
            for each in group:
                if not each.done.done():
                    each.done.set_result(None)

    async def _told(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Tell the only one, or all where the disk is at fault; otherwise find out whose record it is."""
        if len(group) > 1 and not isinstance(error, UnavailableError):
            for each in group:
                await self._write_group([each])
            return
        for each in group:
            if not each.done.done():
                each.done.set_exception(error)


def _enter(turn: Turn, events: Sequence[Prepared]) -> None:
    turn.expect(("AuditEvent", event.id) for event in events)
    for event in events:
        turn.audit(event)
