"""How precise a value is, and between what it lies. Source: FHIRPath 2.1, ``precision``, ``lowBoundary`` and others.

A decimal 1.587 stands for anything from 1.5865 to 1.5875. The bound nearer to zero is cut to the digits asked for, the
one farther from it is rounded half up, as the suite has it.
"""

from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from careloom.fhirpath import quantities, temporal
from careloom.fhirpath.comparison import kind_of
from careloom.fhirpath.invocation import ANYTHING, Function, of_value
from careloom.fhirpath.nodes import BOOLEAN, INTEGER, QUANTITY
from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.temporal import Temporal
from careloom.model.errors import InvalidError

_DIGITS_OF_DECIMAL = 8
_MOST_DIGITS = 31
_WIDE = Context(prec=100)


def _precision(value: Any) -> int:
    if isinstance(value, Temporal):
        return value.precision
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _decimals(Decimal(value))
    raise InvalidError(f"a number, date or time expected, {kind_of(value)} found")


def _low(value: Any, digits: int | None = None) -> Any:
    return _boundary(value, digits, high=False)


def _high(value: Any, digits: int | None = None) -> Any:
    return _boundary(value, digits, high=True)


def _boundary(value: Any, digits: int | None, *, high: bool) -> Any:
    if isinstance(value, Quantity):
        number = _decimal_boundary(value.value, digits, high=high)
        return None if number is None else value.with_value(number)
    if isinstance(value, Temporal):
        find = temporal.high_boundary if high else temporal.low_boundary
        return find(value, value.precisions[-1] if digits is None else digits)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _decimal_boundary(Decimal(value), digits, high=high)
    raise InvalidError(f"a number, quantity, date or time expected, {kind_of(value)} found")


def _decimal_boundary(number: Decimal, digits: int | None, *, high: bool) -> Decimal | None:
    digits = _DIGITS_OF_DECIMAL if digits is None else digits
    if not 0 <= digits <= _MOST_DIGITS:
        return None
    half = Decimal(5).scaleb(-_decimals(number) - 1)
    bound = number + half if high else number - half
    outward = (bound >= 0) is high
    return bound.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP if outward else ROUND_DOWN, _WIDE)


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _comparable(left: Quantity, right: Quantity) -> bool:
    return quantities.is_comparable(left, right)


FUNCTIONS: Mapping[str, Function] = {
    "precision": of_value(_precision, ANYTHING, gives=INTEGER),
    "lowBoundary": of_value(_low, ANYTHING, INTEGER, optional=1, gives=None),
    "highBoundary": of_value(_high, ANYTHING, INTEGER, optional=1, gives=None),
    "comparable": of_value(_comparable, QUANTITY, QUANTITY, gives=BOOLEAN),
}
