"""A mailbox: what is in it, what it sends, and what became of that.

A message goes in one piece or in chunks, each compressed; it counts as sent when MESH has taken the last of them. What
is collected stays in the mailbox until it is acknowledged, which is for the caller to do once it is safe. A report
comes instead of data where a message could not be delivered. An answer that may be different next time raises
UnavailableError; one that will not be raises InvalidError or ForbiddenError.
"""

import gzip
import json
import platform
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from careloom import __version__
from careloom.connectors.mesh.authorization import MailboxKey
from careloom.model.errors import ForbiddenError, InvalidError, NotFoundError, TooCostlyError, UnavailableError
from careloom.model.records import dataclass

MEDIA_TYPE = "application/vnd.mesh.v2+json"
CHUNK = 19_000_000
"""Bytes of a chunk before compression; MESH takes 20 MB, and 100 MB within the NHS network."""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Received:
    """A message out of the inbox, whole and uncompressed; not acknowledged.

    Attributes:
        id: Given by MESH.
        sender: Mailbox that sent it.
        workflow: Workflow id.
        local_id: The sender's own name for it.
        subject: As the sender wrote it.
        file_name: As the sender wrote it.
        content_type: As the sender wrote it; empty where it did not.
        data: The content.
    """

    id: str
    sender: str
    workflow: str
    local_id: str
    subject: str
    file_name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Word of MESH that a message was not delivered.

    Attributes:
        id: Of the report, by which it is acknowledged.
        about: Id of the message that was sent; empty where MESH gave it none.
        local_id: The sender's own name for that message.
        workflow: Workflow id of that message.
        code: ``14`` for not collected in time, and others.
        description: In words.
    """

    id: str
    about: str
    local_id: str
    workflow: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """What became of a message.

    Attributes:
        status: ``accepted``, ``acknowledged``, ``undeliverable``, ``error`` or ``uploading``.
        description: In words, where there is something to say.
    """

    status: str
    description: str


class Mailbox:
    """One mailbox of one environment of MESH; made by `opened`."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, key: MailboxKey, *, chunk: int = CHUNK) -> None:
        self._session, self._key, self._chunk = session, key, chunk
        self._address = f"{base_url.rstrip('/')}/messageexchange/{quote(key.mailbox, safe='')}"

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, base_url: str, key: MailboxKey, *, tls: Any = True, timeout: float = 60.0, chunk: int = CHUNK
    ) -> AsyncIterator["Mailbox"]:
        """A mailbox for as long as the context lasts.

        Args:
            base_url: Of the environment.
            key: What the mailbox proves itself by.
            tls: An `ssl.SSLContext` with the certificate of the mailbox; True for that of the platform.
            timeout: Seconds for one request.
            chunk: Bytes of a chunk before compression.
        """
        limits = aiohttp.ClientTimeout(total=timeout)
        connector = aiohttp.TCPConnector(ssl=tls)
        async with aiohttp.ClientSession(timeout=limits, connector=connector, auto_decompress=False) as session:
            yield cls(session, base_url, key, chunk=chunk)

    async def handshake(self) -> None:
        """Show that the mailbox is there and ours; MESH wants that once a day.

        Raises:
            ForbiddenError: MESH does not know the mailbox, or its password or shared key is wrong.
        """
        system = {
            "mex-ClientVersion": f"careloom=={__version__}",
            "mex-OSName": platform.system(),
            "mex-OSVersion": platform.release(),
            "mex-OSArchitecture": platform.machine(),
            "mex-JavaVersion": "N/A",
        }
        await self._ask("POST", "", headers=system)

    async def send(
        self,
        to: str,
        data: bytes,
        *,
        workflow: str,
        local_id: str = "",
        subject: str = "",
        file_name: str = "",
        content_type: str = "application/octet-stream",
    ) -> str:
        """Send a message; the id that MESH gave it.

        Raises:
            InvalidError: MESH refuses it: no such mailbox, no such workflow, and the like.
            UnavailableError: MESH did not take all of it; nothing of it is delivered.
        """
        pieces = [data[at : at + self._chunk] for at in range(0, len(data), self._chunk)] or [b""]
        named = {
            "mex-From": self._key.mailbox,
            "mex-To": to,
            "mex-WorkflowID": workflow,
            "mex-LocalID": local_id,
            "mex-Subject": subject,
            "mex-FileName": file_name,
            "mex-Content-Type": content_type if len(pieces) > 1 else "",
        }
        headers = {name: _one_line(name, value) for name, value in named.items() if value}
        _, answer = await self._ask(
            "POST", "/outbox", headers | self._chunk_headers(1, pieces, content_type), pieces[0]
        )
        id = str(_json(answer).get("message_id", ""))
        for number, piece in enumerate(pieces[1:], 2):
            await self._ask("POST", f"/outbox/{_part(id)}/{number}", self._chunk_headers(number, pieces, ""), piece)
        return id

    async def inbox(self, *, limit: int = _PAGE) -> list[str]:
        """The ids of what waits to be collected, oldest first."""
        _, answer = await self._ask("GET", f"/inbox?max_results={min(max(limit, 10), _PAGE)}")
        return [str(id) for id in _json(answer).get("messages", [])]

    async def collect(self, id: str, *, limit: int = 100_000_000) -> Received | Report:
        """A message out of the inbox, which stays there until it is acknowledged.

        Args:
            id: One of those in the inbox.
            limit: Bytes that it may have, all chunks together and uncompressed.

        Raises:
            NotFoundError: It is not there, or was acknowledged.
            InvalidError: A chunk is missing, or out of its place.
            TooCostlyError: It is over the limit.
        """
        headers, first = await self._ask("GET", f"/inbox/{_part(id)}")
        if headers.get("mex-MessageType", "").upper() == "REPORT":
            return _report(id, headers)
        pieces = [_uncompressed(id, headers, first, limit)]
        total = _chunks(id, headers)
        for number in range(2, total + 1):
            try:
                more, piece = await self._ask("GET", f"/inbox/{_part(id)}/{number}")
            except NotFoundError as error:
                raise InvalidError(f"MESH message {id}: chunk {number}:{total} expected, none found") from error
            if more.get("mex-Chunk-Range", f"{number}:{total}") != f"{number}:{total}":
                raise InvalidError(
                    f"MESH message {id}: chunk {number}:{total} expected, {more['mex-Chunk-Range']} found"
                )
            pieces.append(_uncompressed(id, more, piece, limit - sum(map(len, pieces))))
        return _received(id, headers, b"".join(pieces))

    async def acknowledge(self, id: str) -> None:
        """Say that a message is safe with us; MESH then forgets it. A second time changes nothing."""
        try:
            await self._ask("PUT", f"/inbox/{_part(id)}/status/acknowledged")
        except NotFoundError:
            return

    async def track(self, id: str) -> Tracking:
        """What became of a message that was sent.

        Raises:
            NotFoundError: There is no such message, or it is over 30 days ago.
        """
        _, answer = await self._ask("GET", f"/outbox/tracking?messageID={_part(id)}")
        told = _json(answer)
        return Tracking(str(told.get("status", "")).lower(), str(told.get("status_description") or ""))

    def _chunk_headers(self, number: int, pieces: list[bytes], content_type: str) -> dict[str, str]:
        is_typed = content_type and len(pieces) == 1
        return {
            "mex-Chunk-Range": f"{number}:{len(pieces)}",
            "Content-Type": content_type if is_typed else "application/octet-stream",
            "Content-Encoding": "gzip",
        }

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        """One request; headers and body of an answer that is good."""
        sent = {"Authorization": self._key.header(), "Accept": MEDIA_TYPE, "Accept-Encoding": "gzip", **(headers or {})}
        data = gzip.compress(body, mtime=0) if body is not None else None
        try:
            async with self._session.request(method, self._address + path, headers=sent, data=data) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(
                f"MESH mailbox {self._key.mailbox}: no answer: {error or type(error).__name__}"
            ) from error
        if response.status >= 400:
            raise self._refusal(response.status, answer)
        return response.headers, answer

    def _refusal(self, status: int, answer: bytes) -> Exception:
        told = f"MESH mailbox {self._key.mailbox}: {status} {_told(answer)}"
        if status in (401, 403):
            return ForbiddenError(told)
        if status in (404, 410):
            return NotFoundError(told)
        if status in (408, 429) or status >= 500:
            return UnavailableError(told)
        return InvalidError(told)


