"""Sends whole HTTP requests to a hub, as bytes and headers, and gives what goes out."""

from collections.abc import Callable, Coroutine
from typing import Any

from tests.unit.rest.desk import EVERYTHING, NOW, Desk

from careloom.governance.tokens import make_access_token
from careloom.rest.errors import BodyTooLargeError
from careloom.rest.messages import FhirResponse
from careloom.rest.service import Incoming, serve


def token(desk: Desk, **changes: Any) -> str:
    client = desk.hub.registry.client(changes.get("client", "acute-epr"))
    assert client is not None
    at = changes.get("at", NOW)
    scopes = changes.get("scopes", EVERYTHING)
    return make_access_token(desk.hub.authority, client, scopes=scopes, purpose="TREAT", now=at)[0]


def bearer(desk: Desk, **changes: Any) -> str:
    return f"Bearer {token(desk, **changes)}"


def body(data: bytes) -> Callable[[int], Coroutine[Any, Any, bytes]]:
    async def read(limit: int) -> bytes:
        if len(data) > limit:
            raise BodyTooLargeError("too large")
        return data

    return read


async def send(
    desk: Desk, method: str, path: str, data: bytes = b"", *, query: str = "", known: bool = True, **headers: str
) -> FhirResponse:
    """Send a request; with a token unless the client is to be unknown."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if known:
        named.setdefault("authorization", bearer(desk))
    return await serve(Incoming(method, path, query, named, "10.0.0.7", body(data)), desk.hub)
