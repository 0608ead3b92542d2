"""Hears of the commits of other processes, so that whoever waits for changes need not look for them again and again.

An announcement says only that there is something new; what it is stands in the change log. So none has to be kept: when
the connection was lost, listeners are woken once, and look.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import psycopg
from psycopg import sql

from careloom.store.postgres.commits import CHANNEL
from careloom.store.postgres.connection import Server

PATIENCE = 1.0
"""Seconds between two tries to connect again."""

_log = logging.getLogger(__name__)


class Listener:
    """A connection that listens, as a task on the event loop.

    Args:
        server: Where the database is.
        tenant: Number of the tenant whose changes count.
        own: Gives the server's number for the connection whose announcements are known already.
        on_news: Called for each announcement of another process.
    """

    def __init__(self, server: Server, tenant: int, *, own: Callable[[], int], on_news: Callable[[], None]) -> None:
        self._server = server
        self._tenant = str(tenant)
        self._own = own
        self._on_news = on_news
        self._is_listening = asyncio.Event()
        self._task = asyncio.create_task(self._listen_for_ever())

    async def listening(self, seconds: float) -> None:
        """Wait until it hears, or for so long; what is announced from here on is not missed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_listening.wait(), seconds)

    async def close(self) -> None:
        """Listen no more."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                _log.warning("%s: not listening for changes: %s", self._server.place, type(error).__name__)
            await asyncio.sleep(PATIENCE)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._server.conninfo,
            autocommit=True,
            application_name="careloom listener",
            connect_timeout=10,
            keepalives_idle=30,
        )
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            if self._is_listening.is_set():
                self._on_news()  # what was committed while nobody listened was announced to nobody
            self._is_listening.set()
            async for heard in connection.notifies():
                if heard.payload == self._tenant and heard.pid != self._own():
                    self._on_news()
