"""Large work makes room for small requests.

Threads of one process take turns at the interpreter, and a thread that computes gives it up only when it must. A small
request needs it a few dozen times, a moment each, and beside a bundle of twenty thousand entries it would wait each
time. So large work is done in pieces, and between two pieces it asks here: while small requests are in progress it
rests, and works on when they are answered. Lest they keep it from ever ending, a rest of `REST` seconds in all earns it
`SLICE` seconds of work beside them. How the interpreter is shared then, `careloom.model.interpreter` sees to.

A small request that has arrived and was never given the interpreter is not known to be in progress. Who works on while
none is known therefore hands the interpreter over now and then, as long as small ones have been coming.

There is one interpreter in a process, and so one `ROOM`.
"""

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Final, TypeVar

from careloom.model.interpreter import hand_over

T = TypeVar("T")

SLICE: Final = 0.003
"""Seconds that large work goes on beside small requests before it rests."""

REST: Final = 0.002
"""Seconds of rest that earn it a slice: most of what a small write takes, which so meets one slice and not two."""

UNASKED: Final = 0.001
"""Seconds of work after which the interpreter is handed over though nobody is known to wait for it."""

EXPECTED: Final = 1.0
"""Seconds after a small request in which another is expected."""


class Claim:
    """A request in progress: small until it turns out to be large."""

    __slots__ = ("is_small",)

    def __init__(self) -> None:
        self.is_small = True


class Room:
    """Who is in progress; counted on the event loop, asked on any thread."""

    def __init__(self) -> None:
        self._small = 0
        self._is_free = threading.Event()
        self._is_free.set()
        self._resting: set[asyncio.Future[None]] = set()
        self._works_until = 0.0
        self._opens_at = 0.0
        self._expected_until = 0.0
        self._rest_left = REST

    def enter(self) -> Claim:
        """A request has come."""
        claim = Claim()
        _claim.set(claim)
        self._small += 1
        if self._small == 1:
            self._is_free.clear()
        return claim

    def leave(self, claim: Claim) -> None:
        """It is answered."""
        if claim.is_small:
            claim.is_small = False
            self._small -= 1
            if self._small == 0:
                self._expected_until = time.monotonic() + EXPECTED
                self._is_free.set()
                for each in self._resting:
                    each.cancel()

    def claim_large(self) -> None:
        """The request that is worked on here is large: nobody makes room for it, and it makes room for others."""
        claim = _claim.get(None)
        if claim is not None:
            self.leave(claim)

    @property
    def is_wanted(self) -> bool:
        """Whether a small request is in progress."""
        return self._small > 0

    def make(self) -> None:
        """Let small requests go before, on a thread of large work that holds nothing they need."""
        self.open_door()
        now = time.monotonic()
        if self._has_to_rest(now):
            self._is_free.wait(self._rest_left)
            self._rested(now)

    def open_door(self) -> None:
        """Let a small request in that has come and is not known yet; on any thread of large work."""
        now = time.monotonic()
        if self._small == 0 and self._opens_at <= now < self._expected_until:
            hand_over()
            self._opens_at = time.monotonic() + UNASKED

    async def make_here(self) -> None:
        """Let small requests go before, on the event loop, between two pieces of large work."""
        now = time.monotonic()
        if self._has_to_rest(now):
            rest = asyncio.get_running_loop().create_future()
            self._resting.add(rest)
            try:
                await asyncio.wait([rest], timeout=self._rest_left)
            finally:
                self._resting.discard(rest)
            self._rested(now)

    def _has_to_rest(self, now: float) -> bool:
        return self._small > 0 and now >= self._works_until

    def _rested(self, since: float) -> None:
        now = time.monotonic()
        self._rest_left -= now - since
        if self._rest_left <= 0:
            self._works_until, self._rest_left = now + SLICE, REST

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
