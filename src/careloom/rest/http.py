"""The hub on the web: the only module that speaks ASGI.

It turns an ASGI request into an `Incoming` and a `FhirResponse` into messages of ASGI, and decides nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial

from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from careloom.model.errors import MalformedError
from careloom.model.room import ROOM
from careloom.rest.errors import BodyTooLargeError
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirResponse
from careloom.rest.probes import PROBES, nowhere
from careloom.rest.service import Incoming, answered

_LISTS = frozenset({"accept", "accept-encoding", "accept-language", "if-match", "if-none-match", "prefer"})
"""Headers that say the same on several lines as on one with commas between. Source: RFC 9110, 5.3; RFC 7240, 2."""

_WITHOUT_LENGTH = frozenset({204, 304})
"""Answers whose body is none by their status, so that nothing is said of its length."""


def fhir_application(hub: Callable[[], Hub], path: str) -> ASGIApp:
    """The ASGI application of a FHIR base.

    Args:
        hub: Gives the hub of the moment; asked once for each request, which is then served by it to its end.
        path: Path of the base, ``/fhir``, without a slash at the end.
    """
    below = f"{path}/"

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        claim = ROOM.enter()
        try:
            response = await respond(scope, receive)
            if response.file is None:
                await _send(response, send)
        finally:
            asyncio.get_running_loop().call_soon(ROOM.leave, claim)  # what is sent goes out at the end of this round
        if response.file is not None:
            await FileResponse(response.file, response.status, dict(response.headers))(scope, receive, send)

    async def respond(scope: Scope, receive: Receive) -> FhirResponse:
        asked, method = scope["path"], scope["method"]
        if asked in PROBES and method in ("GET", "HEAD"):
            return await PROBES[asked](_address(scope), hub())
        if asked != path and not asked.startswith(below):
            return nowhere(asked, path)
        return await answered(_incoming(scope, receive, asked[len(path) :]), hub())

    return application


def _incoming(scope: Scope, receive: Receive, path: str) -> Incoming:
    headers = _headers(scope["headers"])
    query = scope["query_string"].decode("latin-1")
    return Incoming(scope["method"], path, query, headers, _address(scope), partial(_body, headers, receive))


def _headers(lines: Collection[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name. Their text is UTF-8, as clients write a name in ``If-None-Exist``, or else Latin-1."""
    try:
        headers = {name.decode(): value.decode() for name, value in lines}
    except UnicodeDecodeError:
        lines = [(name, value.decode("latin-1").encode()) for name, value in lines]
        return _headers(lines)
    if len(headers) < len(lines):
        for listed in _LISTS & headers.keys():
            headers[listed] = ", ".join(value.decode() for name, value in lines if name.decode() == listed)
    return headers


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


async def _body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The request body, given up as soon as it is known to be over the limit."""
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLargeError(f"the body has {declared} bytes, at most {limit} are read")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedError("the client left before its body had ended")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLargeError(f"the body has more than {limit} bytes, no more are read")
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(response: FhirResponse, send: Send) -> None:
    data = response.data or b""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status not in _WITHOUT_LENGTH:
        headers.append((b"content-length", str(len(data)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
