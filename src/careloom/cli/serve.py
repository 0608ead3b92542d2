"""``careloom serve``: the hub on HTTP, until it is told to stop."""

import socket
import sys
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated

import structlog
from cyclopts import Parameter

from careloom.cli.logs import log_to_stderr
from careloom.governance import hub_keys
from careloom.model.errors import CareloomError, InvalidError
from careloom.model.records import replace
from careloom.serving.port import base_url, bind
from careloom.serving.process import run
from careloom.serving.workers import CANNOT_START, end_with_parent, require_many, serve_many
from careloom.settings import Settings, load_settings


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
    with bind(settings) as listener:
        address = base_url(settings, listener)
        if number > 1:
            hub_keys(settings.hub.key_file)  # made here, or each of them would make one at the first start
            return serve_many(settings, listener, number, _work, lambda: _announce(address))
        run(settings, listener, lambda: _announce(address))
    return 0


def _work(file: Path, listener: socket.socket, number: int, ready: Event) -> None:
    """Be one of several processes."""
    end_with_parent()
    log_to_stderr()
    structlog.contextvars.bind_contextvars(worker=number)
    try:
        settings = load_settings(file)
        run(settings if number == 0 else replace(settings, mllp=()), listener, ready.set)
    except CareloomError as error:
        print(f"careloom serve: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)


def _announce(address: str) -> None:
    print(f"Careloom serves FHIR R4 at {address}", flush=True)
