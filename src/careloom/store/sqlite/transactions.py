"""Transactions of the one connection that writes, each of a group of units.

::

    BEGIN
      work of the first unit, which leaves its rows to the group
      work of the second, which raised and leaves none
      rows of the group, SAVEPOINT unit, work of the third, which searches, RELEASE
      work of the fourth
      rows of the group
    COMMIT

A unit that raises loses what it wrote and nothing else. When the disk or the file fails, at the commit or before, the
whole group is undone and each of its callers is told `UnavailableError`; the next group starts afresh, so the store
works again as soon as the disk does. One failure is final: when the disk does not confirm a synchronisation, what it
holds cannot be known any more, and every later group is refused until the hub is started again and SQLite has recovered
the file from its log.

Checkpoints (moving the log into the file) are made beside the groups, and finished between them, see
`careloom.store.sqlite.checkpoints`.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from careloom.model.errors import UnavailableError
from careloom.store.sql.units import Unit, tellable
from careloom.store.sqlite.checkpoints import Checkpoints
from careloom.store.sqlite.connection import WriterConnection
from careloom.store.sqlite.failures import is_failed_sync, is_failure, unavailable
from careloom.store.sqlite.footing import Footing

T = TypeVar("T")
Work = Callable[[WriterConnection], T]

CHECKPOINT_ROWS = 20_000
"""Rows written between two checkpoints."""


class Transactions:
    """The connection that writes; whoever has begun a transaction on it is the only one who may call it until its end.

    Args:
        path: The database.
        connection: A writing connection to it, which becomes its own.
        connect: Makes another such connection, for when the disk has failed in a way that this one does not survive.
        on_kept: Called on the writer's thread when a group is durable.
        on_lost: Called there when a group was undone, so that what was remembered of it is forgotten.
        settle: Writes what the units of a group have left to be written.
    """

    def __init__(
        self,
        path: Path,
        connection: WriterConnection,
        connect: Callable[[], WriterConnection],
        *,
        on_kept: Callable[[], None],
        on_lost: Callable[[], None],
        settle: Callable[[WriterConnection], None],
    ) -> None:
        self.path = path
        self._connection = connection
        self._connect = connect
        self._footing = Footing(path)
        self._on_kept = on_kept
        self._on_lost = on_lost
        self._settle = settle
        self._refusal = ""
        self._checkpoints = Checkpoints(connect, f"checkpoints of {path.name}")
        self._checkpointed_at = 0
        self.is_to_flatten = False

    def begin(self) -> None:
        """Begin one, if need be after another program.

        Raises:
            UnavailableError: A synchronisation has failed.
            sqlite3.Error: The disk or file failed, or is another's.
        """
        if self._refusal:
            raise UnavailableError(self._refusal)
        self._connection.begin()

    def begin_at_once(self) -> bool:
        """Begin one for light units, unless that takes waiting or fails; `begin` then tells why."""
        return not self._refusal and self._connection.begin_at_once()

    def run(self, unit: Unit) -> None:
        """Run one unit; what it raises is kept for its caller, unless the disk is at fault."""
        if not unit.is_wanted:
            return
        if not unit.leaves_rows:
            self.settle()
            self._connection.begin_unit()
        try:
            unit.result = unit.work(self._connection)
        except BaseException as error:
            if self._connection.failure or not self._connection.in_transaction:
                raise
            unit.error = tellable(error)
            self._connection.undo_unit()
        self._connection.end_unit()

    def settle(self) -> None:
        """Write what the units so far have left to be written."""
        self._settle(self._connection)

    def commit(self) -> None:
        """Make what was done durable.

        Raises:
            UnavailableError: The file is not there any more.
            sqlite3.Error: The disk or file failed.
        """
        self._connection.execute("COMMIT")
        self._footing.require()
        self._on_kept()

    def undo(self, units: Iterable[Unit], error: BaseException) -> None:
        """Leave nothing of a group in the database, and have each of its callers told."""
        cause = self._connection.failure or error
        if is_failed_sync(cause):
            self._refuse(cause)
        for unit in units:
            unit.error = unavailable(self.path, cause) if is_failure(cause) else cause
        self._on_lost()
        try:
            self._connection.rollback()
        except sqlite3.Error:
            self._reopen()

    @property
    def has_to_checkpoint(self) -> bool:
        """Whether something is to be done about the log before the next group."""
        written = self._connection.total_changes - self._checkpointed_at
        return self.is_to_flatten or self._checkpoints.have_ended or written >= CHECKPOINT_ROWS

    def checkpoint(self) -> None:
        """Have the log moved into the file now and then; a full disk can wait, a failed synchronisation cannot."""
        try:
            if self.is_to_flatten:
                [(is_busy, *_)] = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                self.is_to_flatten = bool(is_busy)
            elif self._checkpoints.have_ended:
                self._checkpoints.end()
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            else:
                self._checkpointed_at = self._connection.total_changes
                self._checkpoints.begin()
        except sqlite3.Error as error:
            self._connection.rollback()
            if is_failed_sync(error):
                self._refuse(error)

    def close(self) -> None:
        """Let go of the connection."""
        self._checkpoints.close()
        self._connection.close()

    def _reopen(self) -> None:
        self._connection.close()
        try:
            self._connection = self._connect()
            self._footing.forget_log()
            self._checkpointed_at = 0
        except sqlite3.Error as error:
            self._refuse(error)

    def _refuse(self, error: BaseException) -> None:
        """Refuse everything from here on."""
        self._refusal = f"{unavailable(self.path, error)}; the hub must be started again"
