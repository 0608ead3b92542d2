"""From one element to index values: a table for each kind of parameter, from FHIR type to a small function.

What is not as its type demands gives no value, since the store may hold what no profile has checked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from math import inf
from typing import Any

from careloom.model import resource_type
from careloom.search.dates import Interval, date_interval
from careloom.search.folding import exact, fold, words_from
from careloom.search.numbers import double
from careloom.search.parameters import Path, SearchParameter
from careloom.search.references import reference_values
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

SPECIAL_VALUES = "http://hl7.org/fhir/special-values"
CURRENCIES = "urn:iso:std:iso:4217"


@dataclass(slots=True)
class Place:
    """Where an element was met, for the readers that need more than the element.

    Attributes:
        parameter: The parameter it is read for.
        path: The way that led to it.
        base_url: Address of this server.
        zone: Time zone of dates that have none.
    """

    parameter: SearchParameter
    path: Path
    base_url: str
    zone: tzinfo


@dataclass(slots=True)
class Aside:
    """A value for another side of the element, kept under ``code:side``."""

    side: str
    value: IndexValue


Reader = Callable[[Any, Place], Iterable[IndexValue | Aside]]


# token


def _coding(value: Any, place: Place) -> Iterator[TokenValue | Aside]:
    if isinstance(value, dict):
        system, code = _text(value, "system"), _text(value, "code")
        if system or code:
            yield TokenValue(system, code)
        yield from _said(value.get("display"))


def _codeable_concept(value: Any, place: Place) -> Iterator[TokenValue | Aside]:
    for coding in _objects(value, "coding"):
        yield from _coding(coding, place)
    if isinstance(value, dict):
        yield from _said(value.get("text"))


def _identifier(value: Any, place: Place) -> Iterator[TokenValue | Aside]:
    if isinstance(value, dict):
        if code := _text(value, "value"):
            yield TokenValue(_text(value, "system"), code)
        kind = value.get("type")
        yield from _said(kind.get("text") if isinstance(kind, dict) else None)


def _contact_point(value: Any, place: Place) -> Iterator[TokenValue]:
    if isinstance(value, dict) and (code := _text(value, "value")):
        yield TokenValue("", code)


def _code(value: Any, place: Place) -> Iterator[TokenValue]:
    if isinstance(value, str):
        yield TokenValue(place.path.system, value)


def _boolean(value: Any, place: Place) -> Iterator[TokenValue]:
    if isinstance(value, bool):
        yield TokenValue(SPECIAL_VALUES, "true" if value else "false")


def _plain_token(value: Any, place: Place) -> Iterator[TokenValue]:
    if isinstance(value, str):
        yield TokenValue("", value.casefold() if place.parameter.folded else value)


def _said(text: Any) -> Iterator[Aside]:
    """What ``:text`` looks at: a display, or the text of a concept or of an identifier's type."""
    if isinstance(text, str) and text:
        yield Aside("text", StringValue(fold(text), exact(text)))


# string


def _string(value: Any, place: Place) -> Iterator[StringValue]:
    yield from _strings(value, in_words=place.path.is_name)


def _human_name(value: Any, place: Place) -> Iterator[StringValue]:
    for key in ("family", "given", "text", "prefix", "suffix"):
        for part in _parts(value, key):
            yield from _strings(part, in_words=True)


def _address(value: Any, place: Place) -> Iterator[StringValue]:
    for key in ("line", "city", "district", "state", "postalCode", "country", "text"):
        for part in _parts(value, key):
            yield from _strings(part)


def _strings(text: Any, *, in_words: bool = False) -> Iterator[StringValue]:
    if isinstance(text, str) and text:
        folded = fold(text)
        yield StringValue(folded, exact(text))
        if in_words:
            yield from (StringValue(rest, "") for rest in words_from(folded))


# reference


def _reference(value: Any, place: Place) -> Iterator[ReferenceValue | Aside]:
    if isinstance(value, dict):
        yield from reference_values(_text(value, "reference"), place.base_url)
        for token in _identifier(value.get("identifier"), place):
            if isinstance(token, TokenValue):
                yield Aside("identifier", token)


def _address_of_resource(value: Any, place: Place) -> Iterator[ReferenceValue]:
    if isinstance(value, str):
        yield from reference_values(value, place.base_url)


def _nested_resource(value: Any, place: Place) -> Iterator[ReferenceValue]:
    """``Bundle.entry.resource``: found as if the bundle referred to it."""
    if isinstance(value, dict) and _text(value, "id"):
        yield from reference_values(f"{resource_type(value)}/{value['id']}", "")


# date


def _date(value: Any, place: Place) -> Iterator[DateValue]:
    interval = _interval(value, place.zone)
    if interval:
        yield DateValue(*interval)


def _instant(value: Any, place: Place) -> Iterator[DateValue]:
    """An instant is "a fixed point in time with an interval smaller than the precision of the system"."""
    interval = _interval(value, place.zone)
    if interval:
        yield DateValue(interval[0], interval[0] + 1)


