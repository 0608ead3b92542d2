"""Records of what was told: how long their commits are put off, see `careloom.governance.Ledger`.

Each must be durable before the cursor of its lane moves on. A lane that has more to tell loses little by waiting a few
milliseconds for others, and then all of them go on together, so that the commits of their cursors fall together, too.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from careloom.governance import Ledger
from careloom.store import Repository

GATHERED_SECONDS: Final = 0.005
"""How long those wait who are in no hurry."""

MOST: Final = 64
"""Lanes whose records go into one commit."""


class Unhurried:
    """Waits for others until somebody is in a hurry."""

    def __init__(self) -> None:
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """The next commit is to be made at once."""
        self._hurry.set()

    async def wait(self, waiting: Callable[[], int]) -> None:
        """As in `careloom.store.Patience`."""
        if not self._hurry.is_set():
            try:
                async with asyncio.timeout(GATHERED_SECONDS):
                    await self._hurry.wait()
            except TimeoutError:
                pass
        self._hurry.clear()

    def wrote(self, number: int, seconds: float) -> None:
        """Nothing is learned from it."""


def ledger_of(repository: Repository, patience: Unhurried) -> Ledger:
    """Where lanes leave their records; what a lane told that is stopped now is written like any other."""
    return Ledger(repository, patience, most=MOST)
