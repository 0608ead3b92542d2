"""Items that come close together share a write; each is told what came of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from careloom.model.errors import InvalidError, UnavailableError
from careloom.store.sharing import SharedTurns


@dataclass
class Writer:
    """Notes what it is given; a word that begins with ``bad`` is refused, one with ``odd`` fails the whole group."""

    groups: list[list[str]] = field(default_factory=list)
    is_down: bool = False

    async def write(self, group: Sequence[str]) -> Sequence[Exception | None]:
        self.groups.append(list(group))
        await asyncio.sleep(0)
        if self.is_down:
            raise UnavailableError("the disk is full")
        if any(word.startswith("odd") for word in group):
            raise RuntimeError("something about one of them")
        return [InvalidError(word) if word.startswith("bad") else None for word in group]


async def _outcomes(turns: SharedTurns[str], *words: str) -> list[str]:
    found = await asyncio.gather(*map(turns.written, words), return_exceptions=True)
    return [type(each).__name__ if each is not None else "written" for each in found]


async def _begun(turns: SharedTurns[str], writer: Writer) -> asyncio.Task[None]:
    """The writing of "a", which is under way."""
    first = asyncio.create_task(turns.written("a"))
    while not writer.groups:
        await asyncio.sleep(0)
    return first


async def test_who_comes_first_goes_at_once_and_the_rest_together() -> None:
    writer = Writer()
    turns = SharedTurns(writer.write, most=3)
    first = await _begun(turns, writer)
    assert await _outcomes(turns, "b", "c", "d", "e") == ["written"] * 4
    await first
    assert writer.groups == [["a"], ["b", "c", "d"], ["e"]]


async def test_what_is_wrong_is_told_to_whom_it_concerns() -> None:
    assert await _outcomes(SharedTurns(Writer().write, most=9), "a", "bad", "c") == [
        "written",
        "InvalidError",
        "written",
    ]


async def test_of_a_group_that_fails_each_is_tried_by_itself_in_order() -> None:
    writer = Writer()
    found = await _outcomes(SharedTurns(writer.write, most=9), "a", "odd", "c")
    assert found == ["written", "RuntimeError", "written"]
    assert writer.groups == [["a", "odd", "c"], ["a"], ["odd"], ["c"]]


async def test_a_record_that_does_not_answer_is_asked_once_for_all() -> None:
    writer = Writer(is_down=True)
    assert await _outcomes(SharedTurns(writer.write, most=9), "a", "b") == ["UnavailableError"] * 2
    assert writer.groups == [["a", "b"]]


async def test_what_nobody_waits_for_any_more_is_written_all_the_same() -> None:
    writer = Writer()
    turns = SharedTurns(writer.write, most=9)
    waiting = await _begun(turns, writer)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await _outcomes(turns, "b") == ["written"]
    assert writer.groups == [["a"], ["b"]]
