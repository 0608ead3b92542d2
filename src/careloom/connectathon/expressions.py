"""The FHIRPath of a scenario: compiled when it is loaded, so that a slip is told before anything is played."""

from collections.abc import Iterator
from typing import Any

from careloom.connectathon.assertions import Condition, PathHolds
from careloom.connectathon.scenario import Review, Scenario
from careloom.definitions import TypeModel
from careloom.fhirpath import Expression, compile_expression
from careloom.model import Resource
from careloom.model.errors import CareloomError, InvalidError


class Expressions:
    """Compiled expressions by their text; call it to evaluate one."""

    def __init__(self, types: TypeModel) -> None:
        self._types = types
        self._compiled: dict[str, Expression] = {}

    def compile_all(self, scenario: Scenario) -> None:
        """Compile every expression of a scenario.

        Raises:
            InvalidError: One is not FHIRPath; names the step.
        """
        for step, text in _expressions(scenario):
            try:
                self._expression(text)
            except CareloomError as error:
                raise InvalidError(f"step {step}: {text!r} is not FHIRPath: {error}") from error

    def __call__(self, expression: str, resource: Resource) -> list[Any]:
        """The values of an expression on a resource."""
        return self._expression(expression).evaluate(resource)

    def _expression(self, text: str) -> Expression:
        if text not in self._compiled:
            self._compiled[text] = compile_expression(text, types=self._types)
        return self._compiled[text]


def _expressions(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for step in scenario.steps:
        reviews = [check for check in step.checks if isinstance(check, Review)]
        expected: list[Condition] = [one for part in step.expectations for one in part.holds]
        reviewed: list[Condition] = [one for part in reviews for one in part.holds]
        for condition in (*expected, *reviewed):
            if isinstance(condition.assertion, PathHolds):
                yield step.id, condition.assertion.expression
