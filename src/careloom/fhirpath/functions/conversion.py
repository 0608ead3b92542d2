"""``iif``, and from one type of the system to another. Source: FHIRPath 2.0, 5.5 Conversion.

A conversion that has no result gives nothing; ``convertsTo…`` tells beforehand. More than one item is an error.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath import quantities
from careloom.fhirpath.code import TRUTH, Code, Shape, in_boxes, many, one, single, truth
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import ANYTHING, Function, Invocation, expected
from careloom.fhirpath.nodes import BOOLEAN, DATE, DATE_TIME, DECIMAL, INTEGER, QUANTITY, STRING, TIME, Item
from careloom.fhirpath.quantities import Quantity, parse_quantity
from careloom.fhirpath.temporal import Date, DateTime, Temporal, Time, parse_date, parse_date_time, parse_time
from careloom.model.late import late_pattern
from careloom.model.numbers import decimal_text
from careloom.model.records import replace

_INTEGER = late_pattern(r"[+-]?\d+")
_DECIMAL = late_pattern(r"[+-]?\d+(?:\.\d+)?")
_TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}


def to_boolean(value: Any) -> bool | None:
    """From a boolean, 1 or 0, or the words that stand for them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return bool(value) if value in (0, 1) else None
    return _TRUTHS.get(value.lower()) if isinstance(value, str) else None


def to_integer(value: Any) -> int | None:
    """From an integer, a boolean, or the digits of an integer."""
    if isinstance(value, bool | int):
        return int(value)
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def to_decimal(value: Any) -> Decimal | None:
    """From a number, a boolean, or the digits of a number."""
    if isinstance(value, bool):
        return Decimal("1.0") if value else Decimal("0.0")
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_text(value: Any) -> str | None:
    """From anything but a structure."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return decimal_text(value)
    return str(value) if isinstance(value, str | int | Temporal | Quantity) else None


def to_date(value: Any) -> Date | None:
    """From a date, the date of a date-time, or text."""
    if isinstance(value, DateTime):
        return Date(value.parts[:3])
    return value if isinstance(value, Date) else parse_date(value) if isinstance(value, str) else None


def to_date_time(value: Any) -> DateTime | None:
    """From a date-time, a date, or text."""
    if isinstance(value, Date):
        return DateTime(value.parts)
    return value if isinstance(value, DateTime) else parse_date_time(value) if isinstance(value, str) else None


def to_time(value: Any) -> Time | None:
    """From a time or text, with or without ``T`` before it."""
    if isinstance(value, Time):
        return value
    return parse_time(value.removeprefix("T")) if isinstance(value, str) else None


def to_quantity(value: Any) -> Quantity | None:
    """From a quantity, a number, a boolean, or text such as ``4 days`` or ``1.5 'mg'``."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, str):
        return parse_quantity(value)
    number = to_decimal(value)
    return None if number is None else Quantity(number)


def _iif(call: Invocation) -> Code:
    """The branch that the criterion picks; only that one runs. The input is one item at most, and ``$this`` in all."""
    criterion, yes, no = call.each_required(0), call.each_required(1), call.each(2)
    _require_condition(call, criterion)
    branches = [yes] if no is None else [yes, no]
    same = len({branch.shape.exact for branch in branches}) == 1 and yes.shape.exact is not None
    one_each = same and all(branch.shape.single for branch in branches)
    get, holds = single(call.input, call.site), truth(criterion, call.site)
    when_true, when_false = (_branch(branch, same=same, one_each=one_each) for branch in (yes, no))
    nothing: Any = None if one_each else []

    def run(this: Item, scope: Scope) -> Any:
        item = get(this, scope)
        if holds(item, scope) is True:
            return when_true(item, scope)  # type: ignore[misc]
        return nothing if when_false is None else when_false(item, scope)

    shape = Shape(yes.shape.types if same else None, single=one_each)
    return call.code(run, shape, applied=_together(criterion, *branches))


def _branch(code: Code | None, *, same: bool, one_each: bool) -> Callable[[Item, Scope], Any] | None:
    if code is None:
        return None
    return code.run if one_each else many(code) if same else in_boxes(code)


def _together(*codes: Code) -> Code:
    return replace(codes[0], uses_world=any(code.uses_world for code in codes))


def _require_condition(call: Invocation, criterion: Code) -> None:
    types = criterion.shape.types
    if call.compiler.strict and types and types.isdisjoint({BOOLEAN, "boolean"}):
        raise call.site.invalid(f"iif() expects a condition, {' or '.join(sorted(types))} given")


def _to(convert: Callable[[Any], Any], type: str) -> Function:
    def compiled(call: Invocation) -> Code:
        get = expected(call.input, ANYTHING, call)

        def run(this: Item, scope: Scope) -> Any:
            found = get(this, scope)
            return None if found is None else convert(found)

        return call.code(run, one(type))

    return Function(compiled)


def _converts(convert: Callable[[Any], Any]) -> Function:
    def compiled(call: Invocation) -> Code:
        get = expected(call.input, ANYTHING, call)

        def run(this: Item, scope: Scope) -> bool | None:
            found = get(this, scope)
            return None if found is None else convert(found) is not None

        return call.code(run, TRUTH)

    return Function(compiled)


def _quantity_in(call: Invocation) -> Code:
    """``toQuantity``, converted to a unit where one is asked for."""
    unit = call.argument(0)
    get = expected(call.input, ANYTHING, call)
    wanted = None if unit is None else expected(unit, STRING, call)

    def run(this: Item, scope: Scope) -> Quantity | None:
        found = get(this, scope)
        quantity = None if found is None else to_quantity(found)
        name = None if wanted is None else wanted(this, scope)
        return quantity if quantity is None or name is None else _in_unit(quantity, name)

    return call.code(run, one(QUANTITY), unit)


def _converts_to_quantity(call: Invocation) -> Code:
    get = expected(call.input, ANYTHING, call)
    converted = _quantity_in(call)

    def run(this: Item, scope: Scope) -> bool | None:
        return None if get(this, scope) is None else converted.run(this, scope) is not None

    return replace(converted, run=run, shape=TRUTH)


def _in_unit(quantity: Quantity, name: str) -> Quantity | None:
    word = quantities.calendar_unit(name)
    one_unit = Quantity(Decimal(1), word, is_calendar=True) if word else Quantity(Decimal(1), name)
    return quantities.convert(quantity, one_unit)


_CONVERSIONS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "Boolean": (to_boolean, BOOLEAN),
    "Integer": (to_integer, INTEGER),
    "Decimal": (to_decimal, DECIMAL),
    "String": (to_text, STRING),
    "Date": (to_date, DATE),
    "DateTime": (to_date_time, DATE_TIME),
    "Time": (to_time, TIME),
}

FUNCTIONS: Mapping[str, Function] = {
    "iif": Function(_iif, 2, 3),
    **{f"to{name}": _to(convert, type) for name, (convert, type) in _CONVERSIONS.items()},
    **{f"convertsTo{name}": _converts(convert) for name, (convert, _) in _CONVERSIONS.items()},
    "toQuantity": Function(_quantity_in, 0, 1),
    "convertsToQuantity": Function(_converts_to_quantity, 0, 1),
}
