"""Several applications in one server, each at a port of its own."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uvicorn

from careloom.model.connections import AT_REST
from careloom.model.errors import UnavailableError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""

_GRACE = 3
"""Seconds that open requests are given at the end; streams are closed before, so this is for stragglers."""


class Listeners:
    """ASGI applications by the port they are reached at, all on 127.0.0.1."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._applications: dict[int, Application] = {}

    def open(self, port: int = 0) -> int:
        """Take a port, any free one for 0, before `serving`; an application can be put there later.

        Raises:
            UnavailableError: The port is taken.
        """
        try:
            listener = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise UnavailableError(f"port {port} of 127.0.0.1 cannot be listened at: {error.strerror}") from error
        self._sockets.append(listener)
        taken: int = listener.getsockname()[1]
        return taken

    def put(self, port: int, application: Application) -> None:
        """Have an application answer at a port."""
        self._applications[port] = application

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve as long as the block lasts."""
        config = uvicorn.Config(
            self._dispatch,
            interface="asgi3",
            log_level="warning",
            lifespan="off",
            timeout_keep_alive=AT_REST,
            timeout_graceful_shutdown=_GRACE,
            access_log=False,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=self._sockets))
        try:
            while not server.started and not task.done():
                await asyncio.sleep(0.01)
            yield
        finally:
            server.should_exit = True
            await task

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._applications.get(scope["server"][1])
        if application is None:
            raise RuntimeError(f"no application at port {scope['server'][1]}")
        await application(scope, receive, send)


class _Server(uvicorn.Server):
    """A server that leaves signals to the command that runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
