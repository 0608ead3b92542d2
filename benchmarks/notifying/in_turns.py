"""Hubs that are alive at the same time and written to in turns.

What a shared machine does besides changes within seconds, by more than what is looked for here. Two hubs that are
measured one after the other differ by that; two that are written to in turns of a second have it in common.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.notifying.load import writing
from benchmarks.serving.processes import Server

TURN_SECONDS = 1.0
SETTLED_SECONDS = 0.2
"""What is told of a write a moment after its answer counts for its own hub."""


@dataclass(slots=True)
class Taken:
    """What one hub took.

    Attributes:
        answers: Seconds until each write was answered.
        cpu: Processor seconds of the hub in its own turns.
    """

    answers: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def each(self) -> float:
        """Milliseconds of processor time for a write."""
        return 1000 * self.cpu / len(self.answers)

    def at(self, share: float) -> float:
        """Milliseconds in which so large a share was answered."""
        return 1000 * sorted(self.answers)[int(share * len(self.answers))]


def in_turns(hubs: Sequence[Server], every_second: int, seconds: float) -> list[Taken]:
    """Write to each for so many seconds in all, and what it took, in the order of the hubs."""
    taken = [Taken() for _ in hubs]
    for _ in range(round(seconds / TURN_SECONDS)):
        for hub, found in zip(hubs, taken, strict=True):
            before = hub.cpu()
            found.answers += asyncio.run(writing(hub, every_second, TURN_SECONDS))
            time.sleep(SETTLED_SECONDS)
            found.cpu += hub.cpu() - before
    return taken
