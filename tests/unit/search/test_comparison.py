"""The examples of FHIR R4 search, "date" and "number", and the corners between them."""

from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import get_args

import pytest

from careloom.search.comparison import DATES, NUMBERS, fits
from careloom.search.conditions import Comparison
from careloom.search.dates import date_interval
from careloom.search.numbers import approximate_bounds, double, implicit_bounds
from careloom.search.operands import (
    DateOperand,
    Kind,
    NumberOperand,
    Operand,
    Prefix,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.search.values import (
    BEGINNING_OF_TIME,
    END_OF_TIME,
    DateValue,
    IndexValue,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def value(text: str) -> DateValue:
    """A date, or a period written with .. between its ends, either of which may be left out."""
    start, dots, end = text.partition("..")
    low = date_interval(start, UTC) or (BEGINNING_OF_TIME, 0)
    high = (date_interval(end, UTC) or (0, END_OF_TIME)) if dots else low
    return DateValue(low[0], high[1])


def asked(prefix: Prefix, text: str) -> DateOperand:
    interval = date_interval(text, UTC)
    assert interval is not None
    return DateOperand(text, prefix, *interval)


@pytest.mark.parametrize(
    ("prefix", "search", "target", "expected"),
    [
        ("eq", "2013-01-14", "2013-01-14T00:00Z", True),
        ("eq", "2013-01-14", "2013-01-14T10:00Z", True),
        ("eq", "2013-01-14", "2013-01-15T00:00Z", False),
        ("eq", "2013-01-14", "2013-01", False),
        ("eq", "2013-01", "2013-01-14", True),
        ("eq", "2013", "2013", True),
        ("eq", "2013-01", "2013-01-20..2013-02-03", False),
        ("ne", "2013-01-14", "2013-01-15T00:00Z", True),
        ("ne", "2013-01-14", "2013-01-14T00:00Z", False),
        ("ne", "2013-01-14", "2013-01-14T10:00Z", False),
        ("ne", "2013-01-14", "2013-01", True),
        ("lt", "2013-01-14T10:00Z", "2013-01-14", True),
        ("lt", "2013-01-14", "2013-01-14", False),
        ("lt", "2013-01-14", "2013-01-13..", True),
        ("gt", "2013-01-14T10:00Z", "2013-01-14", True),
        ("gt", "2013-01-14", "2013-01-14", False),
        ("gt", "2013-01-14", "2013-01-14..2013-01-15", True),
        ("ge", "2013-03-14", "2013-01-21..", True),
        ("ge", "2013-03-14", "2013-03-14", True),
        ("ge", "2013-03-14", "2013-03-14T09:00Z", True),
        ("ge", "2013-03-14", "2013-03-13", False),
        ("ge", "2013-03", "2013-02-20..2013-03-10", False),
        ("le", "2013-03-14", "2013-01-21..", True),
        ("le", "2013-03-14", "2013-03-14", True),
        ("le", "2013-03-14", "2013-03-15", False),
        ("le", "2013-03", "2013-03-10..2013-04-02", False),
        ("sa", "2013-03-14", "2013-03-15..", True),
        ("sa", "2013-03-14", "2013-01-21..", False),
        ("sa", "2013-03-14", "..2013-01-21", False),
        ("sa", "2013-03-14", "2013-03-14T23:59Z", False),
        ("eb", "2013-03-14", "2013-03-15..", False),
        ("eb", "2013-03-14", "2013-01-21..", False),
        ("eb", "2013-03-14", "..2013-01-21", True),
        ("eb", "2013-03-14", "2013-03-13", True),
        ("ap", "2013-03-14", "2013-03-14", True),
        ("ap", "2013-03-14", "2013-03", True),
        ("ap", "2013-03-14", "2013-03-15", False),
    ],
)
def test_a_date_compares_as_an_interval(prefix: Prefix, search: str, target: str, expected: bool) -> None:
    assert expected is DATES[prefix](value(target), asked(prefix, search))


def number(prefix: Prefix, text: str) -> NumberOperand:
    bounds = {"eq": implicit_bounds, "ne": implicit_bounds, "ap": approximate_bounds}
    low, high = bounds[prefix](text) if prefix in bounds else (Decimal(text), Decimal(text))
    return NumberOperand(text, prefix, double(low), double(high))


@pytest.mark.parametrize(
    ("prefix", "search", "low", "high", "expected"),
    [
        ("eq", "100", 99.5, 99.5, True),
        ("eq", "100", 100.5, 100.5, False),
        ("eq", "100.00", 100, 100, True),
        ("eq", "100.00", 100.01, 100.01, False),
        ("eq", "1e2", 104, 104, True),
        ("eq", "100", 99.9, 101, False),
        ("eq", "2.5", 2, 2, False),
        ("ne", "100", 100.4, 100.4, False),
        ("ne", "100", 100.5, 100.5, True),
        ("lt", "100", 99.999, 99.999, True),
        ("lt", "100", 100, 100, False),
        ("le", "100", 100, 100, True),
        ("le", "100", 100.1, 100.1, False),
        ("gt", "100", 100.001, 100.001, True),
        ("gt", "100", 100, 100, False),
        ("ge", "100", 100, 100, True),
        ("ge", "100", 99.9, 99.9, False),
        ("gt", "100", 90, inf, True),
        ("lt", "100", 90, inf, True),
        ("sa", "100", 90, 110, False),
        ("sa", "100", 101, 110, True),
        ("eb", "100", -inf, 99, True),
        ("eb", "100", -inf, 100, False),
        ("ap", "100", 110, 110, True),
        ("ap", "100", 110.1, 110.1, False),
        ("ap", "100", 110, inf, True),
    ],
)
def test_a_number_compares_with_a_value_or_a_range(
    prefix: Prefix, search: str, low: float, high: float, expected: bool
) -> None:
    assert expected is NUMBERS[prefix](NumberValue(low, high), number(prefix, search))


def test_every_prefix_has_its_row() -> None:
    assert set(get_args(Prefix)) == set(DATES) == set(NUMBERS)


MG = QuantityValue(5.4, 5.4, "http://u", "mg", "milligram")


@pytest.mark.parametrize(
    ("kind", "modifier", "operand", "target", "expected"),
    [
        ("token", "", TokenOperand(None, "a"), TokenValue("s", "a"), True),
        ("token", "", TokenOperand(None, "a"), TokenValue("s", "A"), False),
        ("token", "", TokenOperand("s", "a"), TokenValue("t", "a"), False),
        ("token", "", TokenOperand("s", "a"), TokenValue(None, "a"), True),
        ("token", "", TokenOperand("", "a"), TokenValue("s", "a"), False),
        ("token", "", TokenOperand("", "a"), TokenValue("", "a"), True),
        ("token", "", TokenOperand("s", None), TokenValue("s", "x"), True),
        ("string", "", StringOperand("Ev", "ev", "Ev"), StringValue("evelyn", "Evelyn"), True),
        ("string", "", StringOperand("eve", "eve", "eve"), StringValue("severine", "Severine"), False),
        ("string", "contains", StringOperand("eve", "eve", "eve"), StringValue("severine", "Severine"), True),
        ("string", "exact", StringOperand("Eve", "eve", "Eve"), StringValue("eve", "EVE"), False),
        ("string", "exact", StringOperand("Eve", "eve", "Eve"), StringValue("eve", "Eve"), True),
        ("reference", "", ReferenceOperand("1", ("A/1", "B/1")), ReferenceValue("B/1", "B", "1"), True),
        ("reference", "", ReferenceOperand("1", ("A/1", "B/1")), ReferenceValue("C/1", "C", "1"), False),
        ("quantity", "", QuantityOperand("5.4", "eq", 5.35, 5.45), MG, True),
        ("quantity", "", QuantityOperand("5.4", "eq", 5.35, 5.45, "http://u", "mg"), MG, True),
        ("quantity", "", QuantityOperand("5.4", "eq", 5.35, 5.45, "http://u", "milligram"), MG, False),
        ("quantity", "", QuantityOperand("5.4", "eq", 5.35, 5.45, None, "milligram"), MG, True),
        ("quantity", "", QuantityOperand("5.4", "eq", 5.35, 5.45, "http://v", None), MG, False),
        ("uri", "", UriOperand("http://x/a"), UriValue("http://x/a"), True),
        ("uri", "", UriOperand("http://x/a"), UriValue("http://x/ab"), False),
    ],
)
def test_each_kind_of_operand_fits_its_values(
    kind: Kind, modifier: str, operand: Operand, target: IndexValue, expected: bool
) -> None:
    assert expected is fits(Comparison("p", kind, (operand,), modifier), operand, target)
