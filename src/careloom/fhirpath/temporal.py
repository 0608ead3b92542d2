"""Dates, date-times and times with partial precision.

A value is the tuple of the components that are known: ``(2015, 2)`` is February 2015 and nothing more. Comparing goes
from the left until two components differ; where one value ends first, nobody knows, and the answer is None (empty).
Seconds and their fraction are one component, as the specification says. A zone is kept as written and never converted;
only a comparison looks at the instant behind it.

Source: FHIRPath 2.0, Date/Time Arithmetic, Comparison, and the boundary functions of 2.1.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from careloom.model.late import late_pattern
from careloom.model.records import dataclass, replace

_ZONE = r"(?P<zone>Z|[+-](?:0\d|1[0-4]):[0-5]\d)"
_CLOCK = r"(?P<hour>[01]\d|2[0-3])(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:\.\d+)?|60(?:\.0+)?))?)?"
_DAY = r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>\d\d))?)?"
_DATE = late_pattern(_DAY)
_TIME = late_pattern(_CLOCK)
_DATE_TIME = late_pattern(rf"{_DAY}(?:T(?:{_CLOCK}{_ZONE}?)?)?")

_UNITS = ("year", "month", "day", "hour", "minute", "second")
_EARLIEST_ZONE = "+14:00"
_LATEST_ZONE = "-12:00"
_MILLISECONDS = 3

Component = int | Decimal
Value = TypeVar("Value", bound="Temporal")


@dataclass(frozen=True, slots=True)
class Temporal:
    """What Date, DateTime and Time have in common.

    Attributes:
        parts: Known components from the coarsest on; the last of six (of three for a time) is the second,
            a decimal that keeps its digits.
        zone: ``Z``, ``+01:00`` or empty.
    """

    parts: tuple[Component, ...]
    zone: str = ""

    units: ClassVar[tuple[str, ...]]
    """The components a value of this type may have."""
    precisions: ClassVar[tuple[int, ...]]
    """Digits when known to the first, second, … component; the last is with milliseconds."""

    @property
    def precision(self) -> int:
        """Number of digits known, those of a fraction of a second included."""
        last = self.parts[-1]
        return self.precisions[len(self.parts) - 1] + (_fraction_digits(last) if isinstance(last, Decimal) else 0)

    @property
    def literal(self) -> str:
        """As it stands in an expression."""
        return f"@{self}"


class Date(Temporal):
    """A year, a month of a year, or a day."""

    __slots__ = ()

    units: ClassVar[tuple[str, ...]] = _UNITS[:3]
    precisions: ClassVar[tuple[int, ...]] = (4, 6, 8)

    def __str__(self) -> str:
        return _date_text(self.parts)


class DateTime(Temporal):
    """A date, or a date with the time of the day as far as it is known."""

    __slots__ = ()

    units: ClassVar[tuple[str, ...]] = _UNITS
    precisions: ClassVar[tuple[int, ...]] = (4, 6, 8, 10, 12, 14, 17)

    def __str__(self) -> str:
        clock = _clock_text(self.parts[3:])
        return _date_text(self.parts[:3]) + (f"T{clock}{self.zone}" if clock else "")

    @property
    def literal(self) -> str:
        """As it stands in an expression: a ``T`` tells a date-time from a date."""
        return f"@{self}" if len(self.parts) > 3 else f"@{self}T"

    @property
    def zone_hours(self) -> Decimal | None:
        """The offset from UTC in hours; None without a zone."""
        return Decimal(_zone_minutes(self.zone)) / 60 if self.zone else None


class Time(Temporal):
    """A time of the day, which has no zone."""

    __slots__ = ()

    units: ClassVar[tuple[str, ...]] = _UNITS[3:]
    precisions: ClassVar[tuple[int, ...]] = (2, 4, 6, 9)

    def __str__(self) -> str:
        return _clock_text(self.parts)

    @property
    def literal(self) -> str:
        """As it stands in an expression."""
        return f"@T{self}"


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Date | None:
    """Read ``2015``, ``2015-02`` or ``2015-02-28``; None where it is no date of the calendar."""
    found = _DATE.fullmatch(text)
    parts = _date_parts(found) if found else None
    return Date(parts) if parts else None


@lru_cache(maxsize=4096)
def parse_date_time(text: str) -> DateTime | None:
    """Read a date, optionally with ``T`` and a time as far as it is known, with or without zone."""
    found = _DATE_TIME.fullmatch(text)
    parts = _date_parts(found) if found else None
    if found is None or parts is None:
        return None
    return DateTime(parts + _clock_parts(found), found["zone"] or "")


@lru_cache(maxsize=1024)
def parse_time(text: str) -> Time | None:
    """Read ``14``, ``14:30`` or ``14:30:00.000``; a time zone has no place in a time."""
    found = _TIME.fullmatch(text)
    return Time(_clock_parts(found)) if found else None


def date_time_of(moment: datetime) -> DateTime:
    """An instant as a value with milliseconds and zone."""
    second = Decimal(f"{moment.second}.{moment.microsecond // 1000:03d}")
    offset = moment.utcoffset() or timedelta()
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, second)
    return DateTime(parts, _zone_text(int(offset.total_seconds()) // 60))


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None where the known components do not decide.

    A value with a zone and one without are compared as far as every zone in use would agree.
    """
    if left.zone == right.zone or len(left.parts) < 4 or len(right.parts) < 4:
        return _compare_parts(left.parts, right.parts)
    if left.zone and right.zone:
        return _compare_parts(_in_utc(left, left.zone), _in_utc(right, right.zone))
    if left.zone:
        turned = compare(right, left)
        return None if turned is None else -turned
    early = _compare_parts(_in_utc(left, _EARLIEST_ZONE), _in_utc(right, right.zone))
    late = _compare_parts(_in_utc(left, _LATEST_ZONE), _in_utc(right, right.zone))
    return early if early == late and early != 0 else None


