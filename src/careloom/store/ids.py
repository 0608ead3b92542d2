"""Ids of resources and of versions, both of which grow with time, so that new rows land beside each other."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from careloom.model.instants import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_OF_DAY = 86_400
_COUNTER_BITS = 10
_RANDOM_BYTES = 10
_AT_ONCE = 400
"""Ids for which random bytes are fetched at once: asking the system costs a hundred times as much as an id."""

_MADE = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_random: list[bytes] = []


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    random = _fresh().hex()
    time_digits = f"{time.time_ns() // 1_000_000:012x}"
    variant = "89ab"[int(random[3], 16) & 0b11]
    return f"{time_digits[:8]}-{time_digits[8:]}-7{random[:3]}-{variant}{random[4:7]}-{random[7:19]}"


def is_made_here(id: str) -> bool:
    """Whether an id looks like one of `new_id`, so that its resource was given it and did not bring it along."""
    return _MADE.fullmatch(id) is not None


def _fresh() -> bytes:
    """Random bytes that nobody else gets: taking the last one of a list is one step, whatever other threads do."""
    while True:
        try:
            return _random.pop()
        except IndexError:
            fetched = os.urandom(_RANDOM_BYTES * _AT_ONCE)
            _random.extend(fetched[at : at + _RANDOM_BYTES] for at in range(0, len(fetched), _RANDOM_BYTES))


if hasattr(os, "register_at_fork"):  # where processes do fork
    os.register_at_fork(after_in_child=_random.clear)  # or parent and child would go on with the same bytes


class Sequence:
    """Gives each version its sequence: microseconds since 1970, then a counter of ten bits.

    It never gives the same number twice nor a smaller one, whatever the clock does: when the clock stands still or
    steps back, the counter runs on into the microseconds. 63 bits last until the year 2255.

    Attributes:
        last: The number given last.
    """

    def __init__(self, clock: Clock, last: int) -> None:
        self._clock = clock
        self.last = last

    def begin(self) -> None:
        """Move on to the present; the numbers that follow share its instant as long as the counter lasts."""
        self.last = max(self.last, first_sequence(self._clock()) - 1)

    def next(self) -> int:
        """The number for one more version."""
        self.last += 1
        return self.last


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC: instants as databases keep them."""
    since = moment - _EPOCH
    return (since.days * _SECONDS_OF_DAY + since.seconds) * 1_000_000 + since.microseconds


def moment_of(microseconds_since_1970: int) -> datetime:
    """The instant in UTC that `microseconds` was made from."""
    return _EPOCH + microseconds_since_1970 * _MICROSECOND


def first_sequence(moment: datetime) -> int:
    """The smallest sequence of a microsecond."""
    return microseconds(moment) << _COUNTER_BITS


def recorded_at(sequence: int) -> datetime:
    """The instant inside a sequence, in UTC: ``meta.lastUpdated`` of that version."""
    return _moment_of(sequence >> _COUNTER_BITS)


_moment_of = lru_cache(maxsize=256)(moment_of)  # what is written together has one instant
