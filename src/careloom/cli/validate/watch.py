"""``--watch``: judge again what has changed, with the validator kept warm."""

import sys
import time
from functools import partial
from pathlib import Path

from careloom.cli.validate.progress import Bar, write
from careloom.cli.validate.request import Request
from careloom.model.errors import CareloomError
from careloom.model.instants import utc_now
from careloom.validation.batch import Question, Source, judged, read_ignore_file, sources, tasks_of
from careloom.validation.batch.judge import Judge
from careloom.validation.batch.question import in_force
from careloom.validation.reporting import Style, Tally, Told, page_of, reporter

PAUSE = 0.5
"""Seconds between two looks at the files."""

Stamp = tuple[int, int]


def watch(request: Request) -> bool:
    """Judge everything once, then whatever changes, until interrupted; a change of what is judged by counts for all.

    Raises:
        CareloomError: The first look finds that the question cannot be asked; later ones say so and wait.
        KeyboardInterrupt: The user has seen enough.
    """
    watched = _Watched(request)
    watched.look()
    while True:
        time.sleep(PAUSE)
        try:
            watched.look()
        except CareloomError as error:
            sys.stderr.write(f"careloom validate: {error}\n")


class _Watched:
    """The files as they were when last looked at, and the judge that was made for them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._stamps: dict[Path, Stamp] = {}
        self._means: dict[Path, Stamp] = {}
        self._judge: Judge | None = None
        self._fault = ""

    def look(self) -> None:
        """Judge what is new or has changed since the last look."""
        try:
            changed = self._changed()
        except CareloomError as error:
            if str(error) == self._fault:
                return
            self._fault = str(error)
            raise
        self._fault = ""
        if changed:
            self._report(changed)

    def _changed(self) -> list[Source]:
        means = {path: stamp for path in _means(self._request) if (stamp := _stamp(path))}
        if self._judge is None or means != self._means:
            self._means, self._stamps = means, {}
            self._judge = Judge(_question(self._request))
        found = sources(self._request.files)
        stamps = {source.path: stamp for source in found if source.path and (stamp := _stamp(source.path))}
        changed = [
            source for source in found if source.path and stamps.get(source.path) != self._stamps.get(source.path)
        ]
        self._stamps = stamps
        return changed

    def _report(self, changed: list[Source]) -> None:
        tally = Tally(self._request.fail_on)
        told = Told(tally, utc_now(), self._request.summary)
        told_there = partial(page_of, style=Style("text", self._request.fail_on, self._request.summary))
        pages = judged(tasks_of(changed), _question(self._request), told_there, judge=self._judge)
        sys.stdout.write(f"-- {told.at.astimezone():%H:%M:%S}\n")
        with Bar(0, tally) as bar:
            write(pages, reporter("text", told), tally, bar)
        sys.stdout.flush()


def _question(request: Request) -> Question:
    entries = read_ignore_file(request.ignore) if request.ignore else ()
    return request.question(in_force(entries, utc_now().date()))


def _means(request: Request) -> list[Path]:
    """The files that the judging depends on besides those that are judged."""
    archives = [Path(package) for package in request.packages if package.endswith(".tgz")]
    behind = [Path(text.partition("=")[2]) for text in request.references]
    return [*request.definitions, *archives, *behind, *([request.ignore] if request.ignore else [])]


def _stamp(path: Path) -> Stamp | None:
    """When a file was last written, and its size; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
