"""What comes while a commit is under way waits for the next, which takes all that wait.

A durable commit takes as long for one as for fifty: one look for ids that are taken, one set of statements, one
synchronisation of the disk.

Nobody fails for another's fault. Where a group cannot be written for a reason that may lie in one of it, each is tried
by itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass

T = TypeVar("T")

_MOMENT: Final = 0.0005

WriteGroup = Callable[[Sequence[T]], Awaitable[Sequence[Exception | None]]]
"""Writes a group in its order, and gives what is wrong with each; raises where nothing of it was written."""


class Patience(Protocol):
    """How long a commit is put off for more."""

    async def wait(self, waiting: Callable[[], int]) -> None:
        """Return when the next commit is to be made.

        Args:
            waiting: How many wait for it by now.
        """
        ...

    def wrote(self, number: int, seconds: float) -> None:
        """A commit of so many took so long."""
        ...


class AtOnce:
    """Puts nobody off: who comes when nothing is under way goes at once."""

    async def wait(self, waiting: Callable[[], int]) -> None:
        """Nobody waits."""

    def wrote(self, number: int, seconds: float) -> None:
        """Nothing is learned from it."""


@dataclass(slots=True)
class Returning:
    """Gives those a moment who were answered together and will be back at once, if there was more than one.

    Who shared a commit comes again one after the other. Would the first of them have its next item written alone, it
    would cost a commit of its own, and so on: many small ones in the place of few.

    Attributes:
        share: How long a commit is put off, as a part of the time that the one before took.
        most_seconds: How long at most.
    """

    share: float = 0.5
    most_seconds: float = 0.005
    _last: tuple[int, float] = (0, 0.0)

    async def wait(self, waiting: Callable[[], int]) -> None:
        """As in `careloom.store.Patience`."""
        number, seconds = self._last
        until = time.monotonic() + min(seconds * self.share, self.most_seconds)
        while waiting() < number and time.monotonic() < until:
            await asyncio.sleep(_MOMENT)

    def wrote(self, number: int, seconds: float) -> None:
        """As in `careloom.store.Patience`."""
        self._last = number, seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[T]):
    item: T
    done: asyncio.Future[None]


class SharedTurns(Generic[T]):
    """Has items written in the order in which they come, many by one turn.

    Args:
        write: Writes a group.
        most: Items of a group; others who want to write wait for that long.
        patience: How long a group is put off.
    """

    def __init__(self, write: WriteGroup[T], *, most: int, patience: Patience | None = None) -> None:
        self._write, self._most, self._patience = write, most, patience or AtOnce()
        self._waiting: list[_Waiting[T]] = []
        self._writing: asyncio.Task[None] | None = None

    async def written(self, item: T) -> None:
        """Return when an item is durable; it is written even if who waits for it is cancelled.

        Raises:
            Exception: What is wrong with it; nothing of it is written then.
        """
        loop = asyncio.get_running_loop()
        mine = _Waiting(item, loop.create_future())
        self._waiting.append(mine)
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_all())
        await mine.done

    async def _write_all(self) -> None:
        """Write until nobody waits."""
        while self._waiting:
            await self._patience.wait(lambda: len(self._waiting))
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            started = time.monotonic()
            await self._write_group(group)
            self._patience.wrote(len(group), time.monotonic() - started)

    async def _write_group(self, group: Sequence[_Waiting[T]]) -> None:
        try:
            found = await self._write([each.item for each in group])
        except Exception as error:
            await self._failed(group, error)
        else:
            for each, wrong in zip(group, found, strict=True):
                _tell(each.done, wrong)

    async def _failed(self, group: Sequence[_Waiting[T]], error: Exception) -> None:
        """Tell the only one, or all where the disk is at fault; otherwise find out whose fault it is."""
        is_told = len(group) == 1 or isinstance(error, UnavailableError)
        for each in group:
            if is_told:
                _tell(each.done, error)
            else:
                await self._write_group([each])


def _tell(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
