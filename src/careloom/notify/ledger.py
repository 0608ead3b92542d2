"""Records of what was told, written together.

Each must be durable before the cursor of its lane moves on, and a durable commit takes as long for one record as for
fifty. So whoever comes while one commit is under way waits for the next, which takes all that wait. A lane that has
more to tell loses little by waiting a few milliseconds for others, and then all of them go on together, so that the
commits of their cursors fall together, too.

Nobody fails for another's record: where a group cannot be written, each is tried by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from careloom.model.errors import UnavailableError
from careloom.store import Prepared, Repository, Turn, Version

GATHERED_SECONDS: Final = 0.005
"""How long those wait who are in no hurry."""

MOST: Final = 64
"""Lanes whose records go into one commit."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    events: Sequence[Prepared]
    done: asyncio.Future[None]


class Ledger:
    """Where lanes leave their records.

    Args:
        repository: The record.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    async def record(self, events: Sequence[Prepared], *, in_a_hurry: bool) -> None:
        """Return when these AuditEvents are durable.

        Raises:
            UnavailableError: The record cannot be written.
            ConflictError: One by that id is recorded already.
        """
        loop = asyncio.get_running_loop()
        mine = _Waiting(events, loop.create_future())
        self._waiting.append(mine)
        if in_a_hurry:
            self._hurry.set()
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        await mine.done

    async def _write(self) -> None:
        """Write until nobody waits."""
        while self._waiting:
            await self._gather()
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            await self._write_group([each for each in group if not each.done.cancelled()])

    async def _gather(self) -> None:
        if not self._hurry.is_set():
            try:
                async with asyncio.timeout(GATHERED_SECONDS):
                    await self._hurry.wait()
            except TimeoutError:
                pass
        self._hurry.clear()

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            await self._repository.commit(_entering([event for each in group for event in each.events]))
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


def _entering(events: Sequence[Prepared]) -> Callable[[Turn], list[Version]]:
    return lambda turn: [turn.audit(each) for each in events]
