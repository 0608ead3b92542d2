"""Numbers. Source: FHIRPath 2.0, 5.7 Math. Results without an end are cut at 34 digits."""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from careloom.fhirpath.comparison import kind_of
from careloom.fhirpath.invocation import ANYTHING, NUMBER, Function, of_value
from careloom.fhirpath.nodes import DECIMAL, INTEGER
from careloom.fhirpath.quantities import EXACT, Quantity
from careloom.model.errors import InvalidError

_MOST_DIGITS = 31


def _magnitude(value: Any) -> Any:
    return -value if value < 0 else value


def _of_amount(compute: Callable[[Any], Any]) -> Function:
    """A function of a number, or of the number of a quantity."""

    def computed(value: Any) -> Any:
        if isinstance(value, Quantity):
            return value.with_value(compute(value.value))
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return compute(value)
        raise InvalidError(f"a number or quantity expected, {kind_of(value)} found")

    return of_value(computed, ANYTHING, gives=None)


def _whole(rounding: str) -> Callable[[Any], int]:
    return lambda number: int(Decimal(number).to_integral_value(rounding))


def _round(number: Any, digits: int = 0) -> Decimal:
    if not 0 <= digits <= _MOST_DIGITS:
        raise InvalidError(f"round() expects 0 to {_MOST_DIGITS} digits, {digits} found")
    if digits >= -int(Decimal(number).as_tuple().exponent):
        return Decimal(number)
    return Decimal(number).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _sqrt(number: Any) -> Decimal | None:
    return None if number < 0 else EXACT.sqrt(Decimal(number))


def _ln(number: Any) -> Decimal | None:
    return None if number <= 0 else EXACT.ln(Decimal(number))


def _log(number: Any, base: Any) -> Decimal | None:
    if number <= 0 or base <= 0 or base == 1:
        return None
    quotient = EXACT.divide(EXACT.ln(Decimal(number)), EXACT.ln(Decimal(base)))
    nearest = quotient.to_integral_value()
    return nearest if EXACT.power(Decimal(base), nearest) == number else quotient


def _power(number: Any, exponent: Any) -> Any:
    if number < 0 and exponent != int(exponent):
        return None
    found = EXACT.power(Decimal(number), Decimal(exponent)) if number or exponent > 0 else Decimal(1)
    is_integer = isinstance(number, int) and isinstance(exponent, int) and exponent >= 0
    return int(found) if is_integer and abs(found) < 2**63 else found


FUNCTIONS: Mapping[str, Function] = {
    "abs": _of_amount(_magnitude),
    "ceiling": of_value(_whole(ROUND_CEILING), NUMBER, gives=INTEGER),
    "floor": of_value(_whole(ROUND_FLOOR), NUMBER, gives=INTEGER),
    "truncate": of_value(_whole(ROUND_DOWN), NUMBER, gives=INTEGER),
    "round": of_value(_round, NUMBER, INTEGER, optional=1, gives=DECIMAL),
    "exp": of_value(lambda number: EXACT.exp(Decimal(number)), NUMBER, gives=DECIMAL),
    "ln": of_value(_ln, NUMBER, gives=DECIMAL),
    "log": of_value(_log, NUMBER, NUMBER, gives=DECIMAL),
    "power": of_value(_power, NUMBER, NUMBER, gives=None),
    "sqrt": of_value(_sqrt, NUMBER, gives=DECIMAL),
}
