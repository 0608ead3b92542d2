"""Units of work: what one caller wants done in a turn that several share, and what came of it.

The first unit of a group has the transaction to itself. One behind it that writes to the tables, or searches them,
does so behind a savepoint, so that what it has done can be undone without the others::

    work of the first caller             leaves its rows to the group
    SAVEPOINT unit  work of the second   ROLLBACK TO unit, it searched and raised
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import psycopg

from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass
from careloom.store.postgres.connection import Connection
from careloom.store.postgres.failures import is_failure, told

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(slots=True)
class Unit:
    """What one caller wants done, and where the answer goes.

    Attributes:
        work: Gets the connection.
        answer: The caller waits for it.
        has_news: Asked when it is done.
        leaves_rows: Whether it leaves what it writes to the end of the group.
        result: What the work gave.
        error: What it raised, or why nothing of its group is recorded.
    """

    work: Work[Any]
    answer: asyncio.Future[Any]
    has_news: Callable[[], bool]
    leaves_rows: bool = False
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


def run_unit(connection: Connection, unit: Unit, place: str, settle: Callable[[Connection], None]) -> None:
    """Run one unit; what it raises is kept for its caller, unless the server is at fault.

    Args:
        connection: In a transaction that has its turn.
        unit: What is to be done.
        place: The server, for people.
        settle: Writes what the units before have left to be written.
    """
    if not unit.is_wanted:
        return
    if not unit.leaves_rows:
        settle(connection)
        connection.begin_unit()
    try:
        unit.result = unit.work(connection)
    except BaseException as error:
        if connection.is_lost or (is_failure(error) and not _is_over_time(error)):
            raise
        connection.undo_unit()
        unit.error = _tellable(place, error)
    else:
        connection.end_unit()


def fail(units: Iterable[Unit], place: str, error: BaseException) -> None:
    """Have all callers of a group told why nothing of it is recorded."""
    for unit in units:
        unit.error = _tellable(place, error)


def answer(units: Iterable[Unit]) -> None:
    """On the event loop: give each caller what came of its unit."""
    for unit in units:
        if unit.answer.done():
            continue
        if unit.error:
            unit.answer.set_exception(unit.error)
        else:
            unit.answer.set_result(unit.result)


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
