"""One OperationOutcome a line for each resource, in the order of the input, those with nothing to say included."""

from collections.abc import Iterator

from careloom.model import serialize_json
from careloom.model.issues import operation_outcome
from careloom.validation.batch.judgement import Judgement
from careloom.validation.reporting.formats import Told


class OutcomeReporter:
    """Writes at once."""

    def __init__(self, told: Told) -> None:
        self._sound = _line(Judgement(""))

    def take(self, judgement: Judgement) -> str:
        """The outcome, as many times as it holds."""
        return _line(judgement) if judgement.findings else self._sound * judgement.count

    def finish(self) -> Iterator[str]:
        """Nothing."""
        return iter(())


def _line(judgement: Judgement) -> str:
    return serialize_json(operation_outcome(judgement.issues)).decode() + "\n"
