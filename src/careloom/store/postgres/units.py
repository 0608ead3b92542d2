"""How a unit is run in a transaction of PostgreSQL, and its caller told what became of it.

The first unit of a group has the transaction to itself. One behind it that writes to the tables, or searches them,
does so behind a savepoint, so that what it has done can be undone without the others::

    work of the first caller             leaves its rows to the group
    SAVEPOINT unit  work of the second   ROLLBACK TO unit, it searched and raised
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

import psycopg

from careloom.model.errors import TooCostlyError
from careloom.store.postgres.connection import Connection
from careloom.store.postgres.failures import is_failure, is_taken, told
from careloom.store.sql.units import Unit, tellable

T = TypeVar("T")
Work = Callable[[Connection], T]


def run_unit(connection: Connection, unit: Unit, place: str, settle: Callable[[Connection], None]) -> None:
    """Run one unit; what it raises is kept for its caller, unless the server is at fault, or the rows of the group.

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
        if is_taken(error) or (is_failure(error) and not _is_over_time(error)):
            raise
        connection.undo_unit()
        unit.error = _tellable(place, error)
    else:
        connection.end_unit()


def fail(units: Iterable[Unit], place: str, error: BaseException) -> None:
    """Have all callers of a group told why nothing of it is recorded."""
    for unit in units:
        unit.error = _tellable(place, error)


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
    return tellable(error)
