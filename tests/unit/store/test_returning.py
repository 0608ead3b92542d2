"""How long a commit is put off for those who shared the one before."""

import asyncio
import time

from careloom.store import Returning


async def waited(patience: Returning, waiting: list[int]) -> None:
    """Wait while one after the other of these numbers is found waiting; the last for ever."""
    async with asyncio.timeout(60):
        await patience.wait(lambda: waiting.pop(0) if len(waiting) > 1 else waiting[0])


async def test_who_was_answered_together_is_waited_for() -> None:
    patience = Returning(share=1.0, most_seconds=3_600)
    patience.wrote(3, 3_600)
    waiting = [1, 2, 3]
    await waited(patience, waiting)
    assert waiting == [3]


async def test_who_does_not_come_back_is_waited_for_as_long_as_a_part_of_the_commit_took() -> None:
    patience = Returning(share=0.5, most_seconds=3_600)
    patience.wrote(3, 0.1)
    started = time.monotonic()
    await waited(patience, [1])
    assert time.monotonic() - started >= 0.05


async def test_nobody_is_waited_for_longer_than_the_most() -> None:
    patience = Returning(share=1.0, most_seconds=0.01)
    patience.wrote(3, 3_600)
    await waited(patience, [1])


async def test_nobody_is_waited_for_who_was_alone() -> None:
    patience = Returning(share=1.0, most_seconds=3_600)
    for number in (0, 1):
        patience.wrote(number, 3_600)
        await waited(patience, [1])
