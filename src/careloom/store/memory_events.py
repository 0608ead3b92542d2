"""What notify keeps, in memory."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, field, replace
from careloom.store.events import (
    Attempt,
    Cursor,
    DeadLetter,
    LaneStart,
    Match,
    Recovery,
    Replay,
    SubscriptionEvent,
)
from careloom.store.leases import Lease, LeaseLostError


@dataclass(slots=True)
class _State:
    """Everything that is kept; shared by the views of one log."""

    matched_to: int = 0
    leases: dict[str, Lease] = field(default_factory=dict)
    events: dict[str, dict[int, SubscriptionEvent]] = field(default_factory=dict)
    sequences: dict[str, set[int]] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    dead: dict[str, dict[int, DeadLetter]] = field(default_factory=dict)
    replays: dict[str, Replay] = field(default_factory=dict)


class MemoryEventLog:
    """A `careloom.store.events.EventLog` in memory."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._state = _State()
        self._lease: Lease | None = None

    def under(self, lease: Lease) -> "MemoryEventLog":
        """As in the port."""
        fenced = MemoryEventLog(self._clock)
        fenced._state, fenced._lease = self._state, lease
        return fenced

    async def recover(self) -> Recovery:
        """As in the port."""
        known = sorted({*self._state.cursors, *self._state.events})
        lanes = tuple(LaneStart(self._cursor(each), self._last(each)) for each in known)
        return Recovery(self._state.matched_to, lanes)

    async def matched_to(self) -> int:
        """As in the port."""
        return self._state.matched_to

    async def record_matches(self, matched_to: int, matches: Sequence[Match]) -> list[SubscriptionEvent]:
        """As in the port."""
        self._require()
        self._state.matched_to = max(self._state.matched_to, matched_to)
        return [event for match in matches if (event := self._add(match))]

    async def pending(self, subscription: str, limit: int) -> list[SubscriptionEvent]:
        """As in the port."""
        delivered_to = self._cursor(subscription).delivered_to
        return [each for each in self._events(subscription) if each.number > delivered_to][:limit]

    async def events(self, subscription: str, first: int, last: int) -> list[SubscriptionEvent]:
        """As in the port."""
        return [each for each in self._events(subscription) if first <= each.number <= last]

    async def last_number(self, subscription: str) -> int:
        """As in the port."""
        return self._last(subscription)

    async def newest_after(self, sequence: int) -> tuple[int, dict[str, int]]:
        """As in the port."""
        found = [each for events in self._state.events.values() for each in events.values() if each.sequence > sequence]
        newest: dict[str, int] = {}
        for each in found:
            newest[each.subscription] = max(newest.get(each.subscription, 0), each.number)
        return max((each.sequence for each in found), default=sequence), newest

    async def first_number(self, subscription: str) -> int:
        """As in the port."""
        return min(self._state.events.get(subscription, ()), default=0)

    async def prune(self, subscription: str, before: datetime, most: int) -> int:
        """As in the port."""
        self._require()
        last = self._last(subscription)
        old = max((each.number for each in self._events(subscription) if each.recorded < before), default=0)
        to = min(max(old, last - most), last - 1)
        events, dead = self._state.events.get(subscription, {}), self._state.dead.get(subscription, {})
        gone = [number for number in events if number <= to]
        for number in gone:
            self._state.sequences[subscription].discard(events.pop(number).sequence)
            dead.pop(number, None)
        tries = self._state.attempts.get(subscription, [])
        tries[:-1] = [each for each in tries[:-1] if each.started >= before]
        return len(gone)

    async def prune_replays(self, before: datetime) -> None:
        """As in the port."""
        self._require()
        for id, each in list(self._state.replays.items()):
            dead = any(each.first <= number <= each.last for number in self._state.dead.get(each.subscription, ()))
            if each.status != "open" and each.recorded < before and not dead:
                del self._state.replays[id]

    async def cursor(self, subscription: str) -> Cursor:
        """As in the port."""
        return self._cursor(subscription)

    async def save_cursor(self, cursor: Cursor) -> None:
        """As in the port."""
        self._require()
        self._state.cursors[cursor.subscription] = cursor

    async def record_attempt(
        self, attempt: Attempt, cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """As in the port."""
        await self.record_attempts([attempt], cursor, dead)

    async def record_attempts(
        self, attempts: Sequence[Attempt], cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """As in the port."""
        self._require()
        for attempt in attempts:
            self._state.attempts.setdefault(attempt.subscription, []).append(attempt)
        for letter in dead:
            self._state.dead.setdefault(letter.subscription, {})[letter.number] = letter
        if cursor:
            await self.save_cursor(cursor)

    async def dead_letters(self, subscription: str, first: int = 1, last: int = 2**62) -> list[DeadLetter]:
        """As in the port."""
        found = sorted(self._state.dead.get(subscription, {}).items())
        return [letter for number, letter in found if first <= number <= last]

    async def save_replay(self, replay: Replay) -> None:
        """As in the port."""
        self._require()
        self._state.replays[replay.id] = replay

    async def open_replays(self) -> list[Replay]:
        """As in the port."""
        return [each for each in self._replays() if each.status == "open"]

    async def replays(self, subscription: str) -> list[Replay]:
        """As in the port."""
        return [each for each in self._replays() if each.subscription == subscription]

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """As in the port."""
        return self._state.attempts.get(subscription, [])[::-1][:limit]

    async def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """As in the port."""
        now, held = self._clock(), self._state.leases.get(name)
        if held and held.holder != holder and held.until > now:
            return None
        fence = held.fence + (held.holder != holder) if held else 1
        taken = self._state.leases[name] = Lease(name, holder, fence, now + timedelta(seconds=seconds))
        return taken

    async def take_leases(self, names: Sequence[str], holder: str, seconds: float) -> list[Lease]:
        """As in the port."""
        taken = [await self.take_lease(name, holder, seconds) for name in names]
        return [each for each in taken if each]

    async def lease_holders(self, prefix: str) -> list[str]:
        """As in the port."""
        now = self._clock()
        held = (each for each in self._state.leases.values() if each.name.startswith(prefix) and each.until > now)
        return sorted({each.holder for each in held})

    async def leave_lease(self, lease: Lease) -> None:
        """As in the port."""
        held = self._state.leases.get(lease.name)
        if held and (held.holder, held.fence) == (lease.holder, lease.fence):
            self._state.leases[lease.name] = replace(held, until=self._clock())

    def _require(self) -> None:
        lease = self._lease
        held = self._state.leases.get(lease.name) if lease else None
        if lease and (held is None or (held.holder, held.fence) != (lease.holder, lease.fence)):
            raise LeaseLostError(f"lease {lease.name!r} under fence {lease.fence}: another process holds it now")

    def _add(self, match: Match) -> SubscriptionEvent | None:
        known = self._state.sequences.setdefault(match.subscription, set())
        if match.sequence in known:
            return None
        known.add(match.sequence)
        subscription, *rest = astuple(match)
        number = self._last(subscription) + 1
        event = SubscriptionEvent(subscription, number, *rest)
        self._state.events.setdefault(subscription, {})[number] = event
        return event

    def _events(self, subscription: str) -> list[SubscriptionEvent]:
        return list(self._state.events.get(subscription, {}).values())

    def _replays(self) -> list[Replay]:
        return sorted(self._state.replays.values(), key=lambda each: (each.recorded, each.id))

    def _cursor(self, subscription: str) -> Cursor:
        return self._state.cursors.get(subscription, Cursor(subscription))

    def _last(self, subscription: str) -> int:
        return max(self._state.events.get(subscription, ()), default=0)
