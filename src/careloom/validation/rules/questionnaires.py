"""Questionnaires: conditions that can be evaluated, and initial values that are answers to their questions.

Source: FHIR R4, Questionnaire.item.enableWhen; Questionnaire.item.initial: "must be consistent with the type".
"""

from collections.abc import Mapping
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.answers import TYPES
from careloom.validation.rules.parts import Part, all_items, objects, parts, text, value_of

Item = Mapping[str, Any]


def check_questionnaire(scope: Scope, check: Check) -> None:
    """Check that each condition asks a question that is there, and that does not depend on the condition."""
    known = {str(item.get("linkId")) for item in all_items(scope.resource)}
    _check_conditions(scope.resource, scope.path, known, check)


def _check_conditions(holder: Item, path: Path, known: set[str], check: Check) -> None:
    for index, item in enumerate(objects(holder.get("item"))):
        here = ((path, "item"), index)
        inner = {str(below.get("linkId")) for below in (item, *all_items(item))}
        for condition in objects(item.get("enableWhen")):
            question = str(condition.get("question"))
            if question in inner:
                message = f"a question outside of the item expected in enableWhen, its own '{question}' found"
                check.error("business-rule", here, message, "enable-when")
            elif question not in known:
                check.error("business-rule", here, f"enableWhen: a linkId expected, '{question}' found", "enable-when")
        _check_conditions(item, here, known, check)


_CHOICES = ("choice", "open-choice")


def check_questionnaire_initials(scope: Scope, check: Check) -> None:
    """Check the initial values of each item; those of a choice may be of any type that an option has."""
    _check_initials(scope.resource, scope.path, check)


def _check_initials(holder: Part, path: Path, check: Check) -> None:
    for item, here in parts(holder, "item", path):
        type = text(item, "type")
        allowed = TYPES.get(type, ())
        for initial, place in parts(item, "initial", here):
            found = value_of(initial)
            name = found[0].removeprefix("value") if found else ""
            if name and allowed and type not in _CHOICES and name.lower() not in {one.lower() for one in allowed}:
                message = f"a value of type {' or '.join(allowed)} expected, {name} found"
                check.error("business-rule", (place, "value"), message, "initial")
        _check_initials(item, here, check)
