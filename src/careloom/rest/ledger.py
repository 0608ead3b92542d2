"""Audit records of what was read or refused: how long their commits are put off, see `careloom.governance.Ledger`."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from careloom.governance import Ledger
from careloom.model.records import dataclass
from careloom.store import Repository

MOST: Final = 256
"""Requests whose records go into one commit."""

_MOMENT: Final = 0.0005


@dataclass(slots=True)
class Returning:
    """Gives those a moment who were answered together and will be back at once, if there was more than one.

    Readers whose records shared a commit come again one after the other. Would the first of them have its next record
    written alone, it would cost a commit of its own, and so on: many small ones in the place of few.

    Attributes:
        share: How long a commit is put off, as a part of the time that the one before took.
        most_seconds: How long at most.
    """

    share: float = 0.5
    most_seconds: float = 0.005
    _last: tuple[int, float] = (0, 0.0)

    async def wait(self, waiting: Callable[[], int]) -> None:
        """As in `careloom.store.Patience`."""
        number, seconds = self._last
        until = time.monotonic() + min(seconds * self.share, self.most_seconds)
        while waiting() < number and time.monotonic() < until:
            await asyncio.sleep(_MOMENT)

    def wrote(self, number: int, seconds: float) -> None:
        """As in `careloom.store.Patience`."""
        self._last = number, seconds


def ledger_of(repository: Repository) -> Ledger:
    """Where requests leave their audit records; those of a client that has gone are written like any other."""
    return Ledger(repository, Returning(), most=MOST)
