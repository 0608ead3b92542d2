"""What happened in the last ten minutes: how much was told, how fast, and how many tries failed.

A ring of slots of five seconds, each a count and a histogram, so it takes the same hundred kilobytes whatever happens.
It is for people who look; what is to be kept is counted for Prometheus (`careloom.notify.metrics`).
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from careloom.model.records import dataclass

SLOT_SECONDS: Final = 5
SLOTS: Final = 120

_STEPS: Final = 4
_DOUBLINGS: Final = 28
BOUNDS: Final = tuple(0.001 * 2 ** (step / _STEPS) for step in range(_STEPS * _DOUBLINGS + 1))
"""Upper bounds of the histogram, in seconds: a millisecond to three days, each a fifth above the one before it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A slot, or several together.

    Attributes:
        start: Its first instant, in seconds since 1970.
        seconds: How long it is.
        told: Events that receivers have accepted.
        tries: Notifications that were sent, handshakes and heartbeats among them.
        failed: Those of them that were not accepted.
        p50: Seconds from commit to acceptance that half of the events took at most; None where nothing was told.
        p99: The same of 99 in a hundred.
    """

    start: float
    seconds: float
    told: int = 0
    tries: int = 0
    failed: int = 0
    p50: float | None = None
    p99: float | None = None

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.told / self.seconds


class _Slot:
    """Counts of one slot."""

    __slots__ = ("failed", "histogram", "number", "told", "tries")

    def __init__(self, number: int) -> None:
        self.number = number
        self.histogram = array("Q", bytes(8 * (len(BOUNDS) + 1)))
        self.told = self.tries = self.failed = 0


class Recent:
    """The ring; moments are seconds since 1970, and one that is before the last noted counts for its own slot."""

    def __init__(self) -> None:
        self._slots = [_Slot(-1) for _ in range(SLOTS)]

    def told(self, now: float, latencies: Iterable[float]) -> None:
        """Events were accepted, so many seconds after they were committed."""
        slot = self._slot(now)
        for seconds in latencies:
            slot.told += 1
            slot.histogram[bisect_left(BOUNDS, seconds)] += 1

    def tried(self, now: float, *, accepted: bool) -> None:
        """A notification was sent."""
        slot = self._slot(now)
        slot.tries += 1
        slot.failed += not accepted

    def points(self, now: float) -> tuple[Point, ...]:
        """Every slot of the ring, the oldest first, the one that is not over yet left out."""
        last = int(now // SLOT_SECONDS)
        return tuple(self._point([number]) for number in range(last - SLOTS + 1, last))

    def summary(self, now: float, seconds: int = 60) -> Point:
        """The last so many seconds together, as far as whole slots make them up."""
        last = int(now // SLOT_SECONDS)
        return self._point(range(last - seconds // SLOT_SECONDS, last))

    def _slot(self, now: float) -> _Slot:
        number = int(now // SLOT_SECONDS)
        if self._slots[number % SLOTS].number < number:
            self._slots[number % SLOTS] = _Slot(number)
        return self._slots[number % SLOTS]

    def _point(self, numbers: Sequence[int]) -> Point:
        slots = [slot for number in numbers if (slot := self._slots[number % SLOTS]).number == number]
        histogram = [sum(counts) for counts in zip(*(slot.histogram for slot in slots), strict=True)]
        told = sum(slot.told for slot in slots)
        return Point(
            start=float(numbers[0] * SLOT_SECONDS),
            seconds=float(len(numbers) * SLOT_SECONDS),
            told=told,
            tries=sum(slot.tries for slot in slots),
            failed=sum(slot.failed for slot in slots),
            p50=_quantile(histogram, told, 0.5),
            p99=_quantile(histogram, told, 0.99),
        )


def _quantile(histogram: Sequence[int], count: int, part: float) -> float | None:
    """The value that so large a part of all is at most, even within its bucket; never more than a bucket off."""
    if not count:
        return None
    wanted, passed = part * count, 0
    for index, found in enumerate(histogram):
        if passed + found >= wanted:
            low = BOUNDS[index - 1] if index else 0.0
            high = BOUNDS[min(index, len(BOUNDS) - 1)]
            return low + (high - low) * (wanted - passed) / found
        passed += found
    return BOUNDS[-1]
