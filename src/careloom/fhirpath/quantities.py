"""Quantities: a number with a unit of UCUM or of the calendar, and what may be compared with what.

Units of the same spelling need no knowledge at all, and those of time are few, so most comparisons are decided by the
tables here. Anything else asks the UCUM library, which is imported then: it takes about a second to load.

A calendar year is not the year of UCUM (``'a'``, 365.25 days): such quantities are equivalent, never equal. From the
week down both count the same.

Source: FHIRPath 2.0, Quantity, Time-valued Quantities; https://ucum.org/ucum.
"""

from collections.abc import Mapping
from decimal import Context, Decimal
from functools import lru_cache
from threading import Lock
from typing import Any

from careloom.model.late import late_pattern
from careloom.model.records import dataclass

CALENDAR: Mapping[str, str] = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
"""Calendar units with the unit of UCUM that is nearest."""

CALENDAR_OF_UCUM: Mapping[str, str] = {ucum: word for word, ucum in CALENDAR.items()}

EXACT = Context(prec=34)
"""How results that have no end are cut: 34 significant digits."""

_WORDS = {**{word: word for word in CALENDAR}, **{f"{word}s": word for word in CALENDAR}}
_TEXT = late_pattern(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?\s*")
_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "wk": Decimal(604800),
}
_AGREED_DIGITS = Context(prec=12)
_EXACT_IN_FLOAT = Context(prec=15)

_LIBRARY = Lock()
"""The registry of the library is made and added to as units are met, which only one thread at a time may do."""

_ANNOTATION = late_pattern(r"\{[^{}]*\}")
_LONE_ANNOTATION = late_pattern(r"(?:^|(?<=[./(]))\{[^{}]*\}")
_ARBITRARY = late_pattern(r"\[(?!pp|pi\])")
"""Units such as ``[iU]`` measure what they say, and nothing else can be told in them."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit.

    Attributes:
        value: Exact.
        unit: Code of UCUM, or a calendar word in the singular.
        is_calendar: Which of the two.
    """

    value: Decimal
    unit: str = "1"
    is_calendar: bool = False

    def __str__(self) -> str:
        number = format(self.value, "f")
        if not self.is_calendar:
            return f"{number} '{self.unit}'"
        return f"{number} {self.unit}" if self.value == 1 else f"{number} {self.unit}s"

    @property
    def ucum(self) -> str:
        """The unit as a code of UCUM; for years and months the nearest one."""
        return CALENDAR[self.unit] if self.is_calendar else self.unit

    def with_value(self, value: Decimal) -> "Quantity":
        """Another number of the same unit."""
        return Quantity(value, self.unit, self.is_calendar)


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit measured in base units: ``factor`` of ``dimensions``, ``offset`` for a temperature."""

    factor: Decimal
    dimensions: str
    offset: Decimal = Decimal(0)


def calendar_unit(word: str) -> str | None:
    """The calendar unit of a word in the singular or plural."""
    return _WORDS.get(word)


def parse_quantity(text: str) -> Quantity | None:
    """Read ``4 days``, ``1.5 'mg'`` or a bare number; None for anything else."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    number, ucum, word = found.groups()
    if word is not None:
        unit = calendar_unit(word)
        return Quantity(Decimal(number), unit, is_calendar=True) if unit else None
    return Quantity(Decimal(number), ucum or "1")


def compare(left: Quantity, right: Quantity) -> int | None:
    """-1, 0 or 1; None where the units cannot be converted into each other."""
    if left.unit == right.unit and left.is_calendar == right.is_calendar:
        return _order(left.value, right.value)
    if _only_equivalent(left, right):
        return None
    mine, yours = scale(left.ucum), scale(right.ucum)
    if mine is None or yours is None or mine.dimensions != yours.dimensions:
        return None
    return _order(_AGREED_DIGITS.plus(_in_base(left, mine)), _AGREED_DIGITS.plus(_in_base(right, yours)))


def equivalent(left: Quantity, right: Quantity) -> bool:
    """Whether both are the same to the digits of the less precise one."""
    mine, yours = scale(left.ucum), scale(right.ucum)
    if left.ucum == right.ucum:
        mine = yours = Scale(Decimal(1), left.ucum)
    if mine is None or yours is None or mine.dimensions != yours.dimensions:
        return False
    if _last_digit(right, yours) > _last_digit(left, mine):
        left, right, mine, yours = right, left, yours, mine
    digit = Decimal(1).scaleb(_exponent(left.value))
    converted = EXACT.divide(_in_base(right, yours) - mine.offset, mine.factor)
    return bool(converted.quantize(digit, context=EXACT) == left.value)


