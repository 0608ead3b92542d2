"""A lane: the events of one subscription, delivered in order, at least once, by one task.

What a lane sends is a function of its cursor and the events behind it. After a crash what was in flight goes out again:
same events, same Bundle id, same ``webhook-id``, same bytes (see `careloom.notify.in_order`). So a receiver that
remembers ids sees each event once, and none is ever skipped, since the cursor moves on only when the receiver has said
2xx.

A failing endpoint is tried again after a pause that doubles, chosen at random below its bound so that a thousand lanes
do not return together. When the budget is spent the subscription goes to ``error``: its events are still numbered and
kept, and delivered when the client asks for it again by setting ``requested``; the hub never asks for it by itself.

What a receiver refuses for what it holds (413, 422 and the like) is taken apart: a range by halves, until the one event
is found that is not taken. That one then holds up those behind it, or is put aside, as the subscription has chosen.

A lane that could not record what it has sent begins anew, and sends nothing before that is on record.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from careloom.model import Resource, serialize_json
from careloom.model.errors import CareloomError
from careloom.model.records import replace
from careloom.notify.backlog import Backlog
from careloom.notify.book import Book, Entry
from careloom.notify.by_patient import ByPatient
from careloom.notify.courier import Courier
from careloom.notify.delivery import Delivery
from careloom.notify.in_order import InOrder
from careloom.notify.notification import handshake, heartbeat
from careloom.notify.rest_hook import Outcome
from careloom.notify.retrying import HANDSHAKE_TRIES
from careloom.notify.subscriptions import Status, Subscription
from careloom.store import Cursor, EventLog, LaneStart, LeaseLostError, SubscriptionEvent

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
        delivery: Delivery,
        *,
        sleep: Sleep = asyncio.sleep,
        start: LaneStart | None = None,
    ) -> None:
        """Make a lane; `run` starts it.

        Args:
            subscription: As its resource says now.
            version_id: Of that resource; a handshake is made once for each version that asks for one.
            log: Where events and cursors are kept.
            delivery: What it delivers with; the channel of the subscription is among it.
            sleep: Waits so many seconds.
            start: Where it stands, for the first run, where that was read already.
        """
        self.subscription = subscription
        self.version_id = version_id
        self._log = log
        channel = delivery.channels[subscription.channel]
        self._courier = Courier(subscription, channel, delivery.desk, delivery.clock)
        self._backlog = Backlog(subscription.id, log)
        self._book = Book(subscription, log, delivery.desk)
        self._dead: set[int] = set()
        self._wake = asyncio.Event()
        self._in_order = InOrder(
            subscription,
            log,
            self._backlog,
            self._courier,
            delivery,
            book=self._book,
            after=self._after,
            dead=self._dead,
            news=self._wake,
        )
        self._by_patient = ByPatient(
            subscription, log, self._backlog, self._courier, delivery, dead=self._dead, news=self._wake
        )
        self._desk = delivery.desk
        self._retry = delivery.retry
        self._clock = delivery.clock
        self._random = delivery.random
        self._sleep = sleep
        self._followed = version_id
        self._start = start
        self._handshake: tuple[Resource, int] | None = None
        self._failed_at: datetime | None = None
        if start is not None:
            self._backlog.starts_with(start.last_number)

    def wake(self, events: Sequence[SubscriptionEvent] = ()) -> None:
        """There is something to deliver: these events, or some that are in the log."""
        if events:
            self._backlog.feed(events)
        else:
            self._backlog.doubt()
        self._wake.set()

    def wake_to(self, newest: int) -> None:
        """There is something to deliver, up to a number."""
        self._backlog.hear_of(newest)
        self._wake.set()

    async def run(self) -> None:
        """Shake hands if asked to, then deliver until the subscription is off, in error, or another than it was.

        It ends, too, when another process has the lane: whatever this one still sent would come out of order.
        """
        with contextlib.suppress(SupersededError, LeaseLostError):
            try:
                await self._run()
            finally:
                await self._by_patient.stop()
                with contextlib.suppress(CareloomError, LeaseLostError):  # what is not on record is sent again
                    await self._in_order.settled()

    async def _run(self) -> None:
        await self._book.pay()
        await self._by_patient.pay()
        cursor = replace(await self._stands(), status=self.subscription.status)
        if cursor.status == "requested":  # whoever asks anew does not wait for the pause of what failed before
            cursor = replace(cursor, attempt=0, next_at=None)
        await self._wait_until_due(cursor)
        while cursor.status in ("requested", "active"):
            self._wake.clear()
            if not self._in_order.is_recording:
                await self._in_order.settled()
            if self._has_ended():
                await self._settle(cursor, "off", "the subscription's end has passed")
                return
            attempt = await self._due(cursor)
            if attempt is None:
                await self._idle(cursor)
                continue
            cursor, outcome = await attempt(cursor)
            cursor = await self._judged(cursor, outcome)

    async def _stands(self) -> Cursor:
        """Where the subscription stands, and what of it was put aside."""
        start, self._start = self._start, None
        if start is None:
            self._backlog.doubt()
        cursor = start.cursor if start else await self._log.cursor(self.subscription.id)
        self._dead.clear()
        if cursor.delivered_to < await self._backlog.newest():
            letters = await self._log.dead_letters(self.subscription.id, cursor.delivered_to + 1)
            self._dead.update(letter.number for letter in letters)
        return cursor

    async def _due(self, cursor: Cursor) -> "Callable[[Cursor], Awaitable[tuple[Cursor, Outcome]]] | None":
        """What is to be sent now; None where there is nothing."""
        if cursor.status == "requested":
            return self._try_handshake
        if await self._backlog.newest() > cursor.delivered_to:
            return self._by_patient.round if self.subscription.delivering.order == "patient" else self._in_order.round
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
            if self._by_patient.is_idle:
                await self._idle(cursor)
        else:
            await self._wait_until_due(cursor)
        return cursor

    async def _try_handshake(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        if self._handshake is None:  # one for all tries: what has the same id has the same bytes
            count = await self._log.last_number(self.subscription.id)
            made = handshake(self._desk.base_url, self.subscription, self.version_id, self._clock(), count)
            self._handshake = made, count
        bundle, count = self._handshake
        cursor, outcome = await self._send_bare(cursor, bundle)
        if outcome.kind == "accepted":
            await self._set_status("active")
            cursor = replace(cursor, status="active")
            if self.subscription.delivering.resume == "now":
                cursor = replace(cursor, delivered_to=count, inflight_from=0, inflight_to=0)
            await self._log.save_cursor(cursor)
            self.subscription = replace(self.subscription, status="active")
        return cursor, outcome

    async def _try_heartbeat(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        bundle = heartbeat(self._desk.base_url, self.subscription, self._clock(), cursor.delivered_to)
        return await self._send_bare(cursor, bundle)

    async def _send_bare(self, cursor: Cursor, bundle: Resource) -> tuple[Cursor, Outcome]:
        """Send what has no events, and record the try."""
        await self._in_order.settled()
        body = serialize_json(bundle)
        async with self._desk.abreast(self.subscription, self.subscription.endpoint):
            sent = await self._courier.send(bundle["id"], body, first=0, last=0, number=cursor.attempt + 1)
        cursor = self._after(cursor, sent.outcome)
        self._book.owe(Entry([sent.attempt], cursor))
        await self._book.pay()
        return cursor, sent.outcome

    def _after(self, cursor: Cursor, outcome: Outcome) -> Cursor:
        """The cursor after a try: when the next is due, and since when all fail."""
        now = self._clock()
        if outcome.kind == "accepted":
            return replace(cursor, attempt=0, next_at=None, failing_since=None, last_sent=now, error="")
        self._failed_at = now
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
        await self._in_order.settled()
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
        moments = [(self.subscription.end - self._clock()).total_seconds()] if self.subscription.end else []
        if cursor.next_at is not None:
            moments.append(self._until_due(cursor.next_at))
        if cursor.next_at is None and (heartbeat_in := self._until_heartbeat(cursor)) is not None:
            moments.append(heartbeat_in)
        if not moments:
            await self._wake.wait()
            return
        waking = asyncio.ensure_future(self._wake.wait())
        sleeping = asyncio.ensure_future(self._sleep(max(0.0, min(moments))))
        try:
            await asyncio.wait([waking, sleeping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            sleeping.cancel()

    def _until_heartbeat(self, cursor: Cursor) -> float | None:
        """Seconds until silence has lasted too long; None where it may last."""
        period = self.subscription.delivering.heartbeat
        if period is None:
            return None
        if cursor.last_sent is None:
            return 0.0
        silence = (self._clock() - cursor.last_sent).total_seconds()
        return period - silence if silence >= 0 else 0.0  # the clock was set back: nobody knows how long it has lasted

    async def _wait_until_due(self, cursor: Cursor) -> None:
        """Wait for the time of the next try, or the subscription's end."""
        if cursor.next_at is not None:
            end = self.subscription.end
            until_end = (end - self._clock()).total_seconds() if end else self._retry.ceiling
            await self._sleep(max(0.0, min(self._until_due(cursor.next_at), until_end)))

    def _until_due(self, next_at: datetime) -> float:
        """Seconds until the next try.

        They are none where the clock was set back since the last one, and no more than any pause may have where that
        was before this lane began.
        """
        now = self._clock()
        if self._failed_at is not None and now < self._failed_at:
            return 0.0
        return min(max(0.0, (next_at - now).total_seconds()), self._retry.ceiling)

    def _has_ended(self) -> bool:
        end: datetime | None = self.subscription.end
        return end is not None and end <= self._clock()
