"""What an evaluation may cost."""

import pytest
from tests.unit.fhirpath.conftest import Evaluate

from careloom.fhirpath import Budget
from careloom.fhirpath.environment import Scope
from careloom.model import Resource
from careloom.model.errors import TooCostlyError


def nested(depth: int) -> str:
    """Loops over four items within loops over four items."""
    return "1" if depth == 0 else f"(1 | 2 | 3 | 4).select({nested(depth - 1)})"


def doubled(times: int) -> str:
    """A collection that each variable makes twice as long."""
    steps = (f".defineVariable('v{step}', %v{step - 1}.combine(%v{step - 1}))" for step in range(1, times))
    return "1.defineVariable('v0', 1 | 2)" + "".join(steps) + f".select(%v{times - 1})"


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ceiling as low as the tests are small."""
    monkeypatch.setattr(Scope, "steps_left", 100_000)


@pytest.fixture
def crowd() -> Resource:
    return {"resourceType": "Patient", "name": [{"given": [f"n{number}"]} for number in range(600)]}


@pytest.mark.parametrize(
    "expression",
    [
        nested(25),
        doubled(60),
        "name.select(%resource.name.select(%resource.name.count()))",
        "name.where(%resource.name.where(%resource.name.exists(family = 'x')).empty())",
        "name.all(%resource.name.all(%resource.name.all(given.exists())))",
        "%resource.descendants().select(%resource.descendants().select(%resource.descendants().count()))",
        "name.given.aggregate($total.combine($total), 1 | 2)",
    ],
)
@pytest.mark.usefixtures("few_steps")
def test_loops_within_loops_come_to_an_end(evaluate: Evaluate, crowd: Resource, expression: str) -> None:
    with pytest.raises(TooCostlyError):
        evaluate(expression, crowd)


def test_long_lists_walked_once_cost_little(evaluate: Evaluate, crowd: Resource) -> None:
    assert evaluate("name.given.select($this).distinct().count()", crowd, budget=Budget(10_000, 60.0)) == [600]


def test_evaluations_share_a_budget(evaluate: Evaluate, crowd: Resource) -> None:
    budget = Budget(500_000, 60.0)
    with pytest.raises(TooCostlyError, match="together"):
        for _ in range(10):
            evaluate("name.select(%resource.name.first().exists())", crowd, budget=budget)


def test_a_pattern_that_explodes_is_answered(evaluate: Evaluate) -> None:
    assert evaluate("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')") == [False]
