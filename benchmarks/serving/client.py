"""HTTP/1.1 as bare as it gets: the load must cost less than what it measures."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_MOST = 256 * 1024 * 1024


class RefusedError(Exception):
    """A server answered with something else than success; the text has its answer."""


@dataclass(slots=True)
class Client:
    """One connection that stays open, one request at a time.

    Attributes:
        base_url: Of the FHIR base.
        headers: Sent with each request.
    """

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer.

        Args:
            method: Upper case.
            path: Below the base; empty for the base itself.
            body: FHIR JSON.

        Raises:
            RefusedError: The status is not one of success.
        """
        if self._writer is None or self._reader is None:
            await self._connect()
        assert self._reader is not None and self._writer is not None
        self._writer.write(self._request(method, path, body))
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        answer = await self._reader.readexactly(int(length[1])) if length else b""
        if not head.startswith(b"HTTP/1.1 2"):
            raise RefusedError(f"{method} {path}: {head.splitlines()[0].decode()} {answer[:500].decode()}")
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()

    async def _connect(self) -> None:
        parts = urlsplit(self.base_url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_MOST)

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        parts = urlsplit(self.base_url)
        target = f"{parts.path}/{path}" if path else parts.path
        head = {"Host": parts.netloc, "Accept": "application/fhir+json", **self.headers}
        if body:
            head |= {"Content-Type": "application/fhir+json", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


@contextmanager
def connected(base_url: str, token: str, number: int) -> Iterator[list[Client]]:
    """As many clients as are asked for, each with a connection of its own."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    clients = [Client(base_url, headers) for _ in range(number)]
    try:
        yield clients
    finally:
        for each in clients:
            each.close()