def _report(id: str, headers: Mapping[str, str]) -> Report:
    return Report(
        id=id,
        about=headers.get("mex-LinkedMsgID", ""),
        local_id=headers.get("mex-LocalID", ""),
        workflow=headers.get("mex-WorkflowID", ""),
        code=headers.get("mex-StatusCode", ""),
        description=headers.get("mex-StatusDescription", ""),
    )


def _received(id: str, headers: Mapping[str, str], data: bytes) -> Received:
    return Received(
        id=id,
        sender=headers.get("mex-From", ""),
        workflow=headers.get("mex-WorkflowID", ""),
        local_id=headers.get("mex-LocalID", ""),
        subject=headers.get("mex-Subject", ""),
        file_name=headers.get("mex-FileName", ""),
        content_type=headers.get("mex-Content-Type", "") or headers.get("Content-Type", ""),
        data=data,
    )


def _chunks(id: str, headers: Mapping[str, str]) -> int:
    told = headers.get("mex-Chunk-Range", "1:1")
    number, _, total = told.partition(":")
    if number != "1" or not total.isdecimal():
        raise InvalidError(f"MESH message {id}: chunk 1 expected, {told!r} found")
    return int(total)


def _uncompressed(id: str, headers: Mapping[str, str], data: bytes, limit: int) -> bytes:
    """The content of a chunk, as long as it stays under the limit."""
    is_whole, found = True, data
    if headers.get("Content-Encoding", "").lower() == "gzip":
        reader = zlib.decompressobj(wbits=31)
        try:
            found = reader.decompress(data, max(1, limit + 1))
        except zlib.error as error:
            raise InvalidError(f"MESH message {id}: gzip expected: {error}") from error
        is_whole = reader.eof and not reader.unused_data
    if len(found) > limit:
        raise TooCostlyError(f"MESH message {id}: more bytes than the limit allows")
    if not is_whole:
        raise InvalidError(f"MESH message {id}: gzip expected from beginning to end, a part found")
    return found


def _json(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer or b"{}")
    except ValueError as error:
        raise UnavailableError("MESH: JSON expected, something else found") from error
    return found if isinstance(found, dict) else {}


def _told(answer: bytes) -> str:
    """What an answer says is wrong; its beginning, where it is not JSON."""
    try:
        found = json.loads(answer)
    except ValueError:
        return answer[:200].decode("utf-8", "replace")
    details = found.get("detail", found) if isinstance(found, dict) else found
    first = details[0] if isinstance(details, list) and details else details
    if isinstance(first, dict):
        first = first.get("msg") or first.get("errorDescription") or first
    return str(first)[:200]


def _part(id: str) -> str:
    return quote(id, safe="")


def _one_line(name: str, value: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise InvalidError(f"{name}: one line of text expected, {value!r} found")
    return value
