"""``GET Subscription/1/_stream``: what a subscription is told, as server-sent events, for as long as somebody reads.

The request is answered like any other first: who asks, whether it is their subscription, and the audit record of that.
What follows is what a websocket would be told (`careloom.notify.websocket`), by the same decisions event by event. Each
event has the number of the subscription's event as its id, so a reader that comes back with ``Last-Event-ID`` goes on
where it was; what it has missed comes out of the same numbers as ``$events``.

Source: HTML Standard, 9.2 server-sent events.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.json import parse_json
from careloom.notify.channels.contents import Carried
from careloom.notify.subscriptions import EVENT_STREAM, owner_of
from careloom.notify.websocket import ClosedError, Feed, Parts
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operations.addressed import resource_of
from careloom.rest.service import Incoming, serve
from careloom.rest.subscriptions.own import addressed_subscription, telling_of

SUFFIX: Final = "/_stream"
LAST: Final = "last-event-id"
QUIET: Final = 15.0
"""Seconds of silence after which a comment is sent, so that nobody on the way closes the line."""

_MEDIA: Final = "text/event-stream"


async def stream(request: FhirRequest, hub: Hub) -> FhirResponse:
    """Judge a request for a stream; `with_streams` sends what follows.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        InvalidError: It is told by another channel, or is off.
        MalformedError: ``Last-Event-ID`` is not the number of an event.
    """
    telling_of(hub)
    version, subscription = await addressed_subscription(request, hub)
    if subscription.channel != EVENT_STREAM or resource_of(version).get("status") not in ("requested", "active"):
        raise InvalidError(f"Subscription/{request.id}: one with channel {EVENT_STREAM} that is not off expected")
    since_of(request.headers)
    return FhirResponse(200, headers={"Content-Type": _MEDIA, "Cache-Control": "no-store"}, versions=(version,))


def since_of(headers: Mapping[str, str]) -> int | None:
    """The number of the last event that a reader has; None where it says none.

    Raises:
        MalformedError: Something else.
    """
    text = headers.get(LAST, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise MalformedError(f"Last-Event-ID: the number of an event expected, found {text[:40]!r}")
    return int(text)


def with_streams(application: ASGIApp, hub: Callable[[], Hub], path: str, stopping: asyncio.Event) -> ASGIApp:
    """An application that also sends streams.

    Args:
        application: Answers everything else.
        hub: Gives the hub of the moment.
        path: Path of the base, ``/fhir``, without a slash at the end.
        stopping: Set once the hub is told to stop; streams end then, and their readers come back later.
    """

    async def application_with_streams(scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["path"] if scope["type"] == "http" and scope["method"] == "GET" else ""
        if not (asked.endswith(SUFFIX) and asked.startswith(f"{path}/")):
            await application(scope, receive, send)
            return
        incoming = _incoming(scope, asked[len(path) :])
        answer = await serve(incoming, hub())
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.status == 200:
            id = asked.removesuffix(SUFFIX).rpartition("/")[2]
            line = _Line()
            ending = asyncio.create_task(_until_over(receive, stopping, line))
            try:
                await _tell(id, since_of(incoming.headers), hub(), line, send)
            finally:
                ending.cancel()
        await send({"type": "http.response.body", "body": answer.data or b""})

    return application_with_streams


async def _tell(id: str, since: int | None, hub: Hub, line: "_Line", send: Send) -> None:
    """Send what a subscription is told until it ends, or the line does."""
    telling = telling_of(hub)
    version = await hub.repository.read("Subscription", id)
    if version is None:
        return
    parts = Parts(
        repository=hub.repository,
        topics=telling.topics,
        contents=telling.contents,
        disclosed=telling.disclosed,
        redeem=_nothing_to_redeem,
        clock=hub.clock,
        base_url=hub.base_url,
        metrics=telling.metrics,
    )
    client = owner_of(version.resource or {})
    feed = asyncio.create_task(Feed(id, client, line, parts).run(since))
    feed.add_done_callback(lambda _: line.end())
    try:
        async for chunk in line:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)


class _Line:
    """A `careloom.notify.websocket.Connection` whose other end is read as chunks of a stream."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[bytes, asyncio.Event]] = asyncio.Queue()
        self._is_over = asyncio.Event()

    async def receive(self) -> str:
        """Nobody speaks on this line but the hub."""
        await self._is_over.wait()
        raise ClosedError

    async def send(self, text: str) -> None:
        """Send a notification; it counts as sent once it has gone out."""
        if self._is_over.is_set():
            raise ClosedError
        taken = asyncio.Event()
        await self._waiting.put((written(text), taken))
        await taken.wait()

    def end(self) -> None:
        """There is nobody at one of the ends any more."""
        self._is_over.set()

    async def __aiter__(self) -> Any:
        """The chunks, a comment wherever it was silent for long, to the end."""
        while not (self._is_over.is_set() and self._waiting.empty()):
            over = asyncio.ensure_future(self._is_over.wait())
            waiting = asyncio.ensure_future(self._waiting.get())
            try:
                await asyncio.wait((over, waiting), timeout=QUIET, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    chunk, taken = waiting.result()
                    yield chunk
                    taken.set()
                elif not over.done():
                    yield b":\n\n"
                else:
                    return
            finally:
                over.cancel()
                waiting.cancel()


def written(notification: str) -> bytes:
    """A notification as an event of a stream; its id is the number of the last event that it tells of."""
    carried = Carried.in_bundle(parse_json(notification))
    id = f"id: {carried.last}\n" if carried.last else ""
    data = "".join(f"data: {line}\n" for line in notification.splitlines())
    return f"{id}event: notification\n{data}\n".encode()


async def _until_over(receive: Receive, stopping: asyncio.Event, line: "_Line") -> None:
    """End a line when its reader has gone, or the hub stops."""
    gone, stops = asyncio.ensure_future(_until_gone(receive)), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((gone, stops), return_when=asyncio.FIRST_COMPLETED)
    finally:
        line.end()
        gone.cancel()
        stops.cancel()


async def _until_gone(receive: Receive) -> None:
    with contextlib.suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass


async def _nothing_to_redeem(token: str) -> Any:
    raise MalformedError("a stream binds nothing")


async def _no_body(limit: int) -> bytes:
    return b""


def _incoming(scope: Scope, path: str) -> Incoming:
    client = scope.get("client")
    return Incoming(
        method="GET",
        path=path,
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        address=client[0] if client else "",
        read=_no_body,
    )
