"""The rows of a table that grows fast are counted at once, as the planner needs to know of them.

A server counts rows by itself (autovacuum), once a minute. Until then a new table is one of which nothing is known, and
of two indexes that begin with the tenant the planner may take the one that leads through all of it: each statement then
costs as much as there are rows, and a first load of a million has long been slow when its minute is over. So whoever
writes has them counted as soon as there are some thousands, and again when there are many more. Plans that were made
before are made anew by that, in all processes. What the server counts besides, such as the words of the full text, can
wait for its minute.
"""

import logging
import threading
from typing import Final

import psycopg

from careloom.store.postgres.connection import Connection, Server, connect_plain
from careloom.store.sql.statements import load_statements

FIRST: Final = 2_000
"""Rows written, in all tables together, after which it is looked for the first time."""

TIMES: Final = 8
"""So many times as many must have been written by then before it is looked for again."""

_SQL = load_statements("postgres.sql")
_log = logging.getLogger(__name__)


class Statistics:
    """Those of one database, as far as one process writes to it.

    Args:
        server: Where the database is.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._written = 0
        self._next = FIRST
        self._counting: threading.Thread | None = None
        self._lock = threading.Lock()

    def wrote(self, rows: int) -> None:
        """So many rows more were committed; has them counted beside, where that is due; on any thread."""
        with self._lock:
            self._count_in(rows)

    def _count_in(self, rows: int) -> None:
        self._written += rows
        if self._written < self._next or (self._counting is not None and self._counting.is_alive()):
            return
        self._next = self._written * TIMES
        self._counting = threading.Thread(target=self._count, name=f"statistics of {self._server.place}", daemon=True)
        self._counting.start()

    def close(self) -> None:
        """Wait until what was begun has ended."""
        if self._counting is not None:
            self._counting.join()

    def _count(self) -> None:
        try:
            connection = connect_plain(self._server)
            try:
                count_rows(connection)
            finally:
                connection.close()
        except psycopg.Error as error:  # the server does it within a minute
            _log.warning("%s: rows not counted: %s", self._server.place, type(error).__name__)


def count_rows(connection: Connection) -> list[str]:
    """Count the rows of the tables that have doubled since that was done, and what they are looked up by.

    Returns:
        The names of these tables.
    """
    grown = connection.execute(_SQL["grown"]).fetchall()
    for table, columns in grown:
        connection.execute(f"ANALYZE {table} ({columns})")
    return [table for table, _ in grown]
