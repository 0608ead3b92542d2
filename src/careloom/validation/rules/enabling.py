"""``enableWhen``: whether a question is asked, given the answers so far.

Source: FHIR R4, Questionnaire.item.enableWhen and its operators.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import Quantity, compare
from careloom.validation.rules.questionnaires import all_items, objects

Item = Mapping[str, Any]


class Answers:
    """The answers of a response by linkId, each as its plain value."""

    def __init__(self, response: Item) -> None:
        self._values: defaultdict[str, list[Any]] = defaultdict(list)
        for item in all_items(response):
            for answer in objects(item.get("answer")):
                self._values[str(item.get("linkId"))].extend(
                    value for key, value in answer.items() if key.startswith("value")
                )

    def of(self, link_id: str) -> list[Any]:
        """All answers to a question."""
        return self._values.get(link_id, [])


def is_enabled(question: Item, answers: Answers) -> bool:
    """Whether the conditions of a question hold; all of them, unless it says that any will do."""
    conditions = objects(question.get("enableWhen"))
    if not conditions:
        return True
    held = [_holds(condition, answers.of(str(condition.get("question")))) for condition in conditions]
    return any(held) if question.get("enableBehavior") == "any" else all(held)


def _holds(condition: Item, answers: list[Any]) -> bool:
    operator = condition.get("operator")
    expected = next((value for key, value in condition.items() if key.startswith("answer")), None)
    if operator == "exists":
        return bool(answers) == expected
    if operator == "!=":
        return bool(answers) and not any(_is_same(answer, expected) for answer in answers)
    if operator == "=":
        return any(_is_same(answer, expected) for answer in answers)
    return any(_compares(_order(answer, expected), str(operator)) for answer in answers)


def _is_same(answer: Any, expected: Any) -> bool:
    if isinstance(answer, dict) and isinstance(expected, dict):
        if "code" in expected:
            return all(answer.get(key) == expected.get(key) for key in ("system", "code"))
        if "reference" in expected:
            return bool(answer.get("reference") == expected["reference"])
        return _order(answer, expected) == 0
    return bool(answer == expected)


def _order(answer: Any, expected: Any) -> int | None:
    if isinstance(answer, dict) and isinstance(expected, dict):
        mine, yours = quantity_of(answer), quantity_of(expected)
        return compare(mine, yours) if mine and yours else None
    if isinstance(answer, str) != isinstance(expected, str) or isinstance(answer, bool) or isinstance(expected, bool):
        return None
    return int(answer > expected) - int(answer < expected)


def quantity_of(value: Item) -> Quantity | None:
    """A FHIR Quantity as one that can be compared; None without a number."""
    number = value.get("value")
    if not isinstance(number, Decimal | int) or isinstance(number, bool):
        return None
    return Quantity(Decimal(number), str(value.get("code") or value.get("unit") or "1"))


def _compares(order: int | None, operator: str) -> bool:
    if order is None:
        return False
    return {">": order > 0, "<": order < 0, ">=": order >= 0, "<=": order <= 0}.get(operator, False)
