"""``enableWhen``: whether a question is asked, given the answers so far.

Source: FHIR R4, Questionnaire.item.enableWhen and its operators.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import Quantity, compare
from careloom.validation.limits import is_same_instant, order_of_times
from careloom.validation.rules.parts import all_items, objects

Item = Mapping[str, Any]


class Level:
    """A place in a response from which the answers to other questions are looked up.

    Attributes:
        holder: The response, an item of it, or an answer.
        below: Link ids of all that is defined below what stands here.
        outer: The level around it; None around the response.
    """

    __slots__ = ("_answers", "below", "holder", "outer")

    def __init__(self, holder: Item, below: frozenset[str], outer: "Level | None" = None) -> None:
        self.holder = holder
        self.below = below
        self.outer = outer
        self._answers: dict[str, list[Any]] | None = None

    def answers(self, link_id: str) -> list[Any]:
        """The answers to a question, by plain value: those nearest, where a group repeats.

        Source: FHIR R4, Questionnaire.item.enableWhen.question: "the nearest question occurrence".
        """
        if link_id not in self.below:
            return self.outer.answers(link_id) if self.outer else []
        if self._answers is None:
            self._answers = _answers_below(self.holder)
        return self._answers.get(link_id, [])


def _answers_below(holder: Item) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for item in all_items(holder):
        for answer in objects(item.get("answer")):
            found[str(item.get("linkId"))].extend(value for key, value in answer.items() if key.startswith("value"))
    return found


def is_enabled(question: Item, around: Level) -> bool:
    """Whether the conditions of a question hold; any of them, unless it says that all must."""
    conditions = objects(question.get("enableWhen"))
    if not conditions:
        return True
    held = [_holds(condition, around.answers(str(condition.get("question")))) for condition in conditions]
    return all(held) if question.get("enableBehavior") == "all" else any(held)


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
        if "code" in expected and "value" not in expected:
            return all(answer.get(key) == expected[key] for key in ("system", "code") if key in expected)
        if "reference" in expected:
            return bool(answer.get("reference") == expected["reference"])
        return _order(answer, expected) == 0
    if isinstance(answer, str) and isinstance(expected, str):
        return answer == expected or is_same_instant(answer, expected)
    return bool(answer == expected)


def _order(answer: Any, expected: Any) -> int | None:
    if isinstance(answer, dict) and isinstance(expected, dict):
        mine, yours = quantity_of(answer), quantity_of(expected)
        return compare(mine, yours) if mine and yours else None
    if isinstance(answer, str) != isinstance(expected, str) or isinstance(answer, bool) or isinstance(expected, bool):
        return None
    if isinstance(answer, str):
        return order_of_times(answer, expected)
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
