"""Moving the log into the file, beside the writer.

A checkpoint copies every page written since the one before and has the disk confirm them: on a busy hub that is a tenth
of a second in which nobody would be answered. SQLite lets another connection do it while the writer goes on. What has
been added meanwhile the writer moves itself, a few pages; the log is then empty, and begun again from its start. Were
that left to the other connection too, the log would grow for as long as there is something to write.
"""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from careloom.store.sqlite.connection import WriterConnection

_PASSES = 2
"""The second moves what was added during the first, which is a tenth of it: so the writer has but a hundredth left."""


class Checkpoints:
    """A thread with a connection of its own; asked by the writer alone.

    Args:
        connect: Makes the connection.
        name: Of the thread.
    """

    def __init__(self, connect: Callable[[], WriterConnection], name: str) -> None:
        self._connect = connect
        self._connection: WriterConnection | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._pass: Future[None] | None = None

    def begin(self) -> None:
        """Move what is in the log, unless that is under way."""
        if self._pass is None:
            self._pass = self._pool.submit(self._move)

    @property
    def have_ended(self) -> bool:
        """Whether one is over, and to be ended."""
        return self._pass is not None and self._pass.done()

    def end(self) -> None:
        """Take note of the one that is over.

        Raises:
            sqlite3.Error: It has failed.
        """
        ended, self._pass = self._pass, None
        if ended is not None:
            ended.result()

    def close(self) -> None:
        """Wait for the one under way, and let go of the connection."""
        self._pool.shutdown()
        self._let_go()

    def _move(self) -> None:
        if self._connection is None:
            self._connection = self._connect()
        try:
            for _ in range(_PASSES):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
