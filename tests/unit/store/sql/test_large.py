"""How long a slice of a large unit takes: what it writes before others get their turn."""

import math
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from careloom.store.sql import large
from careloom.store.sql.large import LargeUnits
from careloom.store.sql.slices import Block, Part

PARTS: list[Part] = [[("version", [(1, number)]), ("body", [(number, 1)])] for number in range(4)]
CASES = {
    "somebody waits": (0.0, math.inf, True, [1, 1, 1, 1, 0]),
    "nobody waits": (0.0, math.inf, False, [4]),
    "it has just begun": (math.inf, math.inf, True, [4]),
    "it was long, and nobody waits": (math.inf, 0.0, False, [1, 1, 1, 1, 0]),
}


def slices(parts: Iterable[Part], *, is_awaited: bool, make_room: Callable[[], None] = lambda: None) -> list[Part]:
    """What each slice writes, until one says that there is no more."""
    written: list[Part] = []
    desk: Any = SimpleNamespace(
        dialect=SimpleNamespace(append=lambda connection, table, rows: written[-1].append((table, rows)), held=""),
        tenancy=SimpleNamespace(number=1),
    )
    nothing: Any = None
    units = LargeUnits(
        desk,
        nothing,
        write=nothing,
        put=nothing,
        write_slice=nothing,
        is_awaited=lambda: is_awaited,
        make_room=make_room,
    )
    there: Any = SimpleNamespace(execute=lambda sql, values: SimpleNamespace(fetchone=lambda: (1,)))
    left, has_more = iter(parts), True
    while has_more:
        written.append([])
        has_more = units._write_slice(Block(1, 4), left, there)
    return written


@pytest.mark.parametrize(("least", "most", "is_awaited", "lengths"), CASES.values(), ids=CASES)
def test_a_slice_ends_when(
    monkeypatch: pytest.MonkeyPatch, least: float, most: float, is_awaited: bool, lengths: list[int]
) -> None:
    monkeypatch.setattr(large, "LEAST_SECONDS", least)
    monkeypatch.setattr(large, "MOST_SECONDS", most)
    written = slices(PARTS, is_awaited=is_awaited)
    assert [len(each) for each in written] == [2 * number for number in lengths], "parts are never cut"
    assert [rows for each in written for rows in each] == [rows for part in PARTS for rows in part]


def test_a_slice_lets_others_come_in_after_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(large, "MOST_SECONDS", math.inf)
    slices(PARTS, is_awaited=False, make_room=lambda: made.append(1))
    assert len(made) == len(PARTS)
