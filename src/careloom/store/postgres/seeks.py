"""Reads by id that come together are one statement, asked by the event loop itself.

A read by id is a seek of two keys, which takes the server some 50 microseconds. On a thread of its own it costs this
process several times that: the thread is woken, waits for the interpreter, for the server, for the interpreter again,
and wakes the event loop. So the loop asks by itself, on a connection on which nobody waits::

    reads that come in one step of the loop          one statement, ``unnest`` of what they ask for
    reads that come while the server answers         the next statement

Each statement is begun after all reads in it have come, so each sees what was committed by then. One that is given up
by who asked is answered to nobody; its neighbours do not notice. Whatever goes wrong here (the connection is lost, the
server does not answer for a while, or ends the statement) is no answer: the read is done again on a thread, by
`careloom.store.postgres.readers`, which tells what there is to tell.
"""

import asyncio
import time
from typing import Final

import psycopg

from careloom.model.records import dataclass
from careloom.store.postgres.connection import Server
from careloom.store.postgres.line import Line, Rows, connect_line
from careloom.store.postgres.readers import Readers
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Row

MOST: Final = 64
"""Reads in one statement."""

SLOW: Final = 0.02
"""Seconds that a statement may take before others go by threads, which do not wait for it."""

PAUSE: Final = 1.0
"""Seconds between two attempts to connect."""

_READ = load_statements("record.sql")["read"]
_SEEK = load_statements("postgres.sql")["seek"]


@dataclass(slots=True, eq=False)
class _Seek:
    rid: int
    answer: asyncio.Future[Row | None]


class Seeks:
    """Those of one tenant in one process.

    Args:
        server: Where the database is.
        tenant: Number of the tenant.
        readers: Read on threads.
    """

    def __init__(self, server: Server, tenant: int, readers: Readers) -> None:
        self._server = server
        self._tenant = tenant
        self._readers = readers
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._next_attempt = 0.0
        self._waiting: list[_Seek] = []
        self._asked: list[_Seek] = []
        self._asked_at = 0.0
        self._is_closed = False

    async def row(self, rid: int) -> Row | None:
        """The newest version of a resource by the hash of its address: id, ver, op, vid, dictionary and bytes.

        Raises:
            UnavailableError: The server does not answer.
            TooCostlyError: It takes longer than it may.
        """
        if self._may_ask():
            seek = self._begun(rid)
            try:
                return await seek.answer
            except _NoAnswerError:
                pass
        values = {"tenant": self._tenant, "rid": rid}
        row: Row | None = await self._readers.run(lambda each: each.execute(_READ, values).fetchone())
        return row

    async def close(self) -> None:
        """Finish what was asked, then close the connection."""
        self._is_closed = True
        if self._connecting is not None:
            await self._connecting
        left = [seek.answer for seek in (*self._asked, *self._waiting)]
        if left:
            await asyncio.wait(left)
        if self._line is not None:
            self._line.close()

    def _may_ask(self) -> bool:
        """Whether there is a connection that answers; one is made where there is none."""
        if self._line is None:
            self._connect()
            return False
        return not self._is_closed and not (self._asked and self._loop.time() - self._asked_at > SLOW)

    def _begun(self, rid: int) -> _Seek:
        """One that is asked with the others of this step, or when those who are asked for are there."""
        if not self._asked and not self._waiting:
            self._loop.call_soon(self._ask)
        seek = _Seek(rid, self._loop.create_future())
        self._waiting.append(seek)
        return seek

    def _ask(self) -> None:
        if self._line is None or self._asked or not self._waiting:
            return
        self._asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._asked_at = self._loop.time()
        rids = ",".join([str(seek.rid) for seek in self._asked])
        self._line.ask((b"%d" % self._tenant, b"{%s}" % rids.encode()))

    def _answered(self, rows: Rows) -> None:
        """Give each its row, and ask for those that have come meanwhile."""
        asked, self._asked = self._asked, []
        found = {rid: tuple(row) for rid, *row in rows}
        for seek in asked:
            if not seek.answer.done():
                seek.answer.set_result(found.get(seek.rid))
        self._ask()

    def _lost(self) -> None:
        """Have each read done again by itself."""
        left = [*self._asked, *self._waiting]
        self._line, self._asked, self._waiting = None, [], []
        for seek in left:
            if not seek.answer.done():
                seek.answer.set_exception(_NoAnswerError())

    def _connect(self) -> None:
        now = time.monotonic()
        if self._is_closed or now < self._next_attempt or self._connecting is not None:
            return
        self._next_attempt = now + PAUSE
        self._connecting = self._loop.create_task(self._connected())

    async def _connected(self) -> None:
        try:
            connection = await asyncio.to_thread(connect_line, self._server, _SEEK)
        except psycopg.Error:
            return  # who reads is told so by a thread
        finally:
            self._connecting = None
        self._line = Line(self._loop, connection, self._answered, self._lost)


class _NoAnswerError(Exception):
    """There was none; it is to be asked for on a thread."""
