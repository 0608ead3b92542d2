"""SQL put together from typed parts: text and the values bound to it stay side by side."""

from collections.abc import Iterable

from careloom.model.records import dataclass

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with a ``?`` for each of its values, in order."""

    text: str
    values: tuple[Value, ...] = ()

    def __add__(self, other: "Sql") -> "Sql":
        return Sql(f"{self.text} {other.text}", self.values + other.values)


def all_of(parts: Iterable[Sql]) -> Sql:
    """All of the parts hold; true when there are none."""
    return _combined("AND", parts, "1 = 1")


def any_of(parts: Iterable[Sql]) -> Sql:
    """Some of the parts hold; false when there are none."""
    return _combined("OR", parts, "1 = 0")


def bracketed(part: Sql) -> Sql:
    """The part as one term."""
    return Sql(f"({part.text})", part.values)


def one_of(column: str, values: Iterable[Value]) -> Sql:
    """A column is among the values."""
    listed = tuple(values)
    if not listed:
        return Sql("1 = 0")
    if len(listed) == 1:
        return Sql(f"{column} = ?", listed)
    return Sql(f"{column} IN ({', '.join('?' * len(listed))})", listed)


def _combined(word: str, parts: Iterable[Sql], empty: str) -> Sql:
    """The parts in brackets with a word between them, in halves of halves: SQLite limits how deep a tree may be."""
    listed = list(parts)
    if len(listed) < 2:
        return listed[0] if listed else Sql(empty)
    middle = len(listed) // 2
    left, right = _combined(word, listed[:middle], empty), _combined(word, listed[middle:], empty)
    return Sql(f"({left.text}) {word} ({right.text})", left.values + right.values)
