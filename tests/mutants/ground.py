"""Definitions with all that is made from them once: the validator under trial, and what the mutator reads."""

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.terminology import Terminology
from careloom.validation import Validator

from tests.mutants.filler import Filler
from tests.mutants.shapes import Shapes


class Ground:
    """What originals from one set of definitions are mutated and judged by."""

    def __init__(self, definitions: Definitions) -> None:
        terminology = Terminology(definitions)
        self.definitions = definitions
        self.shapes = Shapes(definitions)
        self.filler = Filler(self.shapes, terminology)
        self.validator = Validator(definitions, terminology=terminology)

    def errors(self, resource: Resource, profiles: list[str]) -> list[Issue]:
        """What makes a resource invalid."""
        return [issue for issue in self.validator.validate(resource, profiles=profiles) if issue.is_error]
