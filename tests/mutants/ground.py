"""Definitions with all that is made from them once: the validator under trial, and what the mutator reads."""

from tests.mutants.filler import Filler
from tests.mutants.original import Original
from tests.mutants.shapes import Shapes

from careloom.definitions import Definitions
from careloom.model.issues import Issue
from careloom.terminology import Terminology
from careloom.validation import Validator


class Ground:
    """What originals from one set of definitions are mutated and judged by."""

    def __init__(self, definitions: Definitions) -> None:
        terminology = Terminology(definitions)
        self.definitions = definitions
        self.shapes = Shapes(definitions)
        self.filler = Filler(self.shapes, terminology)
        self.validator = Validator(definitions, terminology=terminology)

    def errors(self, original: Original) -> list[Issue]:
        """What makes an original invalid."""
        issues = self.validator.validate(original.resource, profiles=original.profiles)
        return [issue for issue in issues if issue.is_error]
