"""The table of formats, each in two halves: what is written where resources are judged, and what puts that together.

A page has what one format says of the judgements of one task, whatever was said before. It is written in the process
that judges, so that text and sums travel rather than findings. A reporter gets the pages in order and gives text, or
keeps it on disk until the end.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from typing import Literal, Protocol

from careloom.model.records import dataclass
from careloom.validation.batch.judgement import Batch, FailOn, Judgement
from careloom.validation.reporting.tally import Tally

Format = Literal["text", "json", "ndjson", "junit", "sarif", "html"]


@dataclass(frozen=True, slots=True)
class Style:
    """How to tell it, as plain values.

    Attributes:
        format: One of the table.
        fail_on: The severity from which a finding makes the run fail.
        summary_only: Whether single findings are left out.
    """

    format: Format
    fail_on: FailOn = "error"
    summary_only: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What is told of one task.

    Attributes:
        file: The source, as it was named.
        has_records: Whether it tells of lines of a file, rather than of a file that holds one resource.
        text: What the format says of its judgements, one after the other.
        judgements: The judgements themselves, where the format cannot say anything of them on their own.
        tally: Their sums.
        size: Bytes of the source that it stands for.
        used: Which entries of the ignore file had an effect.
    """

    file: str
    has_records: bool
    text: str
    judgements: tuple[Judgement, ...]
    tally: Tally
    size: int = 0
    used: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What a reporter may know besides the pages.

    Attributes:
        tally: The counts so far; complete when the reporter is asked for the end.
        at: When the run began, timezone-aware.
        summary_only: Whether single findings are left out.
    """

    tally: Tally
    at: datetime
    summary_only: bool = False


class Reporter(Protocol):
    """One format."""

    def take(self, page: Page) -> str:
        """What can be written now that a page is known."""
        ...

    def finish(self) -> Iterator[str]:
        """What is left to be written after the last page."""
        ...


Say = Callable[[Judgement, Style], str]

FORMATS: Mapping[Format, str] = {
    "text": "text:TextReporter",
    "json": "outcome:OutcomeReporter",
    "ndjson": "ndjson:NdjsonReporter",
    "junit": "junit:JunitReporter",
    "sarif": "sarif:SarifReporter",
    "html": "html:HtmlReporter",
}
"""Format to the module and class that put pages together; only the one that is asked for is loaded.

The modules of those that can say something of a judgement on its own have a function ``said`` for that.
"""


def reporter(format: Format, told: Told) -> Reporter:
    """A reporter for one run."""
    module, _, name = FORMATS[format].partition(":")
    make: Callable[[Told], Reporter] = getattr(import_module(f"{__package__}.{module}"), name)
    return make(told)


def page_of(batch: Batch, style: Style) -> Page:
    """What a format says of a batch."""
    first = batch.judgements[0]
    say: Say | None = getattr(import_module(f"{__package__}.{FORMATS[style.format].partition(':')[0]}"), "said", None)
    tally = Tally(style.fail_on)
    for judgement in batch.judgements:
        tally.add(judgement)
    text = "".join([say(judgement, style) for judgement in batch.judgements]) if say else ""
    kept = () if say else batch.judgements
    return Page(first.file, first.is_record, text, kept, tally, batch.size, batch.used)
