"""Quantities: numbers with a unit, compared in base units where the unit is one of UCUM."""

from collections.abc import Iterator
from decimal import Decimal
from math import inf
from typing import Any

from careloom.model.errors import InvalidError
from careloom.model.records import replace
from careloom.search.escaping import escape, shown, split, unescape
from careloom.search.kinds.number import COMPARED, read_number
from careloom.search.kinds.prefixes import with_prefix
from careloom.search.kinds.reading import KindRules, Place, Reading, decimal_of, table, text_at
from careloom.search.numbers import double, parse_number
from careloom.search.operands import QuantityOperand
from careloom.search.units import canonical
from careloom.search.values import QuantityValue

CURRENCIES = "urn:iso:std:iso:4217"

_UNIT = (0, 2)
"""How many pieces may follow the number."""


def _quantity(value: Any, place: Place) -> Iterator[QuantityValue]:
    number = decimal_of(value.get("value")) if isinstance(value, dict) else None
    if number is not None:
        comparator = text_at(value, "comparator")
        low = None if comparator in ("<", "<=") else number
        high = None if comparator in (">", ">=") else number
        yield _between(low, high, value)


def _money(value: Any, place: Place) -> Iterator[QuantityValue]:
    number = decimal_of(value.get("value")) if isinstance(value, dict) else None
    if number is not None:
        currency = text_at(value, "currency")
        yield QuantityValue(double(number), double(number), CURRENCIES, currency, currency)


def _range(value: Any, place: Place) -> Iterator[QuantityValue]:
    """From its low to its high end, either of which may be open, in the unit of the first that is there."""
    if isinstance(value, dict):
        ends = [value.get(end) for end in ("low", "high")]
        low, high = (decimal_of(end.get("value")) if isinstance(end, dict) else None for end in ends)
        if low is not None or high is not None:
            yield _between(low, high, ends[0] if low is not None else ends[1])


def _sampled_data(value: Any, place: Place) -> Iterator[QuantityValue]:
    """From the lowest to the highest of its points, in the unit of its origin."""
    origin = value.get("origin") if isinstance(value, dict) else None
    zero = decimal_of(origin.get("value")) if isinstance(origin, dict) else None
    if zero is None:
        return
    factor = decimal_of(value.get("factor")) or Decimal(1)
    points = [zero + point * factor for point in _points(value)]
    if points:
        yield _between(min(points), max(points), origin)


def _points(value: Any) -> Iterator[Decimal]:
    """The points of SampledData: decimals, L and U for its limits; E, an error, says nothing."""
    limits = {"L": decimal_of(value.get("lowerLimit")), "U": decimal_of(value.get("upperLimit"))}
    for written in text_at(value, "data").split():
        point = limits[written] if written in limits else parse_number(written)
        if point is not None:
            yield point


def _between(low: Decimal | None, high: Decimal | None, unit: Any) -> QuantityValue:
    system, code = text_at(unit, "system"), text_at(unit, "code")
    return QuantityValue(
        low=-inf if low is None else double(low),
        high=inf if high is None else double(high),
        system=system,
        code=code,
        unit=text_at(unit, "unit"),
        canonical=canonical(low, high, system, code),
    )


def _read(text: str, reading: Reading) -> QuantityOperand:
    number, *unit = (unescape(piece) for piece in split(text, "|"))
    if len(unit) not in _UNIT:
        raise InvalidError(f"number, number|system|code or number||code expected, found {shown(text)}")
    system, code = unit or ("", "")
    written, prefix, low, high = read_number(number)
    return QuantityOperand(
        text=written,
        prefix=prefix,
        low=double(low),
        high=double(high),
        system=system or None,
        code=code or None,
        canonical=canonical(low, high, system, code),
    )


def _fits(modifier: str, operand: QuantityOperand, value: QuantityValue) -> bool:
    """In base units if the operand has them, else by the numbers as they stand where the unit is as asked."""
    if operand.canonical is not None:
        told = value.canonical
        if told is None or told.unit != operand.canonical.unit:
            return False
        asked = replace(operand, low=operand.canonical.low, high=operand.canonical.high)
        return COMPARED[operand.prefix](told, asked)
    return _has_unit(operand, value) and COMPARED[operand.prefix](value, operand)


def _has_unit(operand: QuantityOperand, value: QuantityValue) -> bool:
    if operand.system is None:
        return operand.code is None or operand.code in (value.code, value.unit)
    return operand.system == value.system and operand.code in (None, value.code)


def _written(operand: QuantityOperand) -> str:
    if operand.system is None and operand.code is None:
        return with_prefix(operand)
    return f"{with_prefix(operand)}|{escape(operand.system or '')}|{escape(operand.code or '')}"


def _sort_values(value: QuantityValue) -> Iterator[float]:
    yield value.low


RULES = KindRules(
    family="quantities",
    readers=table(
        (_quantity, "Quantity Age Count Distance Duration SimpleQuantity MoneyQuantity"),
        (_money, "Money"),
        (_range, "Range"),
        (_sampled_data, "SampledData"),
    ),
    read=_read,
    fits=_fits,
    written=_written,
    sort_values=_sort_values,
)
