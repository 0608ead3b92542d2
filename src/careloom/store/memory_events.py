"""What notify keeps, in memory."""

from collections.abc import Sequence
from dataclasses import astuple

from careloom.store.events import Attempt, Cursor, Lane, Match, Recovery, SubscriptionEvent


class MemoryEventLog:
    """A `careloom.store.events.EventLog` in memory."""

    def __init__(self) -> None:
        self._matched_to = 0
        self._events: dict[str, list[SubscriptionEvent]] = {}
        self._cursors: dict[str, Cursor] = {}
        self._attempts: dict[str, list[Attempt]] = {}

    async def recover(self) -> Recovery:
        """As in the port."""
        known = sorted({*self._cursors, *self._events})
        return Recovery(self._matched_to, tuple(Lane(self._cursor(each), self._last(each)) for each in known))

    async def matched_to(self) -> int:
        """As in the port."""
        return self._matched_to

    async def record_matches(self, matched_to: int, matches: Sequence[Match]) -> list[SubscriptionEvent]:
        """As in the port."""
        self._matched_to = max(self._matched_to, matched_to)
        return [event for match in matches if (event := self._add(match))]

    async def pending(self, subscription: str, limit: int) -> list[SubscriptionEvent]:
        """As in the port."""
        delivered_to = self._cursor(subscription).delivered_to
        return [each for each in self._events.get(subscription, []) if each.number > delivered_to][:limit]

    async def events(self, subscription: str, first: int, last: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [each for each in self._events.get(subscription, []) if first <= each.number <= last]

    async def last_number(self, subscription: str) -> int:
        """As in the port."""
        return self._last(subscription)

    async def cursor(self, subscription: str) -> Cursor:
        """As in the port."""
        return self._cursor(subscription)

    async def all_cursors(self) -> list[Cursor]:
        """As in the port."""
        return [cursor for _, cursor in sorted(self._cursors.items())]

    async def save_cursor(self, cursor: Cursor) -> None:
        """As in the port."""
        self._cursors[cursor.subscription] = cursor

    async def record_attempt(self, attempt: Attempt, cursor: Cursor | None = None) -> None:
        """As in the port."""
        self._attempts.setdefault(attempt.subscription, []).append(attempt)
        if cursor:
            await self.save_cursor(cursor)

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """As in the port."""
        return self._attempts.get(subscription, [])[::-1][:limit]

    def _add(self, match: Match) -> SubscriptionEvent | None:
        events = self._events.setdefault(match.subscription, [])
        if any(each.sequence == match.sequence for each in events):
            return None
        subscription, *rest = astuple(match)
        events.append(SubscriptionEvent(subscription, len(events) + 1, *rest))
        return events[-1]

    def _cursor(self, subscription: str) -> Cursor:
        return self._cursors.get(subscription, Cursor(subscription))

    def _last(self, subscription: str) -> int:
        return len(self._events.get(subscription, []))
