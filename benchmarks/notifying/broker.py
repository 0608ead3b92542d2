"""A broker among the subscribers: a NATS server that can be killed, and a reader that hands on what lies on its stream.

The reader knows nothing of the hub. It takes the messages in the order of the stream and gives each, with the headers
it was published with, to the judge, who takes it like any other notification.
"""

import asyncio
import contextlib
import signal
from pathlib import Path

import nats
from benchmarks.notifying.hubs import Receiver
from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError
from tests.nats_server import Server

STREAM = "CARELOOM"
SUBJECT = "careloom.gp-system.discharges"
ENDPOINT = f"nats:{SUBJECT}"

_SETTINGS = """
[nats]
servers = ["{url}"]
stream = "{stream}"
patience = 1.0
"""
_EMPTY_PAUSE = 0.05
_AWAY_PAUSE = 0.2


class Broker:
    """A NATS server of our own with one stream, which is synchronised at every write."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._server = Server(folder)

    @property
    def settings(self) -> str:
        """What a hub is told of it."""
        return _SETTINGS.format(url=self._server.url, stream=STREAM)

    async def start(self) -> None:
        """Start it, and make the stream where there is none yet."""
        await asyncio.to_thread(self._server.start)
        client = await self._connected()
        with contextlib.suppress(Error):  # it is there already, or the server is killed again
            await client.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["careloom.>"]))
        await client.close()

    def kill(self) -> None:
        """End it at once."""
        self._server.stop(signal.SIGKILL)

    async def hand_on(self, judge: Receiver) -> None:
        """Give the judge what is on the stream, each message once and in its order, until cancelled."""
        number = 1
        while True:
            client = None
            try:
                client = await self._connected()
                while True:
                    number = await self._next(client, number, judge)
            except (Error, OSError, TimeoutError):
                await asyncio.sleep(_AWAY_PAUSE)
            finally:
                if client is not None:
                    await client.close()

    async def _next(self, client: Client, number: int, judge: Receiver) -> int:
        """Hand on one message, or wait a little where there is none; the number of the one that is next."""
        try:
            message = await client.jetstream(timeout=1.0).get_msg(STREAM, seq=number)
        except NotFoundError:
            await asyncio.sleep(_EMPTY_PAUSE)
            return number
        await asyncio.to_thread(judge.take, dict(message.headers or {}), message.data or b"")
        return number + 1

    async def _connected(self) -> Client:
        return await nats.connect(self._server.url, allow_reconnect=False, connect_timeout=2, error_cb=_silently)


async def _silently(error: Exception) -> None:
    """A broker that was killed is what this is about."""
