"""A lane: the events of one subscription, delivered in order, at least once, by one task.

Before it sends, a lane writes to its cursor which events it is about to send. After a crash the same range goes out
again: same events, same Bundle id, same ``webhook-id``, same bytes. So a receiver that remembers ids sees each event
once, and none is ever skipped, since the cursor moves on only when the receiver has said 2xx.

A failing endpoint is tried again after a pause that doubles, chosen at random below its bound so that a thousand lanes
do not return together. When the budget is spent the subscription goes to ``error``: its events are still numbered and
kept, and delivered when the client asks for it again by setting ``requested``.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from careloom.model import Resource, serialize_json
from careloom.model.instants import Clock
from careloom.notify.notification import event_notification, handshake
from careloom.notify.rest_hook import Channel, Outcome
from careloom.notify.subscriptions import Status, Subscription
from careloom.store import Attempt, Cursor, EventLog, SubscriptionEvent


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again.

    Attributes:
        base: Bound of the first pause, in seconds; it doubles with each try.
        ceiling: Bound of every pause, in seconds.
        budget: After failing for so long, the subscription goes to ``error``.
    """

    base: float = 1.0
    ceiling: float = 3600.0
    budget: timedelta = timedelta(hours=72)

    def pause(self, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds to wait after a failed try: what the receiver asks for, else full jitter below the bound."""
        bound = min(self.ceiling, self.base * 2 ** min(attempt - 1, 40))
        jittered: float = random() * bound
        return jittered if retry_after is None else min(max(retry_after, jittered), self.ceiling)


class Desk(Protocol):
    """What a lane asks of the notifier it belongs to."""

    @property
    def base_url(self) -> str:
        """Of the hub."""
        ...

    def secret_of(self, subscription: Subscription) -> str:
        """Secret that notifications of this subscription are signed with."""
        ...

    async def withheld(self, subscription: Subscription, events: Sequence[SubscriptionEvent]) -> frozenset[int]:
        """Numbers of events whose focus the subscriber may not be told now."""
        ...

    async def set_status(
        self, subscription: Subscription, version_id: str, status: Status, error: str = ""
    ) -> str | None:
        """Write the state of the subscription to its resource, and give the version that says so.

        None where the resource has another version by now: what was found out is of no matter to that one.
        """
        ...

    def abreast(self, subscription: Subscription) -> AbstractAsyncContextManager[object]:
        """A place among the tries that run at a time for the owner of a subscription."""
        ...

    async def delivered(self, subscription: Subscription, events: Sequence[SubscriptionEvent]) -> None:
        """Put on record who was told what."""
        ...


class _SupersededError(Exception):
    """The subscription was changed or deleted; the notifier ends this lane. It never leaves this module."""


class Lane:
    """Delivers one subscription's events; `wake` it when there may be new ones."""

    def __init__(
        self,
        subscription: Subscription,
        version_id: str,
        log: EventLog,
        channel: Channel,
        desk: Desk,
        *,
        retry: RetryPolicy,
        clock: Clock,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a lane; `run` starts it.

        Args:
            subscription: As its resource says now.
            version_id: Of that resource; a handshake is made once for each version that asks for one.
            log: Where events and cursors are kept.
            channel: How to send.
            desk: The notifier.
            retry: When to try again.
            clock: The present.
            random: A number from 0 to 1.
            sleep: Waits so many seconds.
        """
        self.subscription = subscription
        self.version_id = version_id
        self._log = log
        self._channel = channel
        self._desk = desk
        self._retry = retry
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._followed = version_id

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Shake hands if asked to, then deliver until the subscription is off, in error, or another than it was."""
        with contextlib.suppress(_SupersededError):
            await self._run()

    async def _run(self) -> None:
        cursor = replace(await self._log.cursor(self.subscription.id), status=self.subscription.status)
        await self._wait_until_due(cursor)
        if self.subscription.status == "requested":
            cursor = await self._until_settled(cursor, self._try_handshake)
        while cursor.status == "active" and not self._has_ended():
            self._wake.clear()
            if await self._log.last_number(self.subscription.id) > cursor.delivered_to:
                cursor = await self._until_settled(cursor, self._try_events)
            else:
                await self._wake.wait()
        if self._has_ended():
            await self._settle(cursor, "off", "the subscription's end has passed")

    async def _until_settled(
        self, cursor: Cursor, attempt: Callable[[Cursor], Awaitable[tuple[Cursor, Outcome]]]
    ) -> Cursor:
        """Try until accepted, or until there is no more point in trying."""
        while True:
            async with self._desk.abreast(self.subscription):
                cursor, outcome = await attempt(cursor)
            if outcome.kind == "accepted":
                return cursor
            if outcome.kind == "gone":
                return await self._settle(cursor, "off", outcome.detail)
            since = cursor.failing_since or self._clock()
            if outcome.kind == "refused" or self._clock() - since >= self._retry.budget:
                return await self._settle(cursor, "error", outcome.detail)
            await self._wait_until_due(cursor)

    async def _try_handshake(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        count = await self._log.last_number(self.subscription.id)
        bundle = handshake(self._desk.base_url, self.subscription, self.version_id, self._clock(), count)
        cursor, outcome = await self._try(cursor, bundle, 0, 0)
        if outcome.kind == "accepted":
            await self._set_status("active")
            cursor = replace(cursor, status="active")
            await self._log.save_cursor(cursor)
        return cursor, outcome

    async def _try_events(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        events = await self._range(cursor)
        first, last = events[0].number, events[-1].number
        if (cursor.inflight_from, cursor.inflight_to) != (first, last):
            cursor = replace(cursor, inflight_from=first, inflight_to=last, attempt=0, next_at=None)
            await self._log.save_cursor(cursor)
        withheld = await self._desk.withheld(self.subscription, events)
        bundle = event_notification(self._desk.base_url, self.subscription, events, withheld)
        told = [event for event in events if event.number not in withheld]
        return await self._try(cursor, bundle, first, last, told)

    async def _range(self, cursor: Cursor) -> list[SubscriptionEvent]:
        """The range in flight where there is one, else the next as many as go in one notification."""
        if cursor.inflight_from:
            return await self._log.events(self.subscription.id, cursor.inflight_from, cursor.inflight_to)
        return await self._log.pending(self.subscription.id, self.subscription.max_count)

    async def _try(
        self, cursor: Cursor, bundle: Resource, first: int, last: int, told: Sequence[SubscriptionEvent] = ()
    ) -> tuple[Cursor, Outcome]:
        """Send once, and record the try together with where it leaves the cursor.

        Who was told what goes on record before the cursor moves: after a crash in between the receiver is told again
        and the record says so twice, but nobody is ever told without a record of it.
        """
        body = serialize_json(bundle)
        started = self._clock()
        outcome = await self._channel.send(
            self.subscription.endpoint,
            body,
            webhook_id=bundle["id"],
            secret=self._desk.secret_of(self.subscription),
            headers=self.subscription.headers,
        )
        milliseconds = round((self._clock() - started).total_seconds() * 1000)
        if outcome.kind == "accepted":
            await self._desk.delivered(self.subscription, told)
        cursor = self._advanced(cursor, outcome, last)
        attempt = Attempt(
            subscription=self.subscription.id,
            first=first,
            last=last,
            attempt=cursor.attempt or 1,
            started=started,
            milliseconds=milliseconds,
            outcome=outcome.kind,
            code=outcome.code,
            body_hash=hashlib.sha256(body).hexdigest(),
            detail=outcome.detail,
        )
        await self._log.record_attempt(attempt, cursor)
        return cursor, outcome

    def _advanced(self, cursor: Cursor, outcome: Outcome, last: int) -> Cursor:
        now = self._clock()
        if outcome.kind == "accepted":
            if last:
                cursor = replace(cursor, delivered_to=last, inflight_from=0, inflight_to=0)
            return replace(cursor, attempt=0, next_at=None, failing_since=None, last_sent=now, error="")
        attempt = cursor.attempt + 1
        pause = self._retry.pause(attempt, outcome.retry_after, self._random)
        return replace(
            cursor,
            attempt=attempt,
            next_at=now + timedelta(seconds=pause),
            failing_since=cursor.failing_since or now,
            error=outcome.detail,
        )

    async def _settle(self, cursor: Cursor, status: Status, error: str) -> Cursor:
        settled = replace(cursor, status=status, attempt=0, next_at=None, failing_since=None, error=error)
        await self._log.save_cursor(settled)
        await self._set_status(status, error)
        return settled

    async def _set_status(self, status: Status, error: str = "") -> None:
        """Write a state that was found out about the version this lane follows, and about no later one.

        A client may have named another endpoint meanwhile: that the old one shook hands says nothing of the new one.
        """
        version_id = await self._desk.set_status(self.subscription, self._followed, status, error)
        if version_id is None:
            raise _SupersededError
        self._followed = version_id

    async def _wait_until_due(self, cursor: Cursor) -> None:
        """Wait for the time of the next try, and no longer than any pause may be: the clock may have been set back."""
        if cursor.next_at is not None:
            until_due = (cursor.next_at - self._clock()).total_seconds()
            await self._sleep(min(max(0.0, until_due), self._retry.ceiling))

    def _has_ended(self) -> bool:
        end: datetime | None = self.subscription.end
        return end is not None and end <= self._clock()
