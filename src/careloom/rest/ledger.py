"""Audit records of what was read or refused, written together.

Every one of them must be durable before its request is answered, and a durable commit takes as long for one record as
for fifty. So whoever comes while one commit is under way waits for the next, which takes all that wait as one unit of
work: one look for ids that are taken, one set of statements, one synchronisation of the disk.

Nobody fails for another's record. Where a group cannot be written for a reason that may lie in one of its records,
each is tried by itself.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from careloom.model.errors import UnavailableError
from careloom.store import Prepared, Repository, Turn

MOST = 256
"""Requests whose records go into one commit."""

PATIENCE = 0.5
"""How long a commit is put off for more records, as a part of the time that the one before took."""

MOST_PATIENCE = 0.005
"""The same in seconds, at most."""

_MOMENT = 0.0005


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """The records of one request, and what tells it that they are durable."""

    events: Sequence[Prepared]
    done: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Ledger:
    """Where requests leave their audit records.

    Args:
        repository: The record.
    """

    repository: Repository
    _waiting: list[_Waiting] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None
    _last: tuple[int, float] = (0, 0.0)

    async def record(self, events: Sequence[Prepared]) -> None:
        """Return when these AuditEvents are durable.

        Raises:
            UnavailableError: The record cannot be written.
            ConflictError: One by that id is recorded already.
        """
        loop = asyncio.get_running_loop()
        mine = _Waiting(events, loop.create_future())
        self._waiting.append(mine)
        if self._writing is None:
            self._writing = loop.create_task(self._write())
        await mine.done

    async def _write(self) -> None:
        """Write until nobody waits."""
        try:
            while self._waiting:
                await self._gather()
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                started = time.monotonic()
                await self._write_group(group)
                self._last = (len(group), time.monotonic() - started)
        finally:
            self._writing = None

    async def _gather(self) -> None:
        """Give those a moment who were answered together and will be back at once, if there was more than one.

        Readers whose records shared a commit come again one after the other. Would the first of them have its next
        record written alone, it would cost a commit of its own, and so on: many small ones in the place of few.
        """
        size, seconds = self._last
        until = time.monotonic() + min(seconds * PATIENCE, MOST_PATIENCE)
        while 1 <= len(self._waiting) < size and time.monotonic() < until:
            await asyncio.sleep(_MOMENT)

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            await self.repository.commit(partial(_enter, events=[event for each in group for event in each.events]))
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
