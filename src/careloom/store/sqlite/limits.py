"""How much work one search may be: counted in steps of SQLite's machine, so that it is the same on a busy day."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from careloom.model.errors import TooCostlyError
from careloom.store.sql.dialect import Connection

MOST_STEPS = 15_000_000
"""Steps of one search: some ten for each row that is passed over, so about a million rows and a second of work."""

_BETWEEN = 50_000
"""Steps between two looks at the count."""


@contextmanager
def limited(connection: Connection) -> Iterator[None]:
    """Stop what runs on the connection when it has taken too many steps.

    Raises:
        TooCostlyError: It had to be stopped.
    """
    assert isinstance(connection, sqlite3.Connection), connection
    taken = 0

    def look() -> int:
        nonlocal taken
        taken += _BETWEEN
        return int(taken > MOST_STEPS)

    connection.set_progress_handler(look, _BETWEEN)
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
        told = "too many rows would have to be looked at: ask for something more selective, or without _total and _sort"
        raise TooCostlyError(f"the search was stopped: {told}") from error
    finally:
        connection.set_progress_handler(None, 0)
