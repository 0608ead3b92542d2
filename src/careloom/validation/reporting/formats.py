"""The table of formats: a reporter gets judgements one by one and gives text, or keeps it on disk until the end."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from typing import Literal, Protocol

from careloom.model.records import dataclass
from careloom.validation.batch.judgement import FailOn, Judgement
from careloom.validation.reporting.tally import Tally

Format = Literal["text", "json", "ndjson", "junit", "sarif", "html"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a reporter may know besides the judgements.

    Attributes:
        tally: The counts so far; complete when the reporter is asked for the end.
        fail_on: The severity from which a finding makes the run fail.
        at: When the run began, timezone-aware.
        summary_only: Whether single findings are left out.
    """

    tally: Tally
    fail_on: FailOn
    at: datetime
    summary_only: bool = False


class Reporter(Protocol):
    """One format."""

    def take(self, judgement: Judgement) -> str:
        """What can be written now that a judgement is known."""
        ...

    def finish(self) -> Iterator[str]:
        """What is left to be written after the last judgement."""
        ...


FORMATS: Mapping[Format, str] = {
    "text": "text:TextReporter",
    "json": "outcome:OutcomeReporter",
    "ndjson": "ndjson:NdjsonReporter",
    "junit": "junit:JunitReporter",
    "sarif": "sarif:SarifReporter",
    "html": "html:HtmlReporter",
}
"""Format to the module and class that write it; only the one that is asked for is loaded."""


def reporter(format: Format, told: Told) -> Reporter:
    """A reporter for one run."""
    module, _, name = FORMATS[format].partition(":")
    make: Callable[[Told], Reporter] = getattr(import_module(f"{__package__}.{module}"), name)
    return make(told)
