"""A connection on which the event loop asks one statement again and again, and waits for nothing.

psycopg's own way of asking without waiting is a coroutine for each statement, with a timer, a waiter and a cursor. Here
the loop tells when the server has sent something, and libpq (https://www.postgresql.org/docs/current/libpq-async.html)
whether that is all of an answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from careloom.store.postgres.connection import Connection, Server, connect_reader

Rows = list[tuple[Any, ...]]

_NAME = b"asked"


def connect_line(server: Server, sql: str) -> Connection:
    """A connection that only reads, on which a statement with ``$1`` for values is prepared; whoever calls waits.

    Raises:
        psycopg.Error: The server does not answer, or does not take the statement.
    """
    connection = connect_reader(server)
    made = connection.raw.pgconn.prepare(_NAME, sql.encode())
    if made.status != ExecStatus.COMMAND_OK:
        connection.close()
        raise psycopg.OperationalError(f"{server.place}: a statement was not prepared")
    return connection


class Line:
    """One answer is under way at most.

    Args:
        loop: On whose thread everything is called.
        connection: Made by `connect_line`; becomes its own.
        on_answer: Gets the rows of an answer.
        on_lost: Called once, when the connection is lost or the server refuses to answer; it is closed then.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: Connection,
        on_answer: Callable[[Rows], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._connection = connection
        self._libpq = connection.raw.pgconn
        self._socket = self._libpq.socket
        self._transformer = Transformer(connection.raw)
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._libpq.nonblocking = 1
        self._is_closed = False
        loop.add_reader(self._socket, self._readable)

    def ask(self, values: Sequence[bytes]) -> None:
        """Send the values of the statement, as texts; nothing else may be under way."""
        try:
            self._libpq.send_query_prepared(_NAME, values, result_format=Format.BINARY)
            self._send()
        except psycopg.Error:
            self._lose()

    def close(self) -> None:
        """End the connection; nobody is told."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._connection.close()

    def _send(self) -> None:
        """Send what is left to be sent, now or when the network takes it."""
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._writable)
        else:
            self._loop.remove_writer(self._socket)

    def _writable(self) -> None:
        try:
            self._send()
        except psycopg.Error:
            self._lose()

    def _readable(self) -> None:
        try:
            self._libpq.consume_input()
            results = [] if self._libpq.is_busy() else self._results()
            answers = [self._rows(result) for result in results]
        except psycopg.Error:
            self._lose()
            return
        if self._libpq.status != ConnStatus.OK:
            self._lose()
            return
        for rows in answers:
            self._on_answer(rows)

    def _results(self) -> list[PGresult]:
        """What has come, which is all there is."""
        results = []
        while (result := self._libpq.get_result()) is not None:
            results.append(result)
        return results

    def _rows(self, result: PGresult) -> Rows:
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError("the server refused an answer")
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _lose(self) -> None:
        if not self._is_closed:
            self.close()
            self._on_lost()
