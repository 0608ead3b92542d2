"""Fixed values and patterns."""

from typing import Any

import pytest

from careloom.model import ExactDecimal
from careloom.validation.values import has_pattern, is_equal, shown

CODING = {"system": "http://loinc.org", "code": "1-8"}


@pytest.mark.parametrize(
    ("value", "fixed", "expected"),
    [
        (CODING, {**CODING}, True),
        ({**CODING, "display": "x"}, CODING, False),
        ([1, 2], [1, 2], True),
        ([2, 1], [1, 2], False),
        (True, 1, False),
        (ExactDecimal("1.0"), ExactDecimal("1.00"), False),
        (ExactDecimal("1.0"), ExactDecimal("1.0"), True),
    ],
)
def test_a_fixed_value_is_met_by_the_same_value_alone(value: Any, fixed: Any, expected: bool) -> None:
    assert is_equal(value, fixed) is expected


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ({"coding": [{"code": "a"}, {**CODING, "display": "x"}]}, {"coding": [CODING]}, True),
        ({"coding": [{"code": "a"}]}, {"coding": [CODING]}, False),
        ("a", {"code": "a"}, False),
        (["b", "a"], ["a"], True),
    ],
)
def test_a_pattern_is_met_by_what_has_at_least_as_much(value: Any, pattern: Any, expected: bool) -> None:
    assert has_pattern(value, pattern) is expected


def test_a_long_value_is_cut_in_messages() -> None:
    assert len(shown({"a": "x" * 500})) <= 160


def test_a_number_without_a_point_is_another_than_one_with_a_zero_behind_it() -> None:
    assert not is_equal(1, ExactDecimal("1.0"))
    assert is_equal(1, ExactDecimal("1"))
