"""Differentials from which no snapshot can be made, whatever the base says.

What goes against the base is told when the snapshot is made, see `careloom.validation.rules.structure_definitions`.
Source: FHIR R4, profiling, "Slicing"; ElementDefinition.slicing, invariant sdf-20.
"""

from collections.abc import Iterator

from careloom.validation.context import Check, Scope
from careloom.validation.rules.parts import Part, part, parts, text

_DISCRIMINATORS = frozenset(["value", "exists", "pattern", "type", "profile"])
_RULES = frozenset(["closed", "open", "openAtEnd"])


def check_differential(scope: Scope, check: Check) -> None:
    """Tell, once for the whole definition, each reason why nobody can work with the differential."""
    for element, _ in parts(part(scope.resource, "differential"), "element", scope.path):
        place = text(element, "id") or text(element, "path")
        for reason in _reasons(element):
            message = f"the snapshot cannot be made: {place}: {reason}"
            check.error("exception", scope.path, message, "differential")


def _reasons(element: Part) -> Iterator[str]:
    slicing = part(element, "slicing")
    if slicing and "." not in text(element, "path"):
        yield "slicing of an element expected, of the whole found"
    for discriminator, _ in parts(slicing, "discriminator", (None, "")):
        type = text(discriminator, "type")
        if type and type not in _DISCRIMINATORS:
            yield f"slicing.discriminator: {', '.join(sorted(_DISCRIMINATORS))} expected, '{type}' found"
    rules = text(slicing, "rules")
    if rules and rules not in _RULES:
        yield f"slicing.rules: {', '.join(sorted(_RULES))} expected, '{rules}' found"
