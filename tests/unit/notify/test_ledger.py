"""The record of what was told waits a moment for others, unless a lane is in a hurry."""

import asyncio

import pytest

from careloom.notify import ledger
from careloom.notify.ledger import Unhurried


async def test_those_in_no_hurry_are_waited_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "GATHERED_SECONDS", 0.01)
    async with asyncio.timeout(60):
        waiting = asyncio.create_task(Unhurried().wait(lambda: 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await waiting


async def test_who_is_in_a_hurry_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "GATHERED_SECONDS", 3_600)
    patience = Unhurried()
    async with asyncio.timeout(60):
        patience.hurry()
        await patience.wait(lambda: 1)
        waiting = asyncio.create_task(patience.wait(lambda: 1))
        await asyncio.sleep(0)
        patience.hurry()
        await waiting


async def test_a_hurry_is_over_with_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "GATHERED_SECONDS", 3_600)
    patience = Unhurried()
    patience.hurry()
    await patience.wait(lambda: 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await patience.wait(lambda: 1)
