"""POST over HTTP/1.1 on connections that are kept: what a notifier needs of an HTTP client, and nothing else.

A notification is small and its answer is not read beyond the status, so what a client costs is most of what sending
costs. This one writes a request in one piece, has llhttp (`httptools`) read the answer, and gives the status as soon as
the head of the answer is there. What follows the head is read past beside, and the connection is free for the next
request when it is over; a receiver that says more than it should, or says it too slowly, loses its connection.

A connection at rest may be closed by the other side just as a request is written to it. Such a request, of which not a
byte was answered, is written once more on a new connection: the receiver drops what it has seen by ``webhook-id``.
Redirects are an answer like any other. Each address is judged when it is connected to.
"""

import asyncio
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import httptools

from careloom.model.records import dataclass
from careloom.notify.endpoints import EndpointPolicy, guarded_socket

MOST_HEAD: Final = 64 * 1024
"""Bytes of the head of an answer, interim ones included."""

MOST_REST: Final = 64 * 1024
"""Bytes behind the head that are read past; a connection on which there are more is closed."""

REST_SECONDS: Final = 5.0
"""How long that may take."""

IDLE_SECONDS: Final = 55.0
"""How long a connection is kept at rest: less than the minute after which most servers close theirs."""

_SAFE: Final = "/%:=&?~+!$,;'@()*[]-._"


class BrokenError(OSError):
    """The other side closed the connection, or did not answer in HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer.

    Attributes:
        status: The last, not an interim one.
        retry_after: That header; empty where it is not there.
    """

    status: int
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart.

    Attributes:
        is_tls: Whether by https.
        host: Name or address, as it is looked up.
        port: Its own, or the usual one.
        head: Request line and ``Host``.
    """

    is_tls: bool
    host: str
    port: int
    head: bytes

    @property
    def place(self) -> tuple[bool, str, int]:
        """What a connection to it serves: whatever has the same."""
        return self.is_tls, self.host, self.port


@lru_cache(maxsize=8192)
def target_of(url: str) -> Target:
    """Take an address apart.

    Raises:
        ValueError: It has no host, or one that cannot be written in a request.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
    if not host or max(map(len, host.split("."))) > 63:  # the longest label that DNS has
        raise ValueError(f"{url!r}: a host expected")
    path = quote(parts.path or "/", _SAFE) + (f"?{quote(parts.query, _SAFE)}" if parts.query else "")
    named = f"[{host}]" if ":" in host else host
    place = named if parts.port is None else f"{named}:{parts.port}"
    is_tls = parts.scheme == "https"
    head = f"POST {path} HTTP/1.1\r\nHost: {place}\r\n".encode("latin-1")
    return Target(is_tls, host, parts.port or (443 if is_tls else 80), head)


