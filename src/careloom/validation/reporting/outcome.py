"""One OperationOutcome a line for each resource, in the order of the input, those with nothing to say included."""

from collections.abc import Iterator
from functools import cache

from careloom.model import serialize_json
from careloom.model.issues import operation_outcome
from careloom.validation.batch.judgement import Judgement
from careloom.validation.reporting.formats import Page, Style, Told


class OutcomeReporter:
    """Writes at once."""

    def __init__(self, told: Told) -> None:
        pass

    def take(self, page: Page) -> str:
        """The outcomes."""
        return page.text

    def finish(self) -> Iterator[str]:
        """Nothing."""
        return iter(())


def said(judgement: Judgement, style: Style) -> str:
    """The outcome of a resource, as many times as it holds."""
    return _line(judgement) if judgement.findings else _sound() * judgement.count


@cache
def _sound() -> str:
    return _line(Judgement(""))


def _line(judgement: Judgement) -> str:
    return serialize_json(operation_outcome(judgement.issues)).decode() + "\n"
