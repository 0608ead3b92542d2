"""Resources that Python's own ``json`` read, whose decimals are floats."""

import json

import pytest

from careloom.definitions import Definitions
from careloom.model.numbers import with_exact_numbers
from careloom.validation import Validator

OBSERVATION = (
    '{"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": {"value": %s}}'
)


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "interpreted"])
def test_they_are_judged_like_those_with_exact_numbers(definitions: Definitions, quick: bool) -> None:
    assert Validator(definitions, quick=quick).validate(json.loads(OBSERVATION % "37.1")) == []


def test_what_is_no_number_is_told(definitions: Definitions) -> None:
    issues = Validator(definitions).validate(json.loads(OBSERVATION % "1e999"))
    assert [issue.diagnostics for issue in issues] == ["Observation.value.value: a number expected, inf found"]


def test_a_float_is_no_integer(definitions: Definitions) -> None:
    patient = json.loads('{"resourceType": "Patient", "multipleBirthInteger": 2.5}')
    assert [issue.rule for issue in Validator(definitions).validate(patient)] == ["primitive"]


def test_the_text_of_a_float_is_its_shortest_and_all_else_stays_as_it_is() -> None:
    exact = with_exact_numbers({"a": [1.10, 1e-7, 3, True, "1.5"]})
    assert [str(item) for item in exact["a"]] == ["1.1", "1E-7", "3", "True", "1.5"]
    assert exact["a"][1].text == "1e-07"
