"""Requests whose head must come in time and in size.

Who sends nothing but the beginning of a head needs no token for it, and would hold a connection or fill the memory for
as long as it likes. What comes behind the head has its own bounds (`careloom.rest.service`).
"""

import asyncio
from typing import Final

from careloom.model.issues import Issue, operation_outcome
from careloom.model.json import serialize_json
from careloom.serving.in_one_piece import InOnePiece

SECONDS: Final = 20.0
"""For a head to be complete, from the connection on; of a later request, from its first byte on."""

MOST: Final = 65_536
"""Bytes of a head."""

_TOO_LARGE: Final = Issue("error", "too-long", f"the head of a request: at most {MOST} bytes expected, found more")
_TOO_SLOW: Final = Issue(
    "error", "timeout", f"the head of a request: expected within {SECONDS:g} s, not found complete"
)
_NO_HTTP: Final = Issue("error", "structure", "a request by HTTP/1.1 expected, found what cannot be read as one")


class BoundedHeads(InOnePiece):
    """HTTP/1.1 that gives up a head which takes too long (408) or is too large (431), and its connection with it."""

    _timer: asyncio.TimerHandle | None = None
    _size = 0
    _is_between = True
    """Whether the last message has ended and the next has not begun to be waited for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """As of a protocol."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """As of a protocol."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As of a protocol."""
        if self._is_between and self._timer is None:
            self._await_head()
        room = MOST - self._size
        if self._is_in_head() and len(data) > room:
            super().data_received(data[:room])
            if self._is_in_head():
                self._refuse(b"431 Request Header Fields Too Large", _TOO_LARGE)
                return
            data = data[room:]
        super().data_received(data)
        if self._is_in_head():  # all of it belongs to the head, or it would be complete
            self._size += len(data)

    def on_headers_complete(self) -> None:
        """As of the parser."""
        self._end_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """As of the parser."""
        self._is_between = True
        super().on_message_complete()

    def _await_head(self) -> None:
        self._is_between, self._size = False, 0
        self._timer = self.loop.call_later(SECONDS, self._refuse, b"408 Request Timeout", _TOO_SLOW)

    def _is_in_head(self) -> bool:
        return self._timer is not None

    def _end_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def send_400_response(self, msg: str) -> None:
        """As of the parser: what came is no HTTP."""
        self._refuse(b"400 Bad Request", _NO_HTTP)

    def _refuse(self, status: bytes, issue: Issue) -> None:
        self._end_head()
        if not self.transport.is_closing():
            body = serialize_json(operation_outcome([issue]))
            head = (
                b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-type: application/fhir+json\r\ncontent-length: %d\r\n\r\n"
            )
            self.transport.write(head % (status, len(body)) + body)
            self.transport.close()
