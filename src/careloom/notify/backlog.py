"""The events that a lane has still to deliver, as far as they are at hand.

The matcher hands a lane what it has just numbered, so a lane that keeps up reads nothing. One that is behind reads as
many as it is about to send and no more: ten thousand lanes that are behind must not hold all that waits.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from careloom.store import EventLog, SubscriptionEvent

AT_HAND: Final = 128
"""Events that are kept for a lane; what comes beyond is read when its turn comes."""


class Backlog:
    """The events of one subscription from a number on."""

    def __init__(self, subscription: str, log: EventLog) -> None:
        self._subscription = subscription
        self._log = log
        self._newest: int | None = None
        self._events: deque[SubscriptionEvent] = deque()
        self._news = asyncio.Event()

    def feed(self, events: Sequence[SubscriptionEvent]) -> None:
        """Take in events that were just numbered."""
        for event in events:
            follows = event.number == self._events[-1].number + 1 if self._events else self._newest == event.number - 1
            if follows and len(self._events) < AT_HAND:
                self._events.append(event)
            self._newest = max(self._newest or 0, event.number)
        self._news.set()

    def hear_of(self, newest: int) -> None:
        """There are events up to a number."""
        if self._newest is not None:
            self._newest = max(self._newest, newest)

    def doubt(self) -> None:
        """There may be events that nobody handed in."""
        self._newest = None

    def starts_with(self, newest: int) -> None:
        """Know the number of the newest event without reading."""
        self._newest = newest

    async def newest(self) -> int:
        """Number of the newest event; 0 before the first."""
        if self._newest is None:
            self._newest = await self._log.last_number(self._subscription)
        return self._newest

    async def wait(self, after: int, most: int, seconds: float) -> list[SubscriptionEvent]:
        """The events after a number that are handed in within a time; nothing where none are."""
        self._news.clear()
        found = self.next(after, most)
        if not found and seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            found = self.next(after, most)
        return found

    def next(self, after: int, most: int) -> list[SubscriptionEvent]:
        """What is at hand of the events after a number, from the first of them on."""
        while self._events and self._events[0].number <= after:
            self._events.popleft()
        if self._events and self._events[0].number == after + 1:
            return list(islice(self._events, most))
        return []

    async def read(self, after: int, most: int) -> list[SubscriptionEvent]:
        """The events after a number, in order, at most so many; fewer only where there are no more."""
        found = self.next(after, most)
        if len(found) == most or (found and found[-1].number == self._newest):
            return found
        return await self._log.events(self._subscription, after + 1, after + most)
