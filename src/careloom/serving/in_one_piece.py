"""Answers that leave in one piece, head and body, in the place of two."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST: Final = 65_536
"""Bytes that wait for more; a stream is not held back."""


class Gathering:
    """A transport that hands on together what is written in one step of the event loop.

    Each hand-over is a call of the system, which costs as much as making a small answer ready does.

    Args:
        transport: The one to the client.
        loop: The event loop that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """As of a transport; what is written is handed on before the loop looks for anything new."""
        if not self._parts:
            self._loop.call_soon(self._hand_on)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST:
            self._hand_on()

    def close(self) -> None:
        """As of a transport, which tells what was written before."""
        self._hand_on()
        self._transport.close()

    def _hand_on(self) -> None:
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))


class InOnePiece(HttpToolsProtocol):
    """HTTP/1.1 by uvicorn and llhttp, over a `Gathering` transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """As of a protocol."""
        super().connection_made(Gathering(transport, self.loop))  # type: ignore[arg-type]  # a transport by all it does
