"""Large work makes room for small requests.

Threads of one process take turns at the interpreter, and a thread that computes gives it up only when it must. A small
request needs it a few dozen times, a moment each, and beside a bundle of twenty thousand entries it would wait each
time. So large work is done in pieces, and between two pieces it asks here: while small requests are in progress it
rests, and works on when they are answered, or wait for the disk and need nothing else. Lest they keep it from ever
ending, it works on for `SLICE` seconds beside them when it has rested for `REST` seconds at a stretch. How
the interpreter is shared then, `careloom.model.interpreter` sees to.

A small request that has arrived and was never given the interpreter is not known to be in progress, nor that the disk
has confirmed what one has written. Who works on therefore hands the interpreter over now and then, as long as small
ones have been coming.

There is one interpreter in a process, and so one `ROOM`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from careloom.model.interpreter import hand_over

T = TypeVar("T")

REST: Final = 0.004
"""Seconds that large work rests at a stretch, more than a small write takes."""

SLICE: Final = 0.002
"""Seconds that it goes on then, if small requests are still in progress."""

UNASKED: Final = 0.0007
"""Seconds of work after which the interpreter is handed over though nobody is known to wait for it."""

EXPECTED: Final = 1.0
"""Seconds after a small request in which another is expected."""


class Claim:
    """A request in progress: small until it turns out to be large."""

    __slots__ = ("is_small",)

    def __init__(self, *, is_small: bool = True) -> None:
        self.is_small = is_small


class Room:
    """Who is in progress; counted on the event loop, asked on any thread."""

    def __init__(self) -> None:
        self._small = 0
        self._at_disk = 0
        self._is_free = threading.Event()
        self._is_free.set()
        self._works_until = 0.0
        self._opens_at = 0.0
        self._expected_until = 0.0

    def enter(self) -> Claim:
        """A request has come."""
        claim = Claim()
        _claim.set(claim)
        self._small += 1
        self._is_free.clear()
        return claim

    def leave(self, claim: Claim) -> None:
        """It is answered."""
        if claim.is_small:
            claim.is_small = False
            self._small -= 1
            self._expected_until = time.monotonic() + EXPECTED
            self._tell()

    def claim_large(self) -> None:
        """The request that is worked on here is large: nobody makes room for it, and it makes room for others."""
        claim = _claim.get(None)
        if claim is not None:
            self.leave(claim)

    def large(self, work: Callable[[], T]) -> T:
        """Do large work on this thread, which does not know for whom."""
        token = _claim.set(Claim(is_small=False))
        try:
            return work()
        finally:
            _claim.reset(token)

    @contextmanager
    def at_disk(self, requests: int) -> Iterator[None]:
        """So many small requests wait for the disk, and need nothing else; on the one thread that waits with them."""
        self._at_disk = requests
        self._tell()
        try:
            yield
        finally:
            self._at_disk = 0
            self._tell()

    @property
    def is_wanted(self) -> bool:
        """Whether a small request is in progress."""
        return self._small > 0

    @property
    def is_expected(self) -> bool:
        """Whether small requests have been coming."""
        return self._small > 0 or time.monotonic() < self._expected_until

    def make(self) -> None:
        """Let small requests go before, on a thread of large work that holds nothing they need."""
        self.open_door()
        if self._is_needed and time.monotonic() >= self._works_until and not self._is_free.wait(REST):
            self._works_until = time.monotonic() + SLICE

    def open_door(self) -> None:
        """Let a small request in that is not known to need anything, but might; on any thread of large work."""
        if not self._is_needed and self._opens_at <= time.monotonic() < self._expected_until:
            hand_over()
            self._opens_at = time.monotonic() + UNASKED

    @property
    def _is_needed(self) -> bool:
        """Whether a small request is in progress that does not wait for the disk."""
        return self._small > self._at_disk

    def _tell(self) -> None:
        if self._is_needed:
            self._is_free.clear()
        else:
            self._is_free.set()

    @property
    def is_for_small(self) -> bool:
        """Whether what is done here is done for a small request."""
        claim = _claim.get(None)
        return claim is not None and claim.is_small

    @property
    def is_for_large(self) -> bool:
        """Whether what is done here is done for a large request."""
        claim = _claim.get(None)
        return claim is not None and not claim.is_small

    def paced(self, items: Iterable[T]) -> Iterable[T]:
        """The items; of a large request with room made before each."""
        return self.between(items) if self.is_for_large else items

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """The items, with room made before each."""
        for item in items:
            self.make()
            yield item


ROOM: Final = Room()

_claim: ContextVar[Claim | None] = ContextVar("claim", default=None)
