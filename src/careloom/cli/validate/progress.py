"""Reports written page by page under a bar on long work: share, rate and time left.

There is no bar where standard error is not a terminal.
"""

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from careloom.validation.reporting import Page, Reporter, Tally

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds of work before a bar appears."""


class Bar:
    """Shows how far the work has got; report text must be written through it, so that the two do not mix.

    Args:
        size: Bytes to be judged; 0 when that is not known.
        tally: Counts the resources, for the rate.
    """

    def __init__(self, size: int, tally: Tally) -> None:
        self._size = size
        self._done = 0
        self._tally = tally
        self._begun = time.monotonic()
        self._progress: Progress | None = None
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def write(self, text: str) -> None:
        """Write a part of the report to standard output."""
        if not text:
            return
        if self._progress and sys.stdout.isatty():
            self._progress.console.out(text, end="", highlight=False)
        else:
            sys.stdout.write(text)

    def advance(self, size: int) -> None:
        """So many bytes more are done."""
        self._done += size
        if not self._is_shown:
            return
        seconds = time.monotonic() - self._begun
        if self._progress is None and seconds >= PATIENCE:
            self._progress = _progress(self._size)
            self._progress.start()
        if self._progress:
            rate = f"{self._tally.resources / seconds:,.0f} resources/s"
            self._progress.update(self._progress.task_ids[0], completed=self._done, rate=rate)


def _progress(size: int) -> "Progress":
    from rich.console import Console  # noqa: PLC0415  (a fifth of a second that short runs need not wait)
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(file=sys.stdout if sys.stdout.isatty() else sys.stderr)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    progress.add_task("validate", total=size or None, rate="")
    return progress


def write(pages: Iterable[Page], reporter: Reporter, tally: Tally, bar: Bar) -> set[int]:
    """Report pages as they come; the entries of the ignore file that had an effect."""
    used: set[int] = set()
    for page in pages:
        tally.merge(page.tally)
        bar.write(reporter.take(page))
        used |= page.used
        sys.stdout.flush()
        bar.advance(page.size)
    for text in reporter.finish():
        bar.write(text)
    return used
