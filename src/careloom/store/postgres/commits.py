"""Commits, and what became of one whose answer was lost.

When the connection is lost while a COMMIT is on its way, the record is asked: each transaction leaves its serial in a
row of the process, which is there if and only if the rest of it is. (The number that
the server gives a transaction would not do: after a crash it may give the same number to another one, if nothing of the
first has reached the disk, and would then tell of the wrong one.)
"""

import time
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import psycopg

from careloom.model.errors import UnavailableError
from careloom.store.postgres.connection import Connection, Server, connect_writer
from careloom.store.postgres.failures import unavailable
from careloom.store.postgres.turns import Turns
from careloom.store.sql.statements import load_statements

OUTCOME_SECONDS: Final = 10.0
"""How long to ask what became of a commit whose answer was lost."""

CHANNEL: Final = "careloom_changes"
"""Where a commit that wrote to the change log is announced to the other processes, with the number of the tenant."""

_SQL = load_statements("postgres.sql")


def commit(connection: Connection, place: str) -> None:
    """Make a transaction durable.

    Raises:
        UnavailableError: The server has undone it.
        psycopg.Error: It has failed, or its answer was lost.
    """
    if connection.execute("COMMIT").statusmessage != "COMMIT":
        raise UnavailableError(f"{place}: the server undid a transaction instead of committing it")


class Commits:
    """Those of one process for one tenant.

    Args:
        server: Where the database is.
        tenant: Number of the tenant.
        turns: Those of this process.
    """

    def __init__(self, server: Server, tenant: int, turns: Turns) -> None:
        self._server = server
        self._turns = turns
        self._key: dict[str, Any] = {"tenant": tenant}
        self._name = uuid4().hex
        self._serial = 0

    def begin(self, connection: Connection) -> tuple[int, int]:
        """Leave the serial of a transaction whose turn has come.

        Returns:
            The newest vid in the database, and the newest of a SearchParameter.
        """
        self._serial += 1
        mark = {"writer": self._name, "serial": self._serial}
        newest, recorded = connection.execute(_SQL["begin_group"], self._key | mark).fetchone() or (0, 0)
        return newest, recorded

    def make(self, connection: Connection, *, has_news: bool) -> None:
        """Make the transaction durable, and announce it where it has news for other processes.

        Raises:
            UnavailableError: It is not, or nobody can tell.
        """
        if has_news:
            connection.later(_SQL["announce"], self._key | {"channel": CHANNEL})
        try:
            commit(connection, self._server.place)
        except psycopg.Error as error:
            if not connection.is_lost:
                raise
            self._settle(error)

    def _settle(self, lost: psycopg.Error) -> None:
        """Find out whether a transaction was committed whose answer was lost with the connection."""
        place = self._server.place
        until = time.monotonic() + OUTCOME_SECONDS
        while True:
            with suppress(psycopg.Error):
                if self._is_committed():
                    return
                raise unavailable(place, lost) from lost
            if time.monotonic() > until:
                raise UnavailableError(
                    f"{place}: the connection was lost during a commit, and whether it was made cannot be known yet; "
                    "look before doing it again"
                ) from lost
            time.sleep(0.1)

    def _is_committed(self) -> bool:
        """Whether the newest transaction was; asked in a turn, which comes when that one has ended."""
        connection = connect_writer(self._server)
        try:
            return self._turns.take(connection, self._newest) == self._serial
        finally:
            connection.close()

    def _newest(self, connection: Connection) -> int:
        """The serial of the newest transaction that was committed; 0 before the first."""
        row = connection.execute(_SQL["newest_serial"], self._key | {"writer": self._name}).fetchone()
        return row[0] if row else 0
