"""How one operand compares with one index value: the meaning of search, in tables that SQL repeats.

Source: FHIR R4 search, "Prefixes", in its reading for ranges. With dates, "the range above the search value" begins
where the interval of the search value ends, and the range below ends where it begins; with numbers both begin
at the number itself, since "the implicit precision of the number is ignored".
"""

from collections.abc import Callable, Mapping
from typing import Any

from careloom.search.query import (
    Comparison,
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
    DateValue,
    IndexValue,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)

Interval = DateValue | DateOperand
Number = NumberValue | QuantityValue | NumberOperand | QuantityOperand

DATES: Mapping[Prefix, Callable[[DateValue, DateOperand], bool]] = {
    "eq": lambda value, asked: asked.low <= value.low and value.high <= asked.high,
    "ne": lambda value, asked: value.low < asked.low or asked.high < value.high,
    "gt": lambda value, asked: value.high > asked.high,
    "lt": lambda value, asked: value.low < asked.low,
    "ge": lambda value, asked: value.high > asked.high or (asked.low <= value.low and value.high <= asked.high),
    "le": lambda value, asked: value.low < asked.low or (asked.low <= value.low and value.high <= asked.high),
    "sa": lambda value, asked: value.low >= asked.high,
    "eb": lambda value, asked: value.high <= asked.low,
    "ap": lambda value, asked: value.low < asked.high and asked.low < value.high,
}
"""Both sides are intervals [low, high)."""

NUMBERS: Mapping[Prefix, Callable[[Number, Number], bool]] = {
    "eq": lambda value, asked: asked.low <= value.low and value.high < asked.high,
    "ne": lambda value, asked: value.low < asked.low or asked.high <= value.high,
    "gt": lambda value, asked: value.high > asked.high,
    "lt": lambda value, asked: value.low < asked.low,
    "ge": lambda value, asked: value.high >= asked.high,
    "le": lambda value, asked: value.low <= asked.low,
    "sa": lambda value, asked: value.low > asked.high,
    "eb": lambda value, asked: value.high < asked.low,
    "ap": lambda value, asked: value.low <= asked.high and asked.low <= value.high,
}
"""The value is an interval [low, high]; what is asked is [low, high) for eq and ne, [low, high] for ap,
one number for the rest."""


def fits(comparison: Comparison, operand: Operand, value: IndexValue) -> bool:
    """Whether an index value is what one of the alternatives of a comparison asks for."""
    return _FITS[comparison.kind](comparison.modifier, operand, value)


def _token(modifier: str, operand: TokenOperand, value: TokenValue) -> bool:
    same_system = operand.system is None or value.system is None or value.system == operand.system
    return same_system and operand.code in (None, value.code)


def _string(modifier: str, operand: StringOperand, value: StringValue) -> bool:
    if modifier == "exact":
        return value.exact == operand.exact
    if modifier == "contains":
        return operand.folded in value.folded
    return value.folded.startswith(operand.folded)


def _reference(modifier: str, operand: ReferenceOperand, value: ReferenceValue) -> bool:
    return value.target in operand.targets


def _date(modifier: str, operand: DateOperand, value: DateValue) -> bool:
    return DATES[operand.prefix](value, operand)


def _number(modifier: str, operand: NumberOperand, value: NumberValue) -> bool:
    return NUMBERS[operand.prefix](value, operand)


def _quantity(modifier: str, operand: QuantityOperand, value: QuantityValue) -> bool:
    return _same_unit(operand, value) and NUMBERS[operand.prefix](value, operand)


def _same_unit(operand: QuantityOperand, value: QuantityValue) -> bool:
    if operand.system is None:
        return operand.code is None or operand.code in (value.code, value.unit)
    return operand.system == value.system and operand.code in (None, value.code)


def _uri(modifier: str, operand: UriOperand, value: UriValue) -> bool:
    return operand.uri == value.uri


_FITS: Mapping[Kind, Callable[[str, Any, Any], bool]] = {
    "token": _token,
    "string": _string,
    "reference": _reference,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
}