def is_comparable(left: Quantity, right: Quantity) -> bool:
    """Whether the units can be converted into each other."""
    if left.unit == right.unit and left.is_calendar == right.is_calendar:
        return True
    mine, yours = scale(left.ucum), scale(right.ucum)
    return mine is not None and yours is not None and mine.dimensions == yours.dimensions


def convert(quantity: Quantity, unit: Quantity) -> Quantity | None:
    """The same amount in the unit of another quantity; None where that cannot be."""
    if quantity.unit == unit.unit and quantity.is_calendar == unit.is_calendar:
        return quantity
    mine, yours = scale(quantity.ucum), scale(unit.ucum)
    if _only_equivalent(quantity, unit) or mine is None or yours is None or mine.dimensions != yours.dimensions:
        return None
    base = _in_base(quantity, mine)
    return unit.with_value(_AGREED_DIGITS.divide(base - yours.offset, yours.factor).normalize(EXACT))


def times(left: Quantity, right: Quantity) -> Quantity:
    """The product, in the product of the units."""
    return Quantity(EXACT.multiply(left.value, right.value), _product(left.ucum, right.ucum))


def over(left: Quantity, right: Quantity) -> Quantity | None:
    """The quotient, in the quotient of the units; None for a division by zero."""
    if right.value == 0:
        return None
    return Quantity(EXACT.divide(left.value, right.value), _quotient(left.ucum, right.ucum))


@lru_cache(maxsize=1024)
def scale(unit: str) -> Scale | None:
    """What a unit of UCUM is in base units; None where UCUM does not know it."""
    if unit in _SECONDS:
        return Scale(_SECONDS[unit], "[time]")
    plain = _ANNOTATION.sub("", _LONE_ANNOTATION.sub("1", unit.strip()))
    if plain == "1":
        return Scale(Decimal(1), "dimensionless")
    return _scale_of_library(plain)


def _scale_of_library(unit: str) -> Scale | None:
    """Asked of the library with floats, since its decimals do not reach every unit; 15 digits of those are exact."""
    with _LIBRARY:
        registry = _registry()
        try:
            one = registry.from_ucum(unit)
            offset = registry.Quantity(0, one.units).to_root_units().magnitude
            factor = registry.Quantity(1, one.units).to_root_units().magnitude * one.magnitude - offset
            dimensions = str(one.dimensionality)
        except Exception:  # grammar, registry and arithmetic each raise their own for a text that is no unit
            return None
    if dimensions == "dimensionless" and _ARBITRARY.search(unit):
        dimensions = unit
    return Scale(_exactly(factor), dimensions, _exactly(offset))


def _exactly(number: float) -> Decimal:
    return _EXACT_IN_FLOAT.create_decimal(repr(number)).normalize()


@lru_cache(maxsize=1)
def _registry() -> Any:
    import ucumvert  # noqa: PLC0415 - takes a second to load, and few expressions need it

    return ucumvert.PintUcumRegistry()


def _only_equivalent(left: Quantity, right: Quantity) -> bool:
    """Whether a year or month of the calendar meets one of UCUM, or any unit that is not of the calendar."""
    if left.is_calendar == right.is_calendar:
        return left.is_calendar and (left.unit in ("year", "month")) != (right.unit in ("year", "month"))
    calendar = left if left.is_calendar else right
    return calendar.unit in ("year", "month")


def _in_base(quantity: Quantity, scale: Scale) -> Decimal:
    return EXACT.fma(quantity.value, scale.factor, scale.offset)


def _order(left: Decimal, right: Decimal) -> int:
    return (left > right) - (left < right)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else 0


def _last_digit(quantity: Quantity, scale: Scale) -> Decimal:
    """What the last digit that was written is worth in base units."""
    return Decimal(1).scaleb(_exponent(quantity.value)) * scale.factor


def _product(left: str, right: str) -> str:
    if left == "1" or right == "1":
        return right if left == "1" else left
    if left == right and left.isalpha():
        return f"{left}2"
    return f"{_grouped(left)}.{_grouped(right)}"


def _quotient(left: str, right: str) -> str:
    if right == "1":
        return left
    return "1" if left == right else f"{_grouped(left)}/{_grouped(right)}"


def _grouped(unit: str) -> str:
    return f"({unit})" if "/" in unit or "." in unit else unit
