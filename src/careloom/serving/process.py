"""One process that serves a hub: its event loop, its server, and what it asks of the system."""

import asyncio
import ctypes
import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from careloom.app import App, running
from careloom.model.connections import AT_REST
from careloom.serving.bounded_heads import BoundedHeads
from careloom.serving.port import base_url
from careloom.settings import Settings
from careloom.settings.http import HttpSettings

_MOST_OPEN: Final = 65_536

_M_ARENA_MAX: Final = -8
"""Of ``malloc.h``. Source: mallopt(3)."""

log = structlog.get_logger(__name__)


def run(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in progress.

    Args:
        settings: Those of the hub.
        listener: Bound to its port.
        announce: Called when it is ready.

    Raises:
        CareloomError: It cannot start.
    """
    _keep_few_heaps()
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_live(settings, listener, announce))


async def _live(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    async with running(settings, base_url=base_url(settings, listener)) as app:
        _open_many()
        _spare_the_collector()
        _share_the_interpreter()
        await _listen(app, listener, announce)
    log.info("stopped")


async def _listen(app: App, listener: socket.socket, announce: Callable[[], None]) -> None:
    server = _Server(configuration(app.asgi, app.settings.http), app.stopping)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop, number)
    announce()
    log.info("ready", base_url=app.hub.base_url)
    await server.serve(sockets=[listener])


def configuration(application: ASGIApp, http: HttpSettings) -> uvicorn.Config:
    """How an application is served."""
    return uvicorn.Config(
        application,
        http=BoundedHeads,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=AT_REST,
        timeout_graceful_shutdown=max(round(http.grace), 1),
        ssl_certfile=http.certificate,
        ssl_keyfile=http.key,
        ssl_keyfile_password=http.key_password or None,
    )


def _keep_few_heaps() -> None:
    """Have all threads share two heaps of glibc, which else makes one for each and keeps what each of them once took.

    They take turns at the interpreter, so that few of them want a heap at the same time.
    """
    with suppress(AttributeError, OSError):  # another library has one heap anyway
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _open_many() -> None:
    """Have as many files and connections open as the system allows; what it begins with is meant for other programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_OPEN if hard == resource.RLIM_INFINITY else min(hard, _MOST_OPEN)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _spare_the_collector() -> None:
    """Have the garbage collector pass over what stays for the life of the process.

    Definitions and what is compiled from them are a million objects that never go; a look at all of them, which a
    large bundle brings about again and again, stops every request for a tenth of a second.
    """
    gc.collect()
    gc.freeze()


def _share_the_interpreter() -> None:
    """Have threads hand over after a millisecond, not after five.

    A small request passes from thread to thread half a dozen times. While a large bundle is worked on, it would wait
    out the whole interval each time.
    """
    sys.setswitchinterval(0.001)


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end the process before the record is closed."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # a context manager of another class
        """Leave signals to the event loop."""
        return nullcontext()

    def stop(self, number: int) -> None:
        """Finish what is in progress, then end; a second signal ends it at once."""
        log.info("stopping", signal=signal.Signals(number).name)
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping.set()


def _loop() -> asyncio.AbstractEventLoop:
    """The faster event loop where there is one for this system."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415  # not installable on Windows

    return uvloop.new_event_loop()
