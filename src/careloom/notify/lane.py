"""A lane: the events of one subscription, delivered in order, at least once, by one task.

Before it sends, a lane writes to its cursor which events it is about to send. After a crash the same range goes out
again: same events, same Bundle id, same ``webhook-id``, same bytes. So a receiver that remembers ids sees each event
once, and none is ever skipped, since the cursor moves on only when the receiver has said 2xx.

A failing endpoint is tried again after a pause that doubles, chosen at random below its bound so that a thousand lanes
do not return together. When the budget is spent the subscription goes to ``error``: its events are still numbered and
kept, and delivered when the client asks for it again by setting ``requested``; the hub never asks for it by itself.

What a receiver refuses for what it holds (413, 422 and the like) is taken apart: a range by halves, until the one event
is found that is not taken. That one then holds up those behind it, or is put aside, as the subscription has chosen.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from careloom.model.instants import Clock
from careloom.notify.by_patient import ByPatient
from careloom.notify.courier import MOST_BYTES, Courier
from careloom.notify.desk import Desk
from careloom.notify.notification import Told, handshake, heartbeat
from careloom.notify.rest_hook import TOO_LARGE, Channel, Outcome
from careloom.notify.retrying import HANDSHAKE_TRIES, POISON_TRIES, RetryPolicy
from careloom.notify.subscriptions import Status, Subscription
from careloom.store import Cursor, DeadLetter, EventLog, SubscriptionEvent

__all__ = ["Desk", "Lane", "RetryPolicy", "SupersededError"]

Sleep = Callable[[float], Awaitable[None]]


class SupersededError(Exception):
    """The subscription was changed or deleted; the notifier ends this lane. It never leaves the lanes."""


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
        sleep: Sleep = asyncio.sleep,
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
        self._courier = Courier(subscription, channel, desk, clock)
        self._by_patient = ByPatient(subscription, log, self._courier, desk, retry=retry, clock=clock, random=random)
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
        with contextlib.suppress(SupersededError):
            await self._run()

    async def _run(self) -> None:
        cursor = replace(await self._log.cursor(self.subscription.id), status=self.subscription.status)
        if cursor.status == "requested":  # whoever asks anew does not wait for the pause of what failed before
            cursor = replace(cursor, attempt=0, next_at=None)
        await self._wait_until_due(cursor)
        while cursor.status in ("requested", "active"):
            self._wake.clear()
            if self._has_ended():
                await self._settle(cursor, "off", "the subscription's end has passed")
                return
            attempt = await self._due(cursor)
            if attempt is None:
                await self._idle(cursor)
                continue
            cursor, outcome = await attempt(cursor)
            cursor = await self._judged(cursor, outcome)

    async def _due(self, cursor: Cursor) -> "Callable[[Cursor], Awaitable[tuple[Cursor, Outcome]]] | None":
        """What is to be sent now; None where there is nothing."""
        if cursor.status == "requested":
            return self._try_handshake
        if await self._log.last_number(self.subscription.id) > cursor.delivered_to:
            return self._by_patient.round if self.subscription.delivering.order == "patient" else self._try_events
        seconds = self._until_heartbeat(cursor)
        return self._try_heartbeat if seconds is not None and seconds <= 0 else None

    async def _judged(self, cursor: Cursor, outcome: Outcome) -> Cursor:
        """Where a try leaves the subscription; after a failed one, wait."""
        if outcome.kind == "accepted":
            return cursor
        if outcome.kind == "gone":
            return await self._settle(cursor, "off", outcome.detail)
        since = cursor.failing_since or self._clock()
        is_spent = self._clock() - since >= self._retry.budget
        has_failed_to_shake = cursor.status == "requested" and cursor.attempt >= HANDSHAKE_TRIES
        if outcome.kind == "refused" or is_spent or has_failed_to_shake:
            return await self._settle(cursor, "error", outcome.detail)
        if self.subscription.delivering.order == "patient":  # another patient's events need not wait
            await self._idle(cursor)
        else:
            await self._wait_until_due(cursor)
        return cursor

    async def _try_handshake(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        count = await self._log.last_number(self.subscription.id)
        bundle = handshake(self._desk.base_url, self.subscription, self.version_id, self._clock(), count)
        cursor, outcome = await self._send_bare(cursor, bundle)
        if outcome.kind == "accepted":
            await self._set_status("active")
            cursor = replace(cursor, status="active")
            if self.subscription.delivering.resume == "now":
                cursor = replace(cursor, delivered_to=count, inflight_from=0, inflight_to=0)
            await self._log.save_cursor(cursor)
        return cursor, outcome

    async def _try_heartbeat(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        bundle = heartbeat(self._desk.base_url, self.subscription, self._clock(), cursor.delivered_to)
        return await self._send_bare(cursor, bundle)

    async def _send_bare(self, cursor: Cursor, bundle: dict[str, object]) -> tuple[Cursor, Outcome]:
        """Send what has no events, and record the try."""
        body = self._courier.bytes_of(bundle)
        async with self._desk.abreast(self.subscription, self.subscription.endpoint):
            sent = await self._courier.send(bundle, body, first=0, last=0, number=cursor.attempt + 1)
        cursor = self._after(cursor, sent.outcome)
        await self._log.record_attempt(sent.attempt, cursor)
        return cursor, sent.outcome

    async def _try_events(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        """Send the next range, and record the try together with where it leaves the cursor.

        Who was told what goes on record before the cursor moves: after a crash in between the receiver is told again
        and the record says so twice, but nobody is ever told without a record of it.
        """
        events = await self._range(cursor)
        told = await self._desk.told(self.subscription, events, self.subscription.delivering.content)
        bundle, body = self._courier.written(told)
        while len(body) > MOST_BYTES and len(told) > 1:
            told = told[: len(told) // 2]
            bundle, body = self._courier.written(told)
        cursor = await self._in_flight(cursor, told)
        first, last = cursor.inflight_from, cursor.inflight_to
        async with self._desk.abreast(self.subscription, self.subscription.endpoint):
            sent = await self._courier.send(bundle, body, first=first, last=last, number=cursor.attempt + 1)
        if sent.outcome.kind == "accepted":
            await self._desk.delivered(self.subscription, told)
            cursor = self._after(replace(cursor, delivered_to=last, inflight_from=0, inflight_to=0), sent.outcome)
            await self._log.record_attempt(sent.attempt, cursor)
            return cursor, sent.outcome
        cursor, dead = self._apart(self._after(cursor, sent.outcome), sent.outcome, told)
        await self._log.record_attempt(sent.attempt, cursor, dead)
        return cursor, sent.outcome

    async def _in_flight(self, cursor: Cursor, told: list[Told]) -> Cursor:
        """The cursor once it says durably which events are being sent."""
        first, last = told[0].event.number, told[-1].event.number
        if (cursor.inflight_from, cursor.inflight_to) == (first, last):
            return cursor
        cursor = replace(cursor, inflight_from=first, inflight_to=last, attempt=0, next_at=None)
        await self._log.save_cursor(cursor)
        return cursor

    async def _range(self, cursor: Cursor) -> list[SubscriptionEvent]:
        """The range in flight where there is one, else the next as many as go in one notification, of one topic."""
        first, last = cursor.inflight_from, cursor.inflight_to
        if first:
            events = await self._log.events(self.subscription.id, first, last)
            if len(events) == last - first + 1:
                return events
        events = await self._log.pending(self.subscription.id, self.subscription.delivering.max_count)
        return list(takewhile(lambda event: event.topic == events[0].topic, events))

    def _apart(self, cursor: Cursor, outcome: Outcome, told: list[Told]) -> tuple[Cursor, list[DeadLetter]]:
        """What becomes of a range that is refused for what it holds: halves, in the end the one event put aside."""
        is_enough = cursor.attempt >= POISON_TRIES or (outcome.code == TOO_LARGE and len(told) > 1)
        if outcome.kind != "rejected" or not is_enough:
            return cursor, []
        at_once = replace(cursor, attempt=0, next_at=None)
        if len(told) > 1:
            return replace(at_once, inflight_to=told[(len(told) - 1) // 2].event.number), []
        if self.subscription.delivering.on_poison == "halt":
            return cursor, []
        event = told[0].event
        if told[0].silence == "dead-letter":  # not even its number is taken
            return replace(at_once, delivered_to=event.number, inflight_from=0, inflight_to=0), []
        return at_once, [DeadLetter(event.subscription, event.number, outcome.detail, self._clock())]

    def _after(self, cursor: Cursor, outcome: Outcome) -> Cursor:
        """The cursor after a try: when the next is due, and since when all fail."""
        now = self._clock()
        if outcome.kind == "accepted":
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
            raise SupersededError
        self._followed = version_id

    async def _idle(self, cursor: Cursor) -> None:
        """Wait until there is something to tell, a try or a heartbeat is due, or the subscription is at its end."""
        moments = [(each - self._clock()).total_seconds() for each in (self.subscription.end, cursor.next_at) if each]
        if cursor.next_at is None and (heartbeat_in := self._until_heartbeat(cursor)) is not None:
            moments.append(heartbeat_in)
        waking = asyncio.ensure_future(self._wake.wait())
        sleeping = [asyncio.ensure_future(self._sleep(max(0.0, min(moments))))] if moments else []
        try:
            await asyncio.wait([waking, *sleeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (waking, *sleeping):
                each.cancel()

    def _until_heartbeat(self, cursor: Cursor) -> float | None:
        """Seconds until silence has lasted too long; None where it may last."""
        period = self.subscription.delivering.heartbeat
        if period is None:
            return None
        if cursor.last_sent is None:
            return 0.0
        return period - (self._clock() - cursor.last_sent).total_seconds()

    async def _wait_until_due(self, cursor: Cursor) -> None:
        """Wait for the time of the next try, and no longer than any pause may be: the clock may have been set back."""
        if cursor.next_at is not None:
            until_due = (cursor.next_at - self._clock()).total_seconds()
            await self._sleep(min(max(0.0, until_due), self._retry.ceiling))

    def _has_ended(self) -> bool:
        end: datetime | None = self.subscription.end
        return end is not None and end <= self._clock()
