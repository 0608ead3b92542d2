"""``careloom serve``: the hub on HTTP, until it is told to stop."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import structlog
import uvicorn
from cyclopts import Parameter

from careloom.app import App, running
from careloom.cli.bounded_heads import BoundedHeads
from careloom.cli.logs import log_to_stderr
from careloom.cli.workers import CANNOT_START, end_with_parent, require_many, serve_many
from careloom.governance import hub_keys
from careloom.model.errors import CareloomError, InvalidError, UnavailableError
from careloom.model.records import replace
from careloom.settings import Settings, load_settings

_MOST_OPEN: Final = 65_536

log = structlog.get_logger(__name__)


def serve(
    *,
    settings: Annotated[Path, Parameter(help="The settings file.")] = Path("careloom.toml"),
    workers: Annotated[
        int | None, Parameter(help="Processes that serve; more than one need PostgreSQL. Default: http.workers.")
    ] = None,
) -> None:
    """Run the hub.

    It prints its address when it is ready, and stops on SIGTERM or Ctrl-C after finishing what it is at.
    Exit code 2: it cannot start, and says why.
    """
    log_to_stderr()
    try:
        code = _serve(load_settings(settings), workers)
    except CareloomError as error:
        print(f"careloom serve: {error}", file=sys.stderr)
        code = CANNOT_START
    if code:
        sys.exit(code)


def _serve(settings: Settings, workers: int | None) -> int:
    """Serve in this process, or in as many as are asked for."""
    number = settings.http.workers if workers is None else workers
    if number < 1:
        raise InvalidError(f"--workers: a whole number from 1 expected, found {number}")
    settings.http.tls()
    if number > 1:
        require_many(settings)
    with _bind(settings) as listener:
        base_url = _base_url(settings, listener)
        if number > 1:
            hub_keys(settings.hub.key_file)  # made here, or each of them would make one at the first start
            return serve_many(settings, listener, number, _work, lambda: _announce(base_url))
        _run(settings, listener, lambda: _announce(base_url))
    return 0


def _work(file: Path, listener: socket.socket, number: int, ready: Event) -> None:
    """Be one of several processes."""
    end_with_parent()
    log_to_stderr()
    structlog.contextvars.bind_contextvars(worker=number)
    try:
        settings = load_settings(file)
        _run(settings if number == 0 else replace(settings, mllp=()), listener, ready.set)
    except CareloomError as error:
        print(f"careloom serve: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


def _run(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_live(settings, listener, announce))


async def _live(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    async with running(settings, base_url=_base_url(settings, listener)) as app:
        _open_many()
        _spare_the_collector()
        _share_the_interpreter()
        await _listen(app, listener, announce)
    log.info("stopped")


async def _listen(app: App, listener: socket.socket, announce: Callable[[], None]) -> None:
    http = app.settings.http
    config = uvicorn.Config(
        app.asgi,
        http=BoundedHeads,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(round(http.grace), 1),
        ssl_certfile=http.certificate,
        ssl_keyfile=http.key,
        ssl_keyfile_password=http.key_password or None,
    )
    server = _Server(config, app.stopping)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop, number)
    announce()
    log.info("ready", base_url=app.hub.base_url)
    await server.serve(sockets=[listener])


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


def _announce(base_url: str) -> None:
    print(f"Careloom serves FHIR R4 at {base_url}", flush=True)


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
