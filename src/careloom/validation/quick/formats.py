"""Primitive values, judged at the least cost: a guard that is right whenever it says yes, and the real rule behind it.

Each guard is a Python expression over a variable, written into the generated code. It is true when the value looks
wrong, and only then is `careloom.validation.primitives` asked. A value of another JSON type may make a guard raise,
which whoever runs the generated code takes for "look closer".

Codes, addresses and days come again and again: those accepted once are remembered, as many as `ROOM` of each.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from careloom.model import ExactDecimal
from careloom.validation.primitives import MAX_STRING, primitive_fault

ROOM = 20_000
"""Values that are remembered of a kind; a stream of new ones is judged one by one after that."""


class Accepted(set[Any]):
    """Values of a primitive type that were found right."""

    def __init__(self, type: str) -> None:
        super().__init__()
        self._type = type

    def is_wrong(self, value: Any) -> bool:
        """Whether the rules of the type find fault with a value; if not, it is remembered."""
        if primitive_fault(self._type, value) is not None:
            return True
        if len(self) < ROOM and len(value) <= 200:
            self.add(value)
        return False


class Days(Accepted):
    """Dates of a full day that were found right."""

    def __init__(self) -> None:
        super().__init__("date")

    def is_wrong(self, value: Any) -> bool:
        """As for any type; a year or a month alone is not remembered."""
        return super().is_wrong(value) if len(value) == 10 else primitive_fault("date", value) is not None


class Moments:
    """Instants, by the days that they fall on."""

    def __init__(self, type: str, days: Days) -> None:
        self._type = type
        self._days = days

    def is_wrong(self, value: Any) -> bool:
        """Whether the rules of the type find fault with a value; if not, its day is remembered."""
        if primitive_fault(self._type, value) is not None:
            return True
        if len(value) > 19 and len(self._days) < ROOM:
            self._days.add(value[:10])
        return False


def _judge(type: str) -> Callable[[Any], bool]:
    return lambda value: primitive_fault(type, value) is not None


_DAYS = Days()
_MINUTES = frozenset(f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60))
_SECONDS = frozenset(f"{second:02}" for second in range(61))
_ZONES = frozenset(
    ["Z", "+14:00", "-14:00"]
    + [f"{sign}{hour:02}:{minute:02}" for sign in "+-" for hour in range(14) for minute in range(60)]
)

is_relative = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}").fullmatch
"""Matches the text of a reference of the form ``Type/id``, the type as its group."""

NAMES: Mapping[str, Any] = {
    **{f"ok_{type}": Accepted(type) for type in ("canonical", "code", "oid", "uri", "url", "uuid")},
    **{f"bad_{type}": _judge(type) for type in ("base64Binary", "string", "time")},
    **{f"ok_{type}": Moments(type, _DAYS) for type in ("dateTime", "instant")},
    "is_relative": is_relative,
    "is_word": re.compile(r"[^\s#]\S*").fullmatch,
    "is_id": re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch,
    "NUMBERS": frozenset([int, Decimal, ExactDecimal]),
    "DAYS": _DAYS,
    "MINUTES": _MINUTES,
    "SECONDS": _SECONDS,
    "ZONES": _ZONES,
}
"""What the guards refer to."""

_STRING = f"(not ({{0}}.isprintable() and {{0}} > '!' and len({{0}}) <= {MAX_STRING}) and bad_string({{0}}))"
_MOMENT = "{0}[:10] in DAYS and {0}[19:] in ZONES and {0}[10:17] in MINUTES and {0}[17:19] in SECONDS"
_REMEMBERED = "({{0}} not in ok_{0} and ok_{0}.is_wrong({{0}}))"
_INTEGER = "({{0}}.__class__ is not int or not {0} <= {{0}} <= 2147483647)"

GUARDS: Mapping[str, str] = {
    **{type: _REMEMBERED.format(type) for type in ("canonical", "code", "oid", "uri", "url", "uuid")},
    "base64Binary": "bad_base64Binary({0})",
    "boolean": "({0} is not True and {0} is not False)",
    "date": "({0} not in DAYS and DAYS.is_wrong({0}))",
    "dateTime": f"({{0}} not in DAYS and not ({_MOMENT}) and ok_dateTime.is_wrong({{0}}))",
    "decimal": "({0}.__class__ not in NUMBERS)",
    "id": "(is_id({0}) is None)",
    "instant": f"(not ({_MOMENT}) and ok_instant.is_wrong({{0}}))",
    "integer": _INTEGER.format("-2147483648"),
    "markdown": _STRING,
    "positiveInt": _INTEGER.format("1"),
    "string": _STRING,
    "time": "bad_time({0})",
    "unsignedInt": _INTEGER.format("0"),
    "xhtml": "({0}.__class__ is not str)",
}
"""Primitive type to an expression that is true when a value is wrong, with ``{0}`` for the variable that holds it."""
