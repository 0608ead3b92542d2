"""Reading TOML tables key by key, gathering every complaint instead of stopping at the first.

A `Table` is asked for each key it may have, with what is expected of the value. What it was never asked for is an
unknown key; what it was asked for is what a misspelt one is compared with. A complaint names the file, the key, what
was expected and what was found, and reading goes on with a stand-in value.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from careloom.model.errors import CareloomError
from careloom.settings.complaints import Complaints, told
from careloom.settings.files import read_file

__all__ = ["Complaints", "Table", "told"]

T = TypeVar("T")

ANY_TEXT: Final = re.compile(r".+", re.DOTALL)
_MOST: Final = 2**31 - 1


class Table:
    """One table of the file; leave its ``with`` block to have its unknown keys complained about."""

    def __init__(self, values: Mapping[str, Any], place: str, complaints: Complaints) -> None:
        self.place = place
        self.complaints = complaints
        self._values = values
        self._asked: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._complain_of_unknown_keys()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def names(self) -> list[str]:
        """The keys as written, for a table whose keys are the user's to choose."""
        return list(self._values)

    def complain(self, key: str, message: str) -> None:
        """Complain about one of the table's keys."""
        self.complaints.add(self._in_full(key), message)

    def text(self, key: str, default: str | None = None, *, pattern: re.Pattern[str] = ANY_TEXT, form: str = "") -> str:
        """A text that fits a pattern; ``form`` says in words what fits. Required unless there is a default."""
        value = self._value(key, default)
        if value is None or value is default:
            return default or ""
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.complain(key, f"{form or 'a text'} expected, found {told(value)}")
            return default or ""
        return value

    def texts(
        self, key: str, default: Sequence[str] | None = None, *, pattern: re.Pattern[str] = ANY_TEXT, form: str = ""
    ) -> tuple[str, ...]:
        """A list of texts that fit a pattern."""
        value = self._value(key, default)
        if value is None or value is default:
            return tuple(default or ())
        if not isinstance(value, list):
            self.complain(key, f"a list of texts expected, found {told(value)}")
            return ()
        for each in value:
            if not isinstance(each, str) or not pattern.fullmatch(each):
                self.complain(key, f"{form or 'texts'} expected in the list, found {told(each)}")
        return tuple(each for each in value if isinstance(each, str))

    def whole(self, key: str, default: int, *, least: int = 0, most: int = _MOST) -> int:
        """A whole number between two bounds."""
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.complain(key, f"a whole number from {least} to {most} expected, found {told(value)}")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            self.complain(key, f"true or false expected, found {told(value)}")
            return default
        return value

    def seconds(self, key: str, default: float) -> float:
        """A number of seconds, greater than 0."""
        value = self._value(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _MOST:
            self.complain(key, f"a number of seconds expected, found {told(value)}")
            return default
        return float(value)

    def path(self, key: str, default: str | None = None) -> Path:
        """A path, made absolute against the folder of the settings file."""
        return (self.complaints.file.parent / self.text(key, default)).absolute()

    def path_if_any(self, key: str) -> Path | None:
        """A path that need not be given, made absolute in the same way; None when absent."""
        return self.path(key) if self.text(key, "") else None

    def paths(self, key: str) -> tuple[Path, ...]:
        """A list of paths, made absolute against the folder of the settings file; empty when absent."""
        return tuple((self.complaints.file.parent / each).absolute() for each in self.texts(key, ()))

    def secret(self, key: str, default: str | None = "") -> str:
        """What the file holds that a key names, so that the settings hold no secret; never in a message."""
        if not self.text(key, default):
            return ""
        path = self.path(key)
        return self.attempt(key, lambda: read_file(path).decode("utf-8", "replace").strip(), "")

    def moment(self, key: str, zone: dt.tzinfo, *, is_end: bool = False) -> dt.datetime:
        """An instant from a TOML date or date-time.

        A date is a whole day in the hub's time zone: as a start its first instant, as an end the first instant of the
        day after, so that both days count. A date-time without offset is in the hub's time zone.
        """
        value = self._value(key, None)
        if isinstance(value, dt.datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone)
        if isinstance(value, dt.date):
            day = value + dt.timedelta(days=1) if is_end else value
            return dt.datetime.combine(day, dt.time.min, zone)
        if value is not None:
            self.complain(key, f"a date or date-time without quotation marks expected, found {told(value)}")
        return dt.datetime.max.replace(tzinfo=zone) if is_end else dt.datetime.min.replace(tzinfo=zone)

    def table(self, key: str) -> "Table":
        """A table below this one; empty when absent."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            self.complain(key, f"a table expected, found {told(value)}")
            value = {}
        return Table(value, self._in_full(key), self.complaints)

    def tables(self, key: str) -> list["Table"]:
        """An array of tables; empty when absent. Each is named by its ``id`` where it has one."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.complain(key, f"tables expected, each under [[{self._in_full(key)}]], found {told(value)}")
            return []
        return [
            Table(each, f"{self._in_full(key)}[{_label(each, at)}]", self.complaints) for at, each in enumerate(value)
        ]

    def attempt(self, key: str, make: Callable[[], T], otherwise: T) -> T:
        """What ``make`` gives; where it raises, its message becomes a complaint about the key."""
        try:
            return make()
        except CareloomError as error:
            self.complain(key, str(error))
            return otherwise

    def _value(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        self.complaints.known[self._in_full(key)] = default
        if key not in self._values and default is None:
            self.complain(key, "expected, found nothing")
        return self._values.get(key, default)

    def _complain_of_unknown_keys(self) -> None:
        for key in self._values:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(dict.fromkeys(self._asked))}"
                self.complain(key, f"no such setting; {hint}")

    def _in_full(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key


def _label(table: Mapping[str, Any], at: int) -> str:
    id = table.get("id")
    return id if isinstance(id, str) and id else str(at)