class Poster:
    """Sends POST requests; connections are made on the running event loop when they are needed, and kept.

    Args:
        policy: Which addresses may be connected to.
        tls: How https is spoken; the system's authorities, and no certificate of our own, unless it is given.
    """

    def __init__(self, policy: EndpointPolicy, tls: ssl.SSLContext | None = None) -> None:
        self._socket = guarded_socket(policy)
        self._tls = tls
        self._idle: dict[tuple[bool, str, int], deque[_Connection]] = defaultdict(deque)
        self._open: set[_Connection] = set()

    async def post(self, url: str, fields: str, body: bytes) -> Answer:
        """The head of the answer; whoever asks sets the time it may take.

        Args:
            url: Absolute.
            fields: See `header_fields`.
            body: What is sent.

        Raises:
            BrokenError: The other side closed the connection, or did not answer in HTTP.
            OSError: It cannot be connected to.
            ForbiddenError: Its address is not one that may be.
            ValueError: The address cannot be written in a request.
        """
        target = target_of(url)
        head = target.head + f"{fields}Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
        kept = self._kept(target)
        if kept is not None:
            try:
                return await kept.ask(head, body)
            except BrokenError:
                if kept.has_answered:
                    raise
        made = await self._connected(target)
        return await made.ask(head, body)

    async def close(self) -> None:
        """Close all connections."""
        for connection in [*self._open]:
            connection.abort()
        self._idle.clear()

    def _kept(self, target: Target) -> "_Connection | None":
        """A connection at rest, the one that rested least."""
        idle = self._idle.get(target.place)
        if not idle:
            return None
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while idle:
            connection = idle.pop()
            if not connection.is_closed and connection.rests_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connected(self, target: Target) -> "_Connection":
        """A new connection, to the first of the host's addresses that takes one."""
        loop = asyncio.get_running_loop()
        trouble: OSError | None = None
        for info in await _addresses(target):
            made = self._socket(info)
            try:
                await loop.sock_connect(made, info[4])
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _, protocol = await loop.create_connection(
                    lambda: _Connection(self, target),
                    sock=made,
                    ssl=self._context() if target.is_tls else None,
                    server_hostname=target.host if target.is_tls else None,
                )
            except OSError as error:
                made.close()
                trouble = error
            except BaseException:
                made.close()
                raise
            else:
                return protocol
        raise trouble or BrokenError(f"{target.host}: no address")

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _came(self, connection: "_Connection") -> None:
        self._open.add(connection)

    def _went(self, connection: "_Connection") -> None:
        self._open.discard(connection)

    def _rests(self, connection: "_Connection") -> None:
        self._idle[connection.target.place].append(connection)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, poster: Poster, target: Target) -> None:
        self.target = target
        self.is_closed = False
        self.rests_since = 0.0
        self.has_answered = False
        self._poster = poster
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._parser: Any = None
        self._rest: asyncio.TimerHandle | None = None
        self._length = 0
        self._is_head = True
        self._retry_after = ""

    async def ask(self, head: bytes, body: bytes) -> Answer:
        """Write a request, and wait for the head of the answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._length, self._is_head, self._retry_after, self.has_answered = 0, True, "", False
        if self._transport.is_closing():
            self._fail("closed while at rest")
        else:
            self._transport.write(head + body)
        try:
            return await self._answer
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Close at once."""
        self.is_closed = True
        if self._transport is not None:
            self._transport.abort()

    # what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As in the protocol."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no class of asyncio's
        self._poster._came(self)

    def data_received(self, data: bytes) -> None:
        """As in the protocol."""
        self.has_answered = True
        if self._parser is None:  # nobody has asked
            self.abort()
            return
        self._length += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"not HTTP: {type(error).__name__}")
            self.abort()
        if self._length > (MOST_HEAD if self._is_head else MOST_HEAD + MOST_REST):
            self._fail("the head of the answer is too long")
            self.abort()
        elif self._rest is None and self._parser is not None and not self._is_head:
            self._rest = asyncio.get_running_loop().call_later(REST_SECONDS, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """As in the protocol."""
        self.is_closed = True
        self._poster._went(self)
        self._end_rest()
        self._fail(f"closed by the other side{f': {exc}' if exc else ''}")

    # what the parser says

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The end of a head, perhaps of an interim one."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._is_head = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(status, self._retry_after))

    def on_message_complete(self) -> None:
        """The end of an answer."""
        if self._parser.get_status_code() < 200:
            return
        self._end_rest()
        if not self._parser.should_keep_alive() or self.is_closed:
            self.abort()
            return
        self._parser = None
        self.rests_since = asyncio.get_running_loop().time()
        self._poster._rests(self)

    def _end_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BrokenError(reason))


async def _addresses(target: Target) -> list[tuple[Any, ...]]:
    """What a host's name leads to; an address that is written as such leads to itself."""
    try:
        return [*socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)]
    except socket.gaierror:
        return [*await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)]


def header_fields(headers: Sequence[tuple[str, str]]) -> str:
    """Headers as they stand in a request, each with the end of its line; a name may stand there more than once.

    Raises:
        ValueError: One of them would be more than one header, or is not Latin-1.
    """
    text = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if text.count("\n") != len(headers) or text.count("\r") != len(headers) or "\0" in text:
        raise ValueError("a header holds the end of a line")
    text.encode("latin-1")
    return text
