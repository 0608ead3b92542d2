"""Listens for messages over MLLP: each connection in order, and many messages of it on their way at once.

A sender that waits for every answer gets it after the commit. One that does not wait gains: its next messages are read
while the commit of the first is under way, and are answered in their order all the same.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from ssl import SSLContext

import structlog

from careloom.connectors.hl7v2.acknowledgment import refused
from careloom.connectors.hl7v2.mllp import Fault, FrameReader, framed
from careloom.model.errors import MalformedError
from careloom.model.instants import Clock
from careloom.model.records import dataclass

Take = Callable[[bytes, str], Awaitable[bytes]]
"""From a message and the address it came from to its answer."""

_Answers = asyncio.Queue["asyncio.Future[bytes] | None"]

_log = structlog.get_logger(__name__)

_PIECE = 65_536

_KEPT_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Seconds of silence after which the other side is asked whether it is there, and how often; not on every platform."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may ask for.

    Attributes:
        message_bytes: Bytes of a message.
        under_way: Messages read and not yet answered; beyond that the connection is not read from.
        connection_bytes: Bytes that those messages have together; beyond that the connection is not read from, either.
        patience: Seconds in which a message that has begun goes on; a connection at rest may rest.
        connections: Connections at one time.
    """

    message_bytes: int = 10_000_000
    under_way: int = 64
    connection_bytes: int = 20_000_000
    patience: float = 30.0
    connections: int = 200


class _Room:
    """How much a connection may hold of messages that wait for their answer."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._left = asyncio.Event()

    async def take(self, frame: bytes | Fault) -> None:
        """Wait until there is room for a message; alone each has room."""
        while self._taken and self._taken + _size(frame) > self._most:
            self._left.clear()
            await self._left.wait()
        self._taken += _size(frame)

    def leave(self, frame: bytes | Fault, _: object) -> None:
        """Make room for others once a message is answered."""
        self._taken -= _size(frame)
        self._left.set()


def _size(frame: bytes | Fault) -> int:
    return len(frame if isinstance(frame, bytes) else frame.data)


class MllpListener:
    """A listening port; made by `listen`."""

    def __init__(self, take: Take, *, limits: Limits, clock: Clock, new_id: Callable[[], str]) -> None:
        self._take, self._limits, self._clock, self._new_id = take, limits, clock, new_id
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens at."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int, *, tls: SSLContext | None = None) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._converse, host, port, ssl=tls)

    async def stop(self, *, within: float = 10.0) -> None:
        """Take no more messages, answer those that are under way, and close."""
        assert self._server is not None
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=within)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._conversations) >= self._limits.connections:
            _log.warning("connection refused", connections=len(self._conversations))
            writer.close()
            return
        self._conversations.add(task)
        keep_alive(writer.get_extra_info("socket"))
        answers: _Answers = asyncio.Queue(self._limits.under_way)
        answering = asyncio.create_task(_answer(answers, writer))
        try:
            await self._listen(reader, answers, _address(writer))
        except (ConnectionError, TimeoutError) as error:
            _log.info("connection ended", reason=str(error) or type(error).__name__)
        except asyncio.CancelledError:
            _log.info("connection ended", reason="the listener stops")
        finally:
            await answers.put(None)
            await answering
            writer.close()
            self._conversations.discard(task)

    async def _listen(self, reader: asyncio.StreamReader, answers: _Answers, address: str) -> None:
        frames, room = FrameReader(self._limits.message_bytes), _Room(self._limits.connection_bytes)
        while True:
            patience = self._limits.patience if frames.is_within else None
            data = await asyncio.wait_for(reader.read(_PIECE), patience)
            if not data:
                return
            for frame in frames.feed(data):
                await room.take(frame)
                answer = asyncio.ensure_future(self._answer_to(frame, address))
                answer.add_done_callback(partial(room.leave, frame))
                await answers.put(answer)

    async def _answer_to(self, frame: bytes | Fault, address: str) -> bytes:
        if isinstance(frame, Fault):
            return refused(None, MalformedError(frame.reason), now=self._clock(), new_id=self._new_id)
        return await self._take(frame, address)


async def _answer(answers: _Answers, writer: asyncio.StreamWriter) -> None:
    """Send the answers in the order of the messages, those that are there together in one piece."""
    ready: list[bytes] = []
    while (answer := await answers.get()) is not None:
        if not answer.done():
            await _send(ready, writer)
        ready.append(framed(await answer))
        if answers.empty():
            await _send(ready, writer)
    await _send(ready, writer)


async def _send(ready: list[bytes], writer: asyncio.StreamWriter) -> None:
    """Send what is ready; to nobody once the sender has gone, whose commits are waited for all the same."""
    if ready and not writer.is_closing():
        writer.write(b"".join(ready))
        with suppress(ConnectionError):
            await writer.drain()
    ready.clear()


def keep_alive(connection: socket.socket) -> None:
    """Have a connection end whose other side is not there any more, though it said nothing when it went.

    A sender that crashes, or a firewall that forgets, leaves one behind at each time; they would add up to all there
    may be.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEPT_ALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _address(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else ""
