"""From the types of FHIR to the system types that operators and functions work on.

Source: FHIR R4, FHIRPath, 2.1.9.1.1 "Using FHIR types in expressions", and its rule for quantities of time.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from careloom.fhirpath.nodes import BOOLEAN, DATE, DATE_TIME, DECIMAL, INTEGER, QUANTITY, STRING, TIME, Item, Node
from careloom.fhirpath.quantities import CALENDAR_OF_UCUM, Quantity
from careloom.fhirpath.temporal import parse_date, parse_date_time, parse_time
from careloom.model.errors import InvalidError

UCUM = "http://unitsofmeasure.org"

QUANTITY_TYPES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"})

STRING_TYPES = frozenset(
    {"string", "uri", "url", "canonical", "uuid", "oid", "code", "id", "markdown", "base64Binary", "xhtml"}
)

SYSTEM_TYPE_OF: Mapping[str, str] = {
    **dict.fromkeys(STRING_TYPES, STRING),
    **dict.fromkeys(QUANTITY_TYPES, QUANTITY),
    **dict.fromkeys(("integer", "unsignedInt", "positiveInt"), INTEGER),
    **dict.fromkeys(("dateTime", "instant"), DATE_TIME),
    "boolean": BOOLEAN,
    "decimal": DECIMAL,
    "date": DATE,
    "time": TIME,
}
"""The system type that each FHIR type turns into where an operator or a function needs one."""


def system_value(item: Item, exact: str | None) -> Any:
    """The value of an item in the system types; None for a primitive without value; a structure as it is.

    Raises:
        InvalidError: A date or time that is none.
    """
    if item.__class__ is Node:
        exact, item = item.type_name, item.value
        if item is None:
            return None
    convert = CONVERTERS.get(exact)
    return item if convert is None else convert(item)


def comparable_value(item: Item, exact: str | None) -> Any:
    """As `system_value`, but a primitive without value stays itself, so that it is the same as nothing else."""
    found = system_value(item, exact)
    return item if found is None else found


def _decimal(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _date(value: Any) -> Any:
    return _read(parse_date, value, "date")


def _date_time(value: Any) -> Any:
    return _read(parse_date_time, value, "dateTime")


def _time(value: Any) -> Any:
    return _read(parse_time, value, "time")


def _read(parse: Callable[[str], Any], value: Any, what: str) -> Any:
    if not isinstance(value, str):
        return value
    found = parse(value)
    if found is None:
        raise InvalidError(f"a {what} expected, {value!r} found")
    return found


def _quantity(value: Any) -> Any:
    """A quantity, unless it has no number or a comparator, which no system quantity can tell."""
    number = _decimal(value.get("value")) if isinstance(value, dict) else None
    if not isinstance(number, int | Decimal) or value.get("comparator"):
        return value
    code = value.get("code")
    if code and value.get("system") == UCUM and code in CALENDAR_OF_UCUM:
        return Quantity(Decimal(number), CALENDAR_OF_UCUM[code], is_calendar=True)
    return Quantity(Decimal(number), code or value.get("unit") or "1")


CONVERTERS: Mapping[str | None, Callable[[Any], Any]] = {
    **dict.fromkeys(QUANTITY_TYPES, _quantity),
    "decimal": _decimal,
    "date": _date,
    "dateTime": _date_time,
    "instant": _date_time,
    "time": _time,
}
"""For the FHIR types whose JSON value is not already the value of the system type."""