def instant_key(value: Temporal) -> tuple[Any, ...]:
    """A key that values share exactly if `compare` gives 0 for them, a time apart from a date."""
    in_utc = _in_utc(value, value.zone) if value.zone else value.parts
    return isinstance(value, Time), bool(value.zone), in_utc


def plus(value: Value, amount: Decimal, unit: str) -> Value | None:
    """Move by an amount of a calendar unit, to the precision that the value has.

    Args:
        value: What to move; a date keeps its day where the month has it, else takes the last of the month.
        amount: Only seconds may have a fraction, that of other units is ignored.
        unit: ``year`` to ``second``, or ``week`` or ``millisecond``.

    Returns:
        The moved value; None beyond the years 1 to 9999.

    Raises:
        ValueError: A time was asked to move by days or more.
    """
    amount, unit = _in_units(amount, unit)
    if isinstance(value, Time):
        return _turn_clock(value, amount, unit)
    finest = value.units[len(value.parts) - 1]
    amount = _coarser(amount, unit, finest)
    if _UNITS.index(unit) > _UNITS.index(finest):
        unit = finest
    if unit in ("year", "month"):
        return _plus_months(value, int(amount) * (12 if unit == "year" else 1))
    return _plus_seconds(value, amount * _SECONDS[unit])


def low_boundary(value: Value, precision: int) -> Value | None:
    """The earliest value that this one may stand for, with that many digits; None for an impossible precision."""
    return _boundary(value, precision, high=False)


def high_boundary(value: Value, precision: int) -> Value | None:
    """The latest value that this one may stand for, with that many digits; None for an impossible precision."""
    return _boundary(value, precision, high=True)


_SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


def _days(year: int, month: int) -> int:
    """The days of a month; `calendar` knows it too, and takes longer to load than all of FHIRPath to decide it."""
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _date_parts(found: re.Match[str]) -> tuple[Component, ...] | None:
    parts = tuple(int(part) for part in (found["year"], found["month"], found["day"]) if part)
    if parts[0] == 0 or (len(parts) == 3 and not 1 <= parts[2] <= _days(parts[0], parts[1])):
        return None
    return parts


def _clock_parts(found: re.Match[str]) -> tuple[Component, ...]:
    parts: list[Component] = [int(part) for part in (found["hour"], found["minute"]) if part]
    return (*parts, Decimal(found["second"])) if found["second"] else tuple(parts)


def _date_text(parts: tuple[Component, ...]) -> str:
    return "-".join(f"{part:0{width}d}" for part, width in zip(parts, (4, 2, 2), strict=False))


def _clock_text(parts: tuple[Component, ...]) -> str:
    return ":".join(_two_digits(part) for part in parts)


def _two_digits(part: Component) -> str:
    if isinstance(part, int):
        return f"{part:02d}"
    whole, point, fraction = format(part, "f").partition(".")
    return f"{whole:0>2}{point}{fraction}"


