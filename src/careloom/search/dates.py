"""Dates as intervals: from what is written to microseconds since 1970 UTC, as wide as the precision given.

Computed on integers, since `datetime` ends at the year 9999 and a period may not.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from careloom.search.values import BEGINNING_OF_TIME, END_OF_TIME

Interval = tuple[int, int]
"""[low, high) in microseconds since 1970-01-01T00:00:00Z."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_USUAL = re.compile(
    r"\d{4}-\d\d-\d\d(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d))?",
    re.ASCII,
)
"""A day, or a second with its offset: nearly all that records have, which the standard library reads at once."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = date(1970, 1, 1).toordinal()
_LAST = date.max.toordinal()


@lru_cache(maxsize=4_096)
def date_interval(text: str, zone: tzinfo) -> Interval | None:
    """The interval that a FHIR date, dateTime or instant stands for; None for any other text.

    Seconds may be left out, as search allows; digits of a second beyond the sixth are dropped.

    Args:
        text: ``2026``, ``2026-11``, ``2026-11-22``, ``2026-11-22T11:09Z``, ``2026-11-22T11:09:00.123+01:00``.
        zone: Time zone of a text that has none.
    """
    if _USUAL.fullmatch(text):
        return _usual(text, zone)
    found = _WRITTEN.fullmatch(text)
    if not found:
        return None
    try:
        low, high = _clock(found, zone) if found["hour"] else _calendar(found, zone)
    except ValueError:
        return None
    return _clamped(low), _clamped(high)


def _usual(text: str, zone: tzinfo) -> Interval | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        day = moment.toordinal()
        return _clamped(_midnight(day, zone)), _clamped(_midnight(day + 1, zone))
    low = (moment - _START) // _MICROSECOND
    return _clamped(low), _clamped(low + SECOND)


def _calendar(found: re.Match[str], zone: tzinfo) -> Interval:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    first = date(year, month, day)
    if found["day"]:
        last = first
    elif found["month"]:
        last = date(year, month, monthrange(year, month)[1])
    else:
        last = date(year, 12, 31)
    return _midnight(first.toordinal(), zone), _midnight(last.toordinal() + 1, zone)


def _clock(found: re.Match[str], zone: tzinfo) -> Interval:
    day = date(int(found["year"]), int(found["month"]), int(found["day"])).toordinal()
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(found.string)
    fraction = (found["fraction"] or "")[:6]
    low = (day - _EPOCH) * DAY + (hour * 60 + minute) * MINUTE + second * SECOND + int(fraction.ljust(6, "0"))
    low -= _offset(found["offset"]) if found["offset"] else _zone_offset(day, hour, minute, zone)
    return low, low + _width(found["second"], fraction)


def _width(second: str | None, fraction: str) -> int:
    if second is None:
        return MINUTE
    return SECOND // int(10 ** len(fraction))


def _offset(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    minutes += hours * 60
    return (-minutes if text[0] == "-" else minutes) * MINUTE


def _midnight(day: int, zone: tzinfo) -> int:
    if zone is UTC:
        return (day - _EPOCH) * DAY
    return (day - _EPOCH) * DAY - (_zone_offset(day, 0, 0, zone) if day <= _LAST else 0)


def _zone_offset(day: int, hour: int, minute: int, zone: tzinfo) -> int:
    local = datetime.fromordinal(day).replace(hour=hour, minute=minute)
    offset = zone.utcoffset(local.replace(tzinfo=zone))
    return offset // _MICROSECOND if offset else 0


def _clamped(moment: int) -> int:
    return min(max(moment, BEGINNING_OF_TIME), END_OF_TIME)
