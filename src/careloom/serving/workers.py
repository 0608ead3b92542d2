"""Several processes that serve one hub: one takes the port and watches, the others answer.

All of them listen on the same socket, and the system gives each connection to one. When they start and one of them
cannot, all end, since the others could not either. Later a process that ends by itself is started again, as often as it
takes: settings that are being edited, or a database that is away for a moment, are no reason to end those that serve.
The others end when the one that watches does, however it ends, since nobody could stop them any more. What listens at
ports of its own (HL7 v2) runs in the first of them alone.
"""

import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Thread
from typing import Final

import structlog

from careloom.model.errors import NotSupportedError
from careloom.model.records import dataclass, field
from careloom.settings import Settings

Serve = Callable[[Path, socket.socket, int, Event], None]
"""Serves in a process of its own: settings file, socket, its number, and what to set when it is ready.

It must be a function of a module, so that the process that is started can find it.
"""

CANNOT_START: Final = 2
PAUSE: Final = 0.1
REST: Final = 1.0
"""Seconds before a process that ended by itself is started again; each time that it cannot start, twice as many."""
LONGEST_REST: Final = 30.0

log = structlog.get_logger(__name__)


def require_many(settings: Settings) -> None:
    """See that several processes can serve this record.

    Raises:
        NotSupportedError: It is an SQLite file, or in memory, which has one writer in one process.
    """
    if not settings.store.is_postgres:
        raise NotSupportedError(
            f"{settings.store.place} has one writer, in one process: serve it with one worker, "
            "or name a PostgreSQL database in [store] url, which many processes can share"
        )


def serve_many(
    settings: Settings, listener: socket.socket, number: int, serve: Serve, announce: Callable[[], None]
) -> int:
    """Serve in so many processes until told to stop, and give the exit code.

    Args:
        settings: Those of the hub.
        listener: Bound to its port.
        number: How many processes.
        serve: What each of them does.
        announce: Called when all are ready for the first time.
    """
    with tempfile.TemporaryDirectory(prefix="careloom-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        crew = _Crew(settings, listener, serve)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: crew.stop())
        return crew.run(number, announce)


def end_with_parent() -> None:
    """Have this process told to stop when the one that started it has ended without doing so."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, name="watch the parent", daemon=True).start()


@dataclass(slots=True)
class _Worker:
    """One process.

    Attributes:
        number: From 0.
        process: It.
        ready: Set once it serves.
        rest: Seconds before another takes its place.
        again: When that is, once it has ended.
    """

    number: int
    process: SpawnProcess
    ready: Event
    rest: float = REST
    again: float | None = None

    @property
    def next_rest(self) -> float:
        """Seconds before another one takes the place of the next, if that one cannot start either."""
        return REST if self.ready.is_set() else min(2 * self.rest, LONGEST_REST)


@dataclass(slots=True)
class _Crew:
    """The processes of one hub."""

    settings: Settings
    listener: socket.socket
    serve: Serve
    workers: list[_Worker] = field(default_factory=list)
    is_announced: bool = False
    is_stopping: bool = False
    exit_code: int = 0

    def run(self, number: int, announce: Callable[[], None]) -> int:
        """Start all, keep all, and end when told to."""
        self.workers = [self._start(each) for each in range(number)]
        while not self.is_stopping:
            if not self.is_announced and all(worker.ready.is_set() for worker in self.workers):
                announce()
                self.is_announced = True
            time.sleep(PAUSE)
            self._look_after()
        self._end()
        return self.exit_code

    def stop(self) -> None:
        """Have all of them finish what they are at; the second time, end at once."""
        if self.is_stopping:
            for worker in self.workers:
                worker.process.kill()
        self.is_stopping = True

    def _start(self, number: int, rest: float = REST) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        process = context.Process(target=self.serve, args=(self.settings.file, self.listener, number, ready))
        process.start()
        return _Worker(number, process, ready, rest)

    def _look_after(self) -> None:
        """Start again what has ended by itself; end all where one cannot start and not all have yet."""
        for place, worker in enumerate(self.workers):
            code = worker.process.exitcode
            if code is None:
                continue
            if code == CANNOT_START and not self.is_announced:
                self.exit_code, self.is_stopping = code, True
                return
            if worker.again is None:
                worker.again = time.monotonic() + worker.rest
                log.error("worker ended, another takes its place", worker=worker.number, exit_code=code)
            elif time.monotonic() >= worker.again:
                self.workers[place] = self._start(worker.number, worker.next_rest)

    def _end(self) -> None:
        for worker in self.workers:
            worker.process.terminate()
        deadline = time.monotonic() + self.settings.http.grace + 10
        for worker in self.workers:
            worker.process.join(max(deadline - time.monotonic(), 0))
            if worker.process.exitcode is None:
                log.error("worker did not end in time", worker=worker.number)
                worker.process.kill()
                worker.process.join()