def _period(value: Any, place: Place) -> Iterator[DateValue]:
    interval = _period_interval(value, place.zone)
    if interval:
        yield DateValue(*interval)


def _timing(value: Any, place: Place) -> Iterator[DateValue]:
    """The outer limits alone: "the specified scheduling details are ignored"."""
    zone = place.zone
    intervals = [_interval(event, zone) for event in _parts(value, "event")]
    for repeat in _objects(value, "repeat"):
        intervals.append(_period_interval(repeat.get("boundsPeriod"), zone))
    known = [interval for interval in intervals if interval]
    if known:
        yield DateValue(min(low for low, _ in known), max(high for _, high in known))


def _period_interval(value: Any, zone: tzinfo) -> Interval | None:
    if not isinstance(value, dict):
        return None
    start, end = _interval(value.get("start"), zone), _interval(value.get("end"), zone)
    if start is None and end is None:
        return None
    low, high = (start or (BEGINNING_OF_TIME, 0))[0], (end or (0, END_OF_TIME))[1]
    return (low, high) if low < high else None


def _interval(value: Any, zone: tzinfo) -> Interval | None:
    return date_interval(value, zone) if isinstance(value, str) else None


# number and quantity


def _number(value: Any, place: Place) -> Iterator[NumberValue]:
    number = _double(value)
    if number is not None:
        yield NumberValue(number, number)


def _number_range(value: Any, place: Place) -> Iterator[NumberValue]:
    for quantity in _range(value, place):
        yield NumberValue(quantity.low, quantity.high)


def _quantity(value: Any, place: Place) -> Iterator[QuantityValue]:
    number = _double(value.get("value")) if isinstance(value, dict) else None
    if number is not None:
        comparator = _text(value, "comparator")
        low = -inf if comparator in ("<", "<=") else number
        high = inf if comparator in (">", ">=") else number
        yield QuantityValue(low, high, _text(value, "system"), _text(value, "code"), _text(value, "unit"))


def _money(value: Any, place: Place) -> Iterator[QuantityValue]:
    number = _double(value.get("value")) if isinstance(value, dict) else None
    if number is not None:
        currency = _text(value, "currency")
        yield QuantityValue(number, number, CURRENCIES, currency, currency)


def _range(value: Any, place: Place) -> Iterator[QuantityValue]:
    if isinstance(value, dict):
        low, high = ([*_quantity(value.get(end), place)] for end in ("low", "high"))
        unit = next(iter(low + high), None)
        if unit is not None:
            lower, upper = low[0].low if low else -inf, high[0].high if high else inf
            yield QuantityValue(lower, upper, unit.system, unit.code, unit.unit)


# uri


def _uri(value: Any, place: Place) -> Iterator[UriValue]:
    if isinstance(value, str) and value:
        yield UriValue(value)


# reading JSON that nobody has checked


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    return text if isinstance(text, str) else ""


def _parts(value: Any, key: str) -> list[Any]:
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, list) else [part]


def _objects(value: Any, key: str) -> Iterator[dict[str, Any]]:
    return (part for part in _parts(value, key) if isinstance(part, dict))


def _double(value: Any) -> float | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return double(value)
    return None


def _table(*rows: tuple[Reader, str]) -> Mapping[str, Reader]:
    return {name: reader for reader, names in rows for name in names.split()}


READERS: Mapping[str, Mapping[str, Reader]] = {
    "token": _table(
        (_coding, "Coding"),
        (_codeable_concept, "CodeableConcept"),
        (_identifier, "Identifier"),
        (_contact_point, "ContactPoint"),
        (_code, "code"),
        (_boolean, "boolean System.Boolean"),
        (_plain_token, "string id uri url canonical oid uuid markdown date dateTime instant System.String"),
    ),
    "string": _table(
        (_string, "string markdown code id uri url canonical oid uuid System.String"),
        (_human_name, "HumanName"),
        (_address, "Address"),
    ),
    "reference": _table(
        (_reference, "Reference"),
        (_address_of_resource, "canonical uri url oid uuid"),
        (_nested_resource, "Resource"),
    ),
    "date": _table(
        (_date, "date dateTime"),
        (_instant, "instant"),
        (_period, "Period"),
        (_timing, "Timing"),
    ),
    "number": _table(
        (_number, "integer decimal positiveInt unsignedInt System.Integer System.Decimal"),
        (_number_range, "Range"),
    ),
    "quantity": _table(
        (_quantity, "Quantity Age Count Distance Duration SimpleQuantity MoneyQuantity"),
        (_money, "Money"),
        (_range, "Range"),
    ),
    "uri": _table((_uri, "uri url canonical oid uuid string")),
}
"""By SearchParameter.type and the name of the FHIR type; ``Resource`` stands for any resource."""
