"""Websockets on the web toolkit: from an ASGI connection to one that notify can serve."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from careloom.notify.websocket import LONGEST_MESSAGE, ClosedError, Parts, serve_websocket
from careloom.rest.hub import Hub
from careloom.rest.subscriptions.binding import redeem

PATH: Final = "/_websocket"
"""Below the base address."""

_POLICY_VIOLATION: Final = 1008
_LONGEST_REASON: Final = 100


def websocket_url(base_url: str) -> str:
    """Where websockets are opened: ``wss`` where the hub is ``https``."""
    return f"ws{base_url.removeprefix('http')}{PATH}"


def with_websockets(application: ASGIApp, hub: Callable[[], Hub], path: str) -> ASGIApp:
    """An application that also takes websockets.

    Args:
        application: Answers everything else.
        hub: Gives the hub of the moment.
        path: Path of the base, ``/fhir``, without a slash at the end.
    """

    async def application_with_websockets(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await application(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        telling = hub().telling
        if scope["path"] != f"{path}{PATH}" or telling is None:
            await socket.close()
            return
        await socket.accept()
        parts = Parts(
            repository=hub().repository,
            topics=telling.topics,
            contents=telling.contents,
            disclosed=telling.disclosed,
            redeem=lambda token: redeem(token, hub()),
            clock=hub().clock,
            base_url=hub().base_url,
            metrics=telling.metrics,
        )
        reason = await serve_websocket(_Line(socket), parts)
        if socket.client_state is WebSocketState.CONNECTED and reason:
            with suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
                await socket.close(_POLICY_VIOLATION, reason[:_LONGEST_REASON])

    return application_with_websockets


class _Line:
    """A `careloom.notify.websocket.Connection`."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str:
        """The next message."""
        try:
            message = await self._socket.receive()
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ClosedError from error
        if message["type"] == "websocket.disconnect":
            raise ClosedError
        return str(message.get("text") or "")[: LONGEST_MESSAGE + 1]

    async def send(self, text: str) -> None:
        """Send a message."""
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ClosedError from error
