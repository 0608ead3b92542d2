"""Primitive values, judged at the least cost: a guard that is right whenever it says yes, and the real rule behind it.

Each guard is a Python expression over a variable, written into the generated code. It is true when the value looks
wrong, and only then is `careloom.validation.primitives` asked. A value of another JSON type may make a guard raise,
which whoever runs the generated code takes for "look closer".

Codes, addresses, days and moments come again and again: those accepted once are remembered, as many as `ROOM` of each.
A memory that is full is emptied, and fills with what comes now.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from careloom.model import ExactDecimal
from careloom.validation.primitives import MAX_STRING, is_plain, primitive_fault

ROOM = 20_000
"""Values that are remembered of a kind."""


LONGEST = 2_000
"""Bytes of the text of a value that is remembered."""


class Memory(set[Any]):
    """Values that need no second look."""

    def learn(self, value: Any) -> None:
        """Remember a value."""
        if len(self) >= ROOM:
            self.clear()
        self.add(value)


class Accepted(Memory):
    """Values of a primitive type that were found right."""

    def __init__(self, type: str) -> None:
        super().__init__()
        self._type = type

    def is_wrong(self, value: Any) -> bool:
        """Whether the rules of the type find fault with a value; if not, it is remembered."""
        if not is_plain(self._type, value):
            return True
        if len(value) <= 200:
            self.learn(value)
        return False


class Days(Memory):
    """Dates of a full day that were found right."""

    def is_wrong(self, value: Any) -> bool:
        """Whether a date is wrong; if not, it is remembered, but for a year or a month alone."""
        if self.is_new(value):
            return False
        if primitive_fault("date", value) is not None:
            return True
        if len(value) == 10:
            self.learn(value)
        return False

    def is_new(self, value: Any) -> bool:
        """Whether it is a day of this age that every year has, which then is remembered."""
        is_day = value[:4] in _YEARS and value[4:] in _DAYS_OF_A_YEAR
        if is_day:
            self.learn(value)
        return is_day


class Moments(Memory):
    """Full dates with time and zone that were found right: what is done at one visit bears one time.

    A new one is right if its day, its hour, its second and its zone exist.
    """

    def __init__(self, days: Days) -> None:
        super().__init__()
        self._days = days

    def is_wrong(self, type: str, value: Any) -> bool:
        """Whether the rules of a type find fault with a value; if not, it is remembered, or its day."""
        day = value[:10]
        is_time = value[10:17] in _MINUTES and value[17:19] in _SECONDS and value[19:] in _ZONES
        if is_time and (day in self._days or self._days.is_new(day)):
            self.learn(value)
        elif primitive_fault(type, value) is not None:
            return True
        elif len(value) > 19:
            self._days.learn(day)
        return False


def _judge(type: str) -> Callable[[Any], bool]:
    return lambda value: not is_plain(type, value)


_YEARS = frozenset(map(str, range(1900, 2100)))
_MONTHS = {month: 28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31 for month in range(1, 13)}
_DAYS_OF_A_YEAR = frozenset(f"-{month:02}-{day + 1:02}" for month, days in _MONTHS.items() for day in range(days))

_DAYS = Days()
_MOMENTS = Moments(_DAYS)
_MINUTES = frozenset(f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60))
_SECONDS = frozenset(f"{second:02}" for second in range(61))
_ZONES = frozenset(
    ["Z", "+14:00", "-14:00"]
    + [f"{sign}{hour:02}:{minute:02}" for sign in "+-" for hour in range(14) for minute in range(60)]
)

is_relative = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}").fullmatch
"""Matches the text of a reference of the form ``Type/id``, the type as its group."""

NAMES: Mapping[str, Any] = {
    **{f"ok_{type}": Accepted(type) for type in ("canonical", "code", "id", "oid", "uri", "url", "uuid")},
    **{f"bad_{type}": _judge(type) for type in ("base64Binary", "string", "time")},
    "is_relative": is_relative,
    "is_address": re.compile(r"(?![A-Z][A-Za-z]+\?)[^\s#]\S*").fullmatch,
    "is_id": re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch,
    "NUMBERS": frozenset([int, Decimal, ExactDecimal]),
    "DAYS": _DAYS,
    "MOMENTS": _MOMENTS,
}
"""What the guards refer to."""

_STRING = f"(not ({{0}}.isprintable() and {{0}} > '!' and len({{0}}) <= {MAX_STRING}) and bad_string({{0}}))"
_REMEMBERED = "({{0}} not in ok_{0} and ok_{0}.is_wrong({{0}}))"
_INTEGER = "({{0}}.__class__ is not int or not {0} <= {{0}} <= 2147483647)"

GUARDS: Mapping[str, str] = {
    **{type: _REMEMBERED.format(type) for type in ("canonical", "code", "oid", "uri", "url", "uuid")},
    "base64Binary": "bad_base64Binary({0})",
    "boolean": "({0} is not True and {0} is not False)",
    "date": "({0} not in DAYS and DAYS.is_wrong({0}))",
    "dateTime": "({0} not in MOMENTS and {0} not in DAYS and MOMENTS.is_wrong('dateTime', {0}))",
    "decimal": "({0}.__class__ not in NUMBERS)",
    "id": "(is_id({0}) is None)",
    "instant": "({0} not in MOMENTS and MOMENTS.is_wrong('instant', {0}))",
    "integer": _INTEGER.format("-2147483648"),
    "markdown": _STRING,
    "positiveInt": _INTEGER.format("1"),
    "string": _STRING,
    "time": "bad_time({0})",
    "unsignedInt": _INTEGER.format("0"),
    "xhtml": "({0}.__class__ is not str)",
}
"""Primitive type to an expression that is true when a value is wrong, with ``{0}`` for the variable that holds it."""

RECURRING_ID = _REMEMBERED.format("id")
"""The guard of an id that comes again and again, as versions do; those of resources do not."""

TEXTS = frozenset(["markdown", "string"])
"""Types whose guard several values can share, see `texts_guard`."""


def texts_guard(values: list[str]) -> str:
    """The guard of several texts at once, which costs less than one for each."""
    if len(values) < 3:
        return " or ".join(_STRING.format(value) for value in values)
    joined = "f'" + "".join(f"{{{value}}}" for value in values) + "'"
    are_fine = " and ".join(f"{value} > '!'" for value in values)
    is_wrong = " or ".join(f"bad_string({value})" for value in values)
    return f"not ({are_fine} and (w := {joined}).isprintable() and len(w) <= {MAX_STRING}) and ({is_wrong})"