def _fraction_digits(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _zone_minutes(zone: str) -> int:
    if zone in ("", "Z"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _zone_text(minutes: int) -> str:
    if minutes == 0:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _compare_parts(left: tuple[Component, ...], right: tuple[Component, ...]) -> int | None:
    for mine, yours in zip(left, right, strict=False):
        if mine != yours:
            return -1 if mine < yours else 1
    return 0 if len(left) == len(right) else None


def _in_utc(value: Temporal, zone: str) -> tuple[Component, ...]:
    """The components of the instant in UTC, as many as are known. The last years of the calendar may fall out of it."""
    known = [int(part) for part in value.parts[:5]]
    try:
        moved = datetime(*known[:4], *known[4:]) - timedelta(minutes=_zone_minutes(zone))  # type: ignore[arg-type]
    except OverflowError:
        return value.parts
    return (*(moved.year, moved.month, moved.day, moved.hour, moved.minute)[: len(value.parts)], *value.parts[5:])


def _in_units(amount: Decimal, unit: str) -> tuple[Decimal, str]:
    if unit == "millisecond":
        return amount / 1000, "second"
    if unit == "second":
        return amount, unit
    whole = Decimal(int(amount))
    return (whole * 7, "day") if unit == "week" else (whole, unit)


def _coarser(amount: Decimal, unit: str, finest: str) -> Decimal:
    """An amount of a unit that is too fine for a value, in the finest unit that the value has.

    Source: FHIRPath, Date/Time Arithmetic: 365 days make a year, 30 a month, 12 months a year, 24 hours a day.
    """
    if _UNITS.index(unit) <= _UNITS.index(finest):
        return amount
    if unit == "month":
        return Decimal(int(amount / 12))
    seconds = amount * _SECONDS[unit]
    each = {"year": 365 * 86400, "month": 30 * 86400} | _SECONDS
    return Decimal(int(seconds / each[finest]))


def _plus_months(value: Value, months: int) -> Value | None:
    year = int(value.parts[0])
    month = int(value.parts[1]) if len(value.parts) > 1 else 1
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    if not 1 <= year <= 9999:
        return None
    moved: tuple[Component, ...] = (year, month, *value.parts[2:])[: len(value.parts)]
    if len(moved) > 2:
        moved = (year, month, min(int(moved[2]), _days(year, month)), *moved[3:])
    return replace(value, parts=moved)


def _plus_seconds(value: Value, seconds: Decimal) -> Value | None:
    clock = value.parts[3:]
    total = seconds + sum((part * size for part, size in zip(clock, (3600, 60, 1), strict=False)), Decimal(0))
    days, rest = divmod(total, 86400)
    if rest < 0:
        days, rest = days - 1, rest + 86400
    year, month, day = (int(part) for part in value.parts[:3])
    try:
        moved = date.fromordinal(date(year, month, day).toordinal() + int(days))
    except (ValueError, OverflowError):
        return None
    return replace(value, parts=(moved.year, moved.month, moved.day, *_clock_of(rest, len(clock))))


def _clock_of(seconds: Decimal, length: int) -> tuple[Component, ...]:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(int(minutes), 60)
    return (hour, minute, second)[:length]


def _turn_clock(value: Value, amount: Decimal, unit: str) -> Value:
    if unit not in value.units:
        raise ValueError(f"a time cannot move by {unit}")
    finest = value.units[len(value.parts) - 1]
    if value.units.index(unit) > value.units.index(finest):
        amount, unit = _coarser(amount, unit, finest), finest
    moved = amount * _SECONDS[unit] + sum(
        (part * size for part, size in zip(value.parts, (3600, 60, 1), strict=False)), Decimal(0)
    )
    rest = moved % 86400
    return replace(value, parts=_clock_of(rest if rest >= 0 else rest + 86400, len(value.parts)))


def _boundary(value: Value, precision: int, *, high: bool) -> Value | None:
    if precision not in value.precisions:
        return None
    length = value.precisions.index(precision) + 1
    parts = _filled(value, high=high)
    if length <= len(value.units):
        kept = parts[:length]
        last = kept[-1]
        parts = (*kept[:-1], Decimal(int(last))) if isinstance(last, Decimal) else kept
    if not isinstance(value, DateTime) or len(parts) < 4:
        return replace(value, parts=parts, zone="")
    return replace(value, parts=parts, zone=value.zone or (_LATEST_ZONE if high else _EARLIEST_ZONE))


def _filled(value: Temporal, *, high: bool) -> tuple[Component, ...]:
    """All components, the unknown ones at their lowest or highest, and the second with milliseconds."""
    parts = value.parts
    if isinstance(value, DateTime) and len(parts) == 4:
        parts = (*parts, 0)  # FHIR has no precision of an hour: an hour alone means its first minute
    for unit in value.units[len(parts) :]:
        parts = (*parts, _highest(unit, parts) if high else _LOWEST[unit])
    return (*parts[:-1], _with_milliseconds(parts[-1], high=high)) if isinstance(parts[-1], Decimal) else parts


_LOWEST: Mapping[str, Component] = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": Decimal(0)}
_HIGHEST: Mapping[str, Component] = {"month": 12, "hour": 23, "minute": 59, "second": Decimal(59)}


def _highest(unit: str, coarser: tuple[Component, ...]) -> Component:
    return _days(int(coarser[0]), int(coarser[1])) if unit == "day" else _HIGHEST[unit]


def _with_milliseconds(second: Decimal, *, high: bool) -> Decimal:
    whole, _, fraction = format(second, "f").partition(".")
    return Decimal(f"{whole}.{fraction[:_MILLISECONDS]:{'9' if high else '0'}<{_MILLISECONDS}}")
