"""``careloom serve``: the hub on HTTP, until it is told to stop."""

import asyncio
import signal
import socket
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import structlog
import uvicorn
from cyclopts import Parameter

from careloom.app import App, running
from careloom.model.errors import CareloomError, UnavailableError
from careloom.settings import Settings, load_settings

GRACE = 10
"""Seconds that requests in progress have to finish once the hub is told to stop."""

CANNOT_START = 2

log = structlog.get_logger(__name__)


def serve(*, settings: Annotated[Path, Parameter(help="The settings file.")] = Path("careloom.toml")) -> None:
    """Run the hub.

    It prints its address when it is ready, and stops on SIGTERM or Ctrl-C after finishing what it is at.
    Exit code 2: it cannot start, and says why.
    """
    _log_to_stderr()
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_serve(settings))
    except CareloomError as error:
        print(f"careloom serve: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


async def _serve(file: Path) -> None:
    settings = load_settings(file)
    with _bind(settings) as listener:
        base_url = _base_url(settings, listener)
        async with running(settings, base_url=base_url) as app:
            await _listen(app, listener)
    log.info("stopped")


async def _listen(app: App, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app.asgi,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop, number)
    print(f"Careloom serves FHIR R4 at {app.hub.base_url}", flush=True)
    log.info("ready", base_url=app.hub.base_url)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end the process before the record is closed."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # a context manager of another class
        """Leave signals to the event loop."""
        return nullcontext()

    def stop(self, number: int) -> None:
        """Finish what is in progress, then end; a second signal ends it at once."""
        log.info("stopping", signal=signal.Signals(number).name)
        self.force_exit = self.should_exit
        self.should_exit = True


def _bind(settings: Settings) -> socket.socket:
    """Take the port before anything else is opened.

    Raises:
        UnavailableError: It is taken, or not ours to take.
    """
    host, port = settings.hub.host, settings.hub.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for an acknowledgement
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise UnavailableError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def _base_url(settings: Settings, listener: socket.socket) -> str:
    """The address of the FHIR base; where the system chose the port, with that port."""
    if settings.hub.port:
        return settings.hub.base_url
    parts = urlsplit(settings.hub.base_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(netloc=f"{host}:{listener.getsockname()[1]}").geturl()


def _loop() -> asyncio.AbstractEventLoop:
    """The faster event loop where there is one for this system."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415  # not installable on Windows

    return uvloop.new_event_loop()


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
