"""The turns of many processes in a row: a lock of the server, one for each tenant.

A transaction is READ COMMITTED: each statement sees what was committed before it began, and the first that looks at the
record begins when the lock is held. (Under REPEATABLE READ the snapshot would be taken while still waiting, and
conditions would be tested against a record that others have changed since.) So a condition tested in a turn holds when
the turn writes, whoever else writes. Commits of a tenant follow one another in the order of their vids: whoever sees a
vid sees every smaller one there will ever be, which is what the change log and the snapshots of pages rest on.

A process that dies loses its connection, and with it its transaction and the lock. One that stands still (a machine
that is paused, a network that is cut) would keep the lock for as long as it does. So whoever waits for the turn looks,
after ``still_seconds``, when the holder last asked for anything. If that was as long ago, it ends the connection of the
holder: the transaction is undone, and the callers are told so when the process goes on. A holder that has asked for
something since is given the rest of that time from then on. A statement that runs is no standstill, however long it
takes; one whose rest the server waits for, such as the next rows of a COPY, is. Whoever waits gives up after
``lock_seconds`` in all. Turns come in the order of asking, and a process that has looked is behind those who asked
meanwhile.

(The server's own limit, ``idle_in_transaction_session_timeout``, is set as well but is not enough: statements that are
sent together end in a Sync and a Flush, after which the server counts its client as busy, and waits for the next
statement without a limit.)
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from psycopg.errors import LockNotAvailable

from careloom.store.postgres.connection import Connection, Server
from careloom.store.sql.statements import load_statements

T = TypeVar("T")

_LOCK_SPACE: Final = 0x434C4F4D
"""Keeps our advisory locks apart from those of others: the letters CLOM."""

_SHORTEST_WAIT: Final = 0.1
"""Seconds; what is left of a wait is rounded up to it, since a limit of 0 would be none."""

_SQL = load_statements("postgres.sql")
_log = logging.getLogger(__name__)


class Turns:
    """The turns of a tenant, as one process waits for its own.

    Args:
        server: Where the database is.
        tenant: Number of the tenant.
    """

    def __init__(self, server: Server, tenant: int) -> None:
        self._server = server
        self._tenant = tenant

    def take(self, connection: Connection, first: Callable[[Connection], T]) -> T:
        """Begin a transaction when the turns of others are over, and give what the first statement in it gives.

        Args:
            connection: In no transaction.
            first: Runs that statement, in the same round trip as the waiting.

        Raises:
            LockNotAvailable: The turns of others took longer than ``lock_seconds``.
        """
        until = time.monotonic() + self._server.lock_seconds
        wait = min(self._server.still_seconds, self._server.lock_seconds)
        while True:
            try:
                return self._begun(connection, wait, first)
            except LockNotAvailable:
                connection.forget()
                connection.execute("ROLLBACK")
                still, is_ended = self._end_standstill(connection)
                left = until - time.monotonic()
                if left <= 0 and not is_ended:
                    raise
                wait = max(min(self._server.still_seconds - still, left), _SHORTEST_WAIT)

    def _begun(self, connection: Connection, wait: float, first: Callable[[Connection], T]) -> T:
        connection.later("BEGIN ISOLATION LEVEL READ COMMITTED")
        limits = {"wait": _milliseconds(wait), "usual": _milliseconds(self._server.lock_seconds)}
        connection.later(_SQL["take_turn_within"], self._lock | limits)
        return first(connection)

    def _end_standstill(self, connection: Connection) -> tuple[float, bool]:
        """End the turn of a process that stands still.

        Returns:
            For how many seconds whoever has the turn has asked nothing, 0 while a statement of theirs runs; and
            whether their connection was ended.
        """
        values = self._lock | {"seconds": self._server.still_seconds}
        still, is_ended = connection.execute(_SQL["end_standstill"], values).fetchone() or (0.0, False)
        if not is_ended:
            return still, False
        _log.warning("%s: a turn that stood still for %.1f seconds was ended", self._server.place, still)
        return 0.0, True

    @property
    def _lock(self) -> dict[str, Any]:
        return {"space": _LOCK_SPACE, "tenant": self._tenant}


def take_turn(connection: Connection, tenant: int) -> None:
    """Have the next statement wait until it is this transaction's turn to write for a tenant."""
    connection.later(_SQL["take_turn"], {"space": _LOCK_SPACE, "tenant": tenant})


def _milliseconds(seconds: float) -> str:
    """A time as the server's settings have it; ``0`` would be no limit."""
    return f"{max(seconds * 1000, 1):.0f}"
