"""Statements on several things at once, written for few sizes, so that few of them are prepared."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

Item = TypeVar("Item")

SIZES: Final = (4, 16, 64)
"""Things that one statement is about."""


def sized(statement: str) -> Mapping[int, str]:
    """A statement with ``IN (?)`` or ``VALUES (?)`` for any number of values, for each of the sizes."""
    return {size: _for(statement, size) for size in SIZES}


def at_once(items: list[Item]) -> Iterator[tuple[list[Item], list[Item]]]:
    """Some items after the others, each time with the same once more filled up to one of the sizes by the last."""
    for start in range(0, len(items), SIZES[-1]):
        some = items[start : start + SIZES[-1]]
        size = next(size for size in SIZES if size >= len(some))
        yield some, [*some, *some[-1:] * (size - len(some))]


def _for(statement: str, size: int) -> str:
    values, rows = ", ".join(["?"] * size), ", ".join(["(?)"] * size)
    return statement.replace("IN (?)", f"IN ({values})").replace("VALUES (?)", f"VALUES {rows}")
