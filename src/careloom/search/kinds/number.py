"""Numbers: what is kept is exact, what is searched for is as precise as its digits.

Source: FHIR R4 search, "Prefixes": with numbers the ranges above and below begin at the number itself, since
"the implicit precision of the number is ignored".
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from math import inf
from typing import Any

from careloom.model.errors import InvalidError
from careloom.search.escaping import shown, unescape
from careloom.search.kinds.prefixes import prefixed, with_prefix
from careloom.search.kinds.reading import KindRules, Place, Reading, decimal_of, table
from careloom.search.numbers import approximate_bounds, double, implicit_bounds, parse_number
from careloom.search.operands import NumberOperand, Prefix, QuantityOperand
from careloom.search.values import Canonical, NumberValue, QuantityValue

Number = NumberValue | QuantityValue | NumberOperand | QuantityOperand | Canonical


def _number(value: Any, place: Place) -> Iterator[NumberValue]:
    number = decimal_of(value)
    if number is not None:
        yield NumberValue(double(number), double(number))


def _range(value: Any, place: Place) -> Iterator[NumberValue]:
    """From its low to its high end, either of which may be open."""
    if isinstance(value, dict):
        low, high = (_value_of(value.get(end)) for end in ("low", "high"))
        if low is not None or high is not None:
            yield NumberValue(-inf if low is None else double(low), inf if high is None else double(high))


def _value_of(quantity: Any) -> Decimal | None:
    return decimal_of(quantity.get("value")) if isinstance(quantity, dict) else None


def read_number(text: str) -> tuple[str, Prefix, Decimal, Decimal]:
    """What was written behind the prefix, the prefix, and the interval to compare with.

    Raises:
        InvalidError: Not a number.
    """
    prefix, written = prefixed(text)
    number = parse_number(written)
    if number is None:
        raise InvalidError(f"a number such as 100, 5.40 or 1e-3 expected, found {shown(written)}")
    return written, prefix, *bounds(written, prefix)


def bounds(written: str, prefix: Prefix) -> tuple[Decimal, Decimal]:
    """The interval that a prefix compares with: as wide as the digits, a tenth around it, or the number alone."""
    if prefix in ("eq", "ne"):
        return implicit_bounds(written)
    if prefix == "ap":
        return approximate_bounds(written)
    return Decimal(written), Decimal(written)


def _read(text: str, reading: Reading) -> NumberOperand:
    written, prefix, low, high = read_number(unescape(text))
    return NumberOperand(written, prefix, double(low), double(high))


COMPARED: Mapping[Prefix, Callable[[Number, Number], bool]] = {
    "eq": lambda value, asked: asked.low <= value.low and value.high < asked.high,
    "ne": lambda value, asked: value.low < asked.low or asked.high <= value.high,
    "gt": lambda value, asked: value.high > asked.high,
    "lt": lambda value, asked: value.low < asked.low,
    "ge": lambda value, asked: value.high >= asked.high,
    "le": lambda value, asked: value.low <= asked.low,
    "sa": lambda value, asked: value.low > asked.high,
    "eb": lambda value, asked: value.high < asked.low,
    "ap": lambda value, asked: value.low <= asked.high and asked.low <= value.high,
    "co": lambda value, asked: value.low <= asked.low and asked.high <= value.high,
}
"""By prefix. The value is an interval [low, high]; what is asked is [low, high) for eq and ne, [low, high] for ap,
one number for the rest."""


def _fits(modifier: str, operand: NumberOperand, value: NumberValue) -> bool:
    return COMPARED[operand.prefix](value, operand)


def _sort_values(value: NumberValue) -> Iterator[float]:
    yield value.low


RULES = KindRules(
    family="numbers",
    readers=table(
        (_number, "integer decimal positiveInt unsignedInt System.Integer System.Decimal"), (_range, "Range")
    ),
    read=_read,
    fits=_fits,
    written=with_prefix,
    sort_values=_sort_values,
)
