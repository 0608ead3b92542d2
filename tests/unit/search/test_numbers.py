from decimal import Decimal
from math import inf

import pytest

from careloom.search.numbers import approximate_bounds, double, implicit_bounds, parse_number


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", 99.5, 100.5),
        ("100.00", 99.995, 100.005),
        ("1e2", 95, 105),
        ("1.00e2", 99.5, 100.5),
        ("5.40e-3", 0.005395, 0.005405),
        ("5.4", 5.35, 5.45),
        ("-2", -2.5, -1.5),
        ("0", -0.5, 0.5),
        ("8e-1", 0.75, 0.85),
    ],
)
def test_digits_say_how_precise_a_number_is(text: str, low: float, high: float) -> None:
    assert [low, high] == list(map(double, implicit_bounds(text)))


@pytest.mark.parametrize(
    ("text", "low", "high"), [("100", 90, 110), ("-10", -11, -9), ("0", -0.5, 0.5), ("1", 0.5, 1.5)]
)
def test_approximately_is_a_tenth_and_at_least_the_precision(text: str, low: float, high: float) -> None:
    assert [low, high] == list(map(double, approximate_bounds(text)))


@pytest.mark.parametrize(
    "text", ["", "a", "1.", ".5", "1e", "1e1000", "0x1", "1_000", "NaN", "inf", "1 ", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_anything_else_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_a_number_of_any_size_becomes_a_double() -> None:
    assert [inf, -inf, 0.1] == [double(10**400), double(Decimal("-1e999")), double(Decimal("0.1"))]


def test_bounds_are_exact_for_numbers_with_many_digits() -> None:
    low, high = Decimal("0." + "1" * 1899 + "05"), Decimal("0." + "1" * 1900 + "5")
    assert (low, high) == implicit_bounds("0." + "1" * 1900)
