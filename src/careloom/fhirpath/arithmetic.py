"""``+ - * / div mod`` on values of the system types; decimals exact, and cut at 34 digits where they have no end.

An overflow of integers gives None, which is empty, as the specification asks; one of decimals raises
`decimal.DecimalException`, which means the same to the caller.

Source: FHIRPath 2.0, 6.6 Math; Date/Time Arithmetic.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath import quantities, temporal
from careloom.fhirpath.comparison import kind_of
from careloom.fhirpath.quantities import EXACT, Quantity
from careloom.fhirpath.temporal import Temporal
from careloom.model.errors import InvalidError, TooCostlyError

LONGEST_TEXT = 10_000_000
"""Characters; an expression that doubles a text over and over would fill any memory."""

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

_UNITS_OF_TIME = {**{word: word for word in quantities.CALENDAR}, "wk": "week", "d": "day", "h": "hour"} | {
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}


def add(left: Any, right: Any) -> Any:
    """Sum of numbers or quantities, two texts as one, or a date or time moved by a quantity of time."""
    if isinstance(left, str) and isinstance(right, str):
        return joined(left, right)
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return _moved(left, right.value, right)
    return _numeric("+", left, right)


def joined(left: str, right: str) -> str:
    """Two texts as one.

    Raises:
        TooCostlyError: The result would have over 10 million characters.
    """
    if len(left) + len(right) > LONGEST_TEXT:
        raise TooCostlyError(f"a text of over {LONGEST_TEXT} characters would come out")
    return left + right


def subtract(left: Any, right: Any) -> Any:
    """Difference of numbers or quantities, or a date or time moved back by a quantity of time."""
    if isinstance(left, Temporal) and isinstance(right, Quantity):
        return _moved(left, -right.value, right)
    return _numeric("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """Product of numbers or quantities."""
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, yours = _quantities("*", left, right)
        return quantities.times(mine, yours)
    return _numeric("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """Quotient as a decimal or a quantity; None for a division by zero."""
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, yours = _quantities("/", left, right)
        return quantities.over(mine, yours)
    mine, yours = _numbers("/", left, right)
    return None if yours == 0 else EXACT.divide(Decimal(mine), Decimal(yours))


def whole_quotient(left: Any, right: Any) -> Any:
    """``div``: the quotient cut to an integer; None for a division by zero."""
    mine, yours = _numbers("div", left, right)
    return None if yours == 0 else _integer(int(EXACT.divide_int(Decimal(mine), Decimal(yours))))


def remainder(left: Any, right: Any) -> Any:
    """``mod``: what the cut quotient leaves; None for a division by zero."""
    mine, yours = _numbers("mod", left, right)
    if yours == 0:
        return None
    rest = EXACT.remainder(Decimal(mine), Decimal(yours))
    return int(rest) if isinstance(left, int) and isinstance(right, int) else rest


def negate(value: Any) -> Any:
    """The number or quantity with the other sign."""
    if isinstance(value, Quantity):
        return value.with_value(-value.value)
    if _is_number(value):
        return -value
    raise InvalidError(f"a number expected after the sign, {kind_of(value)} found")


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "div": whole_quotient,
    "mod": remainder,
}

_EXACT_OPERATORS: Mapping[str, tuple[Callable[[Any, Any], Any], Callable[[Decimal, Decimal], Decimal]]] = {
    "+": (lambda left, right: left + right, EXACT.add),
    "-": (lambda left, right: left - right, EXACT.subtract),
    "*": (lambda left, right: left * right, EXACT.multiply),
}


def _numeric(operator: str, left: Any, right: Any) -> Any:
    of_integers, of_decimals = _EXACT_OPERATORS[operator]
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, yours = _quantities(operator, left, right)
        converted = quantities.convert(yours, mine)
        return None if converted is None else mine.with_value(of_decimals(mine.value, converted.value))
    mine, yours = _numbers(operator, left, right)
    if isinstance(mine, int) and isinstance(yours, int):
        return _integer(of_integers(mine, yours))
    return of_decimals(Decimal(mine), Decimal(yours))


def _moved(value: Temporal, amount: Decimal, by: Quantity) -> Any:
    unit = _UNITS_OF_TIME.get(by.unit)
    if unit is None:
        raise InvalidError(
            f"a date or time can be moved by calendar units up to years, or by UCUM up to 'wk', not {by}"
        )
    try:
        return temporal.plus(value, amount, unit)
    except ValueError as error:
        raise InvalidError(str(error)) from error


def _integer(number: int) -> int | None:
    return number if _SMALLEST <= number <= _LARGEST else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _numbers(operator: str, left: Any, right: Any) -> tuple[Any, Any]:
    if not (_is_number(left) and _is_number(right)):
        raise InvalidError(f"{kind_of(left)} {operator} {kind_of(right)} is not defined")
    return left, right


def _quantities(operator: str, left: Any, right: Any) -> tuple[Quantity, Quantity]:
    found = [Quantity(Decimal(value)) if _is_number(value) else value for value in (left, right)]
    if not all(isinstance(value, Quantity) for value in found):
        raise InvalidError(f"{kind_of(left)} {operator} {kind_of(right)} is not defined")
    return found[0], found[1]
