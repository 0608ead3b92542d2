"""Invariants as generated code asks them."""

from typing import Any

from careloom.fhirpath import Environment, Node
from careloom.fhirpath.expression import Expression
from careloom.model import trimmed
from careloom.validation.context import Check, Scope
from careloom.validation.quick.formats import LONGEST, Memory


class Invariant:
    """An invariant that sees nothing but the resource: no references, no value sets."""

    _latest: tuple[Scope | None, Environment] = (None, Environment())

    def __init__(self, expression: Expression, type: str) -> None:
        self._is_true = expression.is_true
        self._type = type

    def holds(self, value: Any, check: Check) -> bool:
        """Whether it is true of a value."""
        return self._is_true(Node(value, self._type), self._environment(check))

    @classmethod
    def _environment(cls, check: Check) -> Environment:
        """The surroundings, made once a resource: one after the other asks from the same."""
        scope, environment = cls._latest
        if scope is not check.scope:
            scope = check.scope
            resource, root, run = scope.resource, scope.container.resource, check.run
            environment = Environment(resource, root, now=run.clock, budget=run.budget)
            cls._latest = (scope, environment)
        return environment


class Remembered(Memory):
    """Texts of all that an invariant depends on, of which it is true."""

    def __init__(self, invariant: Invariant, keys: tuple[str, ...]) -> None:
        """A memory for objects in which the same properties count, in the same order."""
        super().__init__()
        self._invariant = invariant

    def holds(self, texts: tuple[bytes, ...], value: Any, check: Check) -> bool:
        """Whether the invariant is true of a value; if it is, the texts are remembered."""
        if not self._invariant.holds(value, check):
            return False
        if sum(map(len, texts)) <= LONGEST:
            self.learn(tuple(map(trimmed, texts)))
        return True
