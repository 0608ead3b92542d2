"""Units of work: what one caller wants done in a transaction that several share, and what came of it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from careloom.model.records import dataclass


@dataclass(slots=True)
class Unit:
    """What one caller wants done, and where the answer goes.

    Attributes:
        work: Gets the connection that writes.
        answer: The caller waits for it.
        has_news: Asked when it is done.
        leaves_rows: Whether it leaves what it writes to the end of the group, or begins a unit on the connection.
        is_light: Whether it is done in a moment.
        is_small: Whether a small request waits for it (`careloom.model.room`).
        result: What the work gave.
        error: What it raised, or why nothing of its group is recorded; None where all is well.
    """

    work: Callable[[Any], Any]
    answer: asyncio.Future[Any]
    has_news: Callable[[], bool]
    leaves_rows: bool = False
    is_light: bool = False
    is_small: bool = False
    result: Any = None
    error: BaseException | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.answer.cancelled()

    @property
    def brings_news(self) -> bool:
        """Whether it was done and has news for others."""
        return self.error is None and self.has_news()


def answer(units: Iterable[Unit]) -> None:
    """On the event loop: give each caller what came of its unit."""
    for unit in units:
        if unit.answer.done():
            continue
        if unit.error:
            unit.answer.set_exception(unit.error)
        else:
            unit.answer.set_result(unit.result)


def tellable(error: BaseException) -> BaseException:
    """An error as a future can carry it: a StopIteration it cannot."""
    if not isinstance(error, StopIteration):
        return error
    told = RuntimeError("the work raised StopIteration")
    told.__cause__ = error
    return told
