"""Statements about several things at once, written for few sizes, so that few of them are prepared."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

Item = TypeVar("Item")

SIZES: Final = (4, 16, 64)
"""Things that one statement is about."""


def at_once(
    statement: str, before: Sequence[Any], items: Sequence[Any], after: Sequence[Any] = ()
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A statement for some items after the others, with its values.

    Args:
        statement: With ``IN (?)`` or ``VALUES (?)`` for any number of items.
        before: Its values before them.
        items: The items; to fill up a size, the last of them comes again.
        after: Its values behind them.
    """
    for start in range(0, len(items), SIZES[-1]):
        some = list(items[start : start + SIZES[-1]])
        size = next(size for size in SIZES if size >= len(some))
        yield _sized(statement, size), (*before, *some, *some[-1:] * (size - len(some)), *after)


@lru_cache(maxsize=100)
def _sized(statement: str, size: int) -> str:
    values, rows = ", ".join(["?"] * size), ", ".join(["(?)"] * size)
    return statement.replace("IN (?)", f"IN ({values})").replace("VALUES (?)", f"VALUES {rows}")
