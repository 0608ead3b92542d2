"""Questionnaires: what an answer begins with is an answer to the question.

Source: FHIR R4, Questionnaire.item.initial: "must be consistent with the type of the item".
"""

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.answers import TYPES
from careloom.validation.rules.parts import Part, parts, text, value_of

_CHOICES = ("choice", "open-choice")


def check_questionnaire_initials(scope: Scope, check: Check) -> None:
    """Check the initial values of each item; those of a choice may be of any type that an option has."""
    _check_items(scope.resource, scope.path, check)


def _check_items(holder: Part, path: Path, check: Check) -> None:
    for item, here in parts(holder, "item", path):
        type = text(item, "type")
        allowed = TYPES.get(type, ())
        for initial, place in parts(item, "initial", here):
            found = value_of(initial)
            name = found[0].removeprefix("value") if found else ""
            if name and allowed and type not in _CHOICES and name.lower() not in {one.lower() for one in allowed}:
                message = f"a value of type {' or '.join(allowed)} expected, {name} found"
                check.error("business-rule", (place, "value"), message, "initial")
        _check_items(item, here, check)
