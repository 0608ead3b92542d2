"""Questionnaires: conditions that can be evaluated.

Source: FHIR R4, Questionnaire.item.enableWhen.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path

Item = Mapping[str, Any]


def objects(values: Any) -> list[Item]:
    """The objects in a list that may be none."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def all_items(holder: Item) -> Iterator[Item]:
    """Every item below a Questionnaire, a response, an item or an answer, in document order."""
    for item in objects(holder.get("item")):
        yield item
        for answer in objects(item.get("answer")):
            yield from all_items(answer)
        yield from all_items(item)


def check_questionnaire(scope: Scope, check: Check) -> None:
    """Check that each condition asks a question that is there, and that does not depend on the condition."""
    known = {str(item.get("linkId")) for item in all_items(scope.resource)}
    _check_items(scope.resource, scope.path, known, check)


def _check_items(holder: Item, path: Path, known: set[str], check: Check) -> None:
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
        _check_items(item, here, known, check)
