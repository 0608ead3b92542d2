import asyncio
from typing import Any

import pytest

from careloom.serving.in_one_piece import MOST, Gathering

pytestmark = pytest.mark.anyio


class Wire:
    """A transport that keeps what it is handed."""

    def __init__(self) -> None:
        self.handed: list[Any] = []

    def write(self, data: bytes) -> None:
        self.handed.append(data)

    def close(self) -> None:
        self.handed.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.handed


def gathering(wire: Wire) -> Gathering:
    return Gathering(wire, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_what_is_written_in_one_step_leaves_in_one_piece() -> None:
    wire = Wire()
    transport = gathering(wire)
    for part in (b"head", b"", b"body"):
        transport.write(part)
    assert wire.handed == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert wire.handed == [b"headbody", b"next"]


async def test_a_stream_is_not_held_back() -> None:
    wire = Wire()
    transport = gathering(wire)
    transport.write(b"x" * MOST)
    transport.write(b"y")
    assert wire.handed == [b"x" * MOST + b"y"]
    transport.write(b"z")
    await asyncio.sleep(0)
    assert wire.handed[1:] == [b"z"]


async def test_what_was_written_before_a_close_is_told() -> None:
    wire = Wire()
    transport = gathering(wire)
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert wire.handed == [b"last", "closed"] and transport.is_closing()
