"""Dates, instants and periods: each an interval as wide as what was written.

Source: FHIR R4 search, "Prefixes", in its reading for ranges: "the range above the search value" begins where the
interval of the search value ends, and the range below ends where it begins.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from careloom.model.errors import InvalidError
from careloom.search.dates import Interval, date_interval
from careloom.search.escaping import shown, unescape
from careloom.search.kinds.prefixes import prefixed, with_prefix
from careloom.search.kinds.reading import KindRules, Place, Reading, objects, parts, table
from careloom.search.operands import DateOperand, Prefix
from careloom.search.values import BEGINNING_OF_TIME, END_OF_TIME, DateValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    intervals = [_interval(event, zone) for event in parts(value, "event")]
    for repeat in objects(value, "repeat"):
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


def _read(text: str, reading: Reading) -> DateOperand:
    prefix, written = prefixed(unescape(text))
    interval = date_interval(written, reading.zone)
    if interval is None:
        hint = "; the + of a time zone is written %2B in a URL" if " " in written else ""
        raise InvalidError(
            f"a date such as 2026, 2026-11-22 or 2026-11-22T11:09:00Z expected, found {shown(written)}{hint}"
        )
    low, high = interval
    if prefix == "ap":
        margin = abs((reading.now - _EPOCH) // _MICROSECOND - low) // 10
        low, high = low - margin, high + margin
    return DateOperand(written, prefix, low, high)


COMPARED: Mapping[Prefix, Callable[[DateValue, DateOperand], bool]] = {
    "eq": lambda value, asked: asked.low <= value.low and value.high <= asked.high,
    "ne": lambda value, asked: value.low < asked.low or asked.high < value.high,
    "gt": lambda value, asked: value.high > asked.high,
    "lt": lambda value, asked: value.low < asked.low,
    "ge": lambda value, asked: value.high > asked.high or (asked.low <= value.low and value.high <= asked.high),
    "le": lambda value, asked: value.low < asked.low or (asked.low <= value.low and value.high <= asked.high),
    "sa": lambda value, asked: value.low >= asked.high,
    "eb": lambda value, asked: value.high <= asked.low,
    "ap": lambda value, asked: value.low < asked.high and asked.low < value.high,
    "co": lambda value, asked: value.low <= asked.low and asked.high <= value.high,
}
"""By prefix; both sides are intervals [low, high)."""


def _fits(modifier: str, operand: DateOperand, value: DateValue) -> bool:
    return COMPARED[operand.prefix](value, operand)


def _sort_values(value: DateValue) -> Iterator[int]:
    yield value.low


RULES = KindRules(
    family="dates",
    readers=table((_date, "date dateTime"), (_instant, "instant"), (_period, "Period"), (_timing, "Timing")),
    read=_read,
    fits=_fits,
    written=with_prefix,
    sort_values=_sort_values,
)
