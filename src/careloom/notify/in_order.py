"""Order by subscription: one notification after the other, each after the one before was accepted.

What goes out together is a **range**. Where several events may stand in one notification, which ones do is a choice:
it is written to the cursor before it is sent, and after a crash the same range goes out again under the same id with
the same bytes. Where each has a notification of its own there is nothing to choose: id and bytes follow from the event,
and what comes next from the last number that was accepted. So the range is then up to `WINDOW` notifications, sent one
after the other without a commit in between; a crash repeats what of them was accepted, as it was.

When a range is accepted, who was told of what goes on record, and then, in one commit, the tries, where the cursor
stands, and the next range. So a lane that has much to tell commits twice in a range, however many events that is. One
that has little sends each event at once, and leaves the record for a moment: what comes meanwhile is recorded together,
and where one change is told to a hundred, the last of them is not kept waiting for the records of the others. Nor does
the next range wait: it is sent while the one before is recorded, and is itself recorded behind it. So after a crash two
ranges at most are sent again. What cannot be recorded is not sent again, but recorded later (`careloom.notify.book`).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Final

from careloom.model.errors import CareloomError
from careloom.model.records import dataclass, field, replace
from careloom.notify.backlog import Backlog
from careloom.notify.book import Book, Entry
from careloom.notify.courier import MOST_BYTES, Courier
from careloom.notify.delivery import Delivery
from careloom.notify.notification import Told
from careloom.notify.rest_hook import TOO_LARGE, Outcome
from careloom.notify.retrying import POISON_TRIES
from careloom.notify.subscriptions import Subscription
from careloom.store import Attempt, Cursor, DeadLetter, EventLog, SubscriptionEvent

WINDOW: Final = 64
"""Notifications of one event each that are sent between two looks at the cursor."""

WINDOW_SECONDS: Final = 1.0
"""A window that has lasted so long is closed, however slow the receiver is."""

LINGER_SECONDS: Final = 0.05
"""How long the record of what was accepted may wait for more to be told, and for others to send theirs first."""

_ACCEPTED: Final = Outcome("accepted")


class InOrder:
    """Delivers the events of one subscription in order; one `round` after the other.

    Args:
        subscription: Whose events they are.
        log: Where events and cursors are kept.
        backlog: The events that are left.
        courier: Sends.
        delivery: What is delivered with.
        book: Where what was sent goes on record.
        after: The cursor after a try, by its outcome.
        dead: Numbers of the events that were put aside; added to.
        news: Set when there is something to look at.
    """

    def __init__(
        self,
        subscription: Subscription,
        log: EventLog,
        backlog: Backlog,
        courier: Courier,
        delivery: Delivery,
        *,
        book: Book,
        after: Callable[[Cursor, Outcome], Cursor],
        dead: set[int],
        news: asyncio.Event,
    ) -> None:
        self._subscription = subscription
        self._log = log
        self._backlog = backlog
        self._courier = courier
        self._desk = delivery.desk
        self._book = book
        self._after = after
        self._dead = dead
        self._news = news
        self._clock = delivery.clock
        self._recording: asyncio.Task[None] | None = None

    async def round(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        """Send the next range, and record the tries together with where they leave the cursor.

        Who was told what goes on record before the cursor moves: after a crash in between the receiver is told again
        and the record says so twice, but nobody is ever told without a record of it.
        """
        events = await self._range(cursor)
        if not events:  # they are not held any more
            oldest = await self._log.first_number(self._subscription.id)
            return replace(cursor, delivered_to=max(cursor.delivered_to, oldest - 1)), _ACCEPTED
        if self._subscription.delivering.max_count > 1:
            return await self._together(cursor, events)
        return await self._one_by_one(cursor, events)

    async def _range(self, cursor: Cursor) -> list[SubscriptionEvent]:
        """The range in flight where there is one, else the next as many as go out together, of one topic."""
        first, last = cursor.inflight_from, cursor.inflight_to
        if first:
            most = min(self._most, last - first + 1)
            events = await self._backlog.read(first - 1, most)
            if len(events) == most:
                return events
        return _of_one_topic(await self._backlog.read(cursor.delivered_to, self._most))

    @property
    def _most(self) -> int:
        most = self._subscription.delivering.max_count
        return WINDOW if most == 1 else most

    async def _one_by_one(self, cursor: Cursor, events: Sequence[SubscriptionEvent]) -> tuple[Cursor, Outcome]:
        """A window of notifications of one event each, up to the first that is not accepted."""
        first, last = events[0].number, events[-1].number
        if (cursor.inflight_from, cursor.inflight_to) != (first, last):
            cursor = replace(cursor, inflight_from=first, inflight_to=last, attempt=0, next_at=None)
        window = _Window(cursor.attempt)
        try:
            while events and not window.is_closed:
                await self._send_each(events, window)
                events = await self._more(events[-1], window)
                if events:
                    cursor = replace(cursor, inflight_to=max(cursor.inflight_to, events[-1].number))
        except asyncio.CancelledError:  # the lane ends: what was accepted goes on record all the same
            with suppress(CareloomError):
                await self._recorded(cursor, window)
            raise
        return await (self._recorded if window.refused else self._left_to_record)(cursor, window)

    async def _send_each(self, events: Sequence[SubscriptionEvent], window: "_Window") -> None:
        for event in events:
            [told] = await self._told([event])
            number = 1 if window.tries else window.attempt + 1
            window.outcome, attempt = await self._sent([told], number)
            window.tries.append(attempt)
            if window.outcome.kind != "accepted":
                window.refused = told
                return
            window.told.append(told)
            if window.is_closed:
                return

    async def _more(self, last: SubscriptionEvent, window: "_Window") -> list[SubscriptionEvent]:
        """What is handed in soon after, to be sent before the record of what was sent."""
        if window.is_closed:
            return []
        seconds = window.began + LINGER_SECONDS - _now()
        found = await self._backlog.wait(last.number, WINDOW - len(window.tries), seconds)
        return list(takewhile(lambda event: event.topic == last.topic, found))

    async def _together(self, cursor: Cursor, events: Sequence[SubscriptionEvent]) -> tuple[Cursor, Outcome]:
        """One notification of all, or of as many as it may hold."""
        told = await self._told(events)
        id, body = self._courier.written(told)
        while len(body) > MOST_BYTES and len(told) > 1:
            told = told[: len(told) // 2]
            id, body = self._courier.written(told)
        first, last = told[0].event.number, told[-1].event.number
        cursor = await self._in_flight(cursor, first, last)
        async with self._desk.abreast(self._subscription, self._subscription.endpoint):
            sent = await self._courier.send(id, body, first=first, last=last, number=cursor.attempt + 1)
        if sent.outcome.kind == "accepted":
            return await self._recorded(cursor, _Window(0, list(told), [sent.attempt]))
        cursor, dead = self._apart(self._after(cursor, sent.outcome), sent.outcome, told)
        self._book.owe(Entry([sent.attempt], cursor, dead=dead))
        await self._book.pay()
        return cursor, sent.outcome

    async def _left_to_record(self, cursor: Cursor, window: "_Window") -> tuple[Cursor, Outcome]:
        """Where a window that was accepted leaves the cursor; the record of it is made while the next one is sent."""
        cursor = self._moved(self._after(cursor, _ACCEPTED), window.told[-1].event.number)
        self._book.owe(Entry(window.tries, cursor, window.told))
        await self.settled()
        self._recording = asyncio.create_task(self._book.pay())
        self._recording.add_done_callback(self._wake_if_failed)
        return cursor, _ACCEPTED

    def _wake_if_failed(self, recording: "asyncio.Task[None]") -> None:
        if recording.cancelled() or recording.exception():
            self._news.set()

    @property
    def is_recording(self) -> bool:
        """Whether a record is under way."""
        return self._recording is not None and not self._recording.done()

    async def settled(self) -> None:
        """Wait until all that was accepted is on record.

        Raises:
            CareloomError: It cannot be recorded, and is owed.
            LeaseLostError: Another process has the lane.
        """
        recording = self._recording
        if recording is None:
            return
        try:
            await asyncio.shield(recording)  # a lane that ends does not end the record of what it has sent
        finally:
            if recording.done():
                self._recording = None

    async def _recorded(self, cursor: Cursor, window: "_Window") -> tuple[Cursor, Outcome]:
        """Put on record what was accepted, and what was not after it."""
        if window.told:
            cursor = self._moved(self._after(cursor, _ACCEPTED), window.told[-1].event.number)
        dead: list[DeadLetter] = []
        if window.refused is not None:
            cursor, dead = self._apart(self._after(cursor, window.outcome), window.outcome, [window.refused])
        self._book.owe(Entry(window.tries, cursor, window.told, dead))
        await self.settled()
        await self._book.pay()
        return cursor, window.outcome

    def _moved(self, cursor: Cursor, to: int) -> Cursor:
        """The cursor behind what was accepted, with what is left of the range, or with the next one."""
        if to < cursor.inflight_to:
            return replace(cursor, delivered_to=to, inflight_from=to + 1)
        upcoming = _of_one_topic(self._backlog.next(to, self._most))
        first, last = (upcoming[0].number, upcoming[-1].number) if upcoming else (0, 0)
        return replace(cursor, delivered_to=to, inflight_from=first, inflight_to=last)

    async def _in_flight(self, cursor: Cursor, first: int, last: int) -> Cursor:
        """The cursor once it says durably which events are being sent."""
        if (cursor.inflight_from, cursor.inflight_to) == (first, last):
            return cursor
        cursor = replace(cursor, inflight_from=first, inflight_to=last, attempt=0, next_at=None)
        await self._log.save_cursor(cursor)
        return cursor

    async def _told(self, events: Sequence[SubscriptionEvent]) -> list[Told]:
        content = self._subscription.delivering.content
        return await self._desk.told(self._subscription, events, content, dead=self._dead)

    async def _sent(self, told: Sequence[Told], number: int) -> tuple[Outcome, Attempt]:
        id, body = self._courier.written(told)
        first, last = told[0].event.number, told[-1].event.number
        async with self._desk.abreast(self._subscription, self._subscription.endpoint):
            sent = await self._courier.send(id, body, first=first, last=last, number=number)
        return sent.outcome, sent.attempt

    def _apart(self, cursor: Cursor, outcome: Outcome, told: Sequence[Told]) -> tuple[Cursor, list[DeadLetter]]:
        """What becomes of a range that is refused for what it holds: halves, in the end the one event put aside."""
        is_enough = cursor.attempt >= POISON_TRIES or (outcome.code == TOO_LARGE and len(told) > 1)
        if outcome.kind != "rejected" or not is_enough:
            return cursor, []
        at_once = replace(cursor, attempt=0, next_at=None)
        if len(told) > 1:
            return replace(at_once, inflight_to=told[(len(told) - 1) // 2].event.number), []
        if self._subscription.delivering.on_poison == "halt":
            return cursor, []
        event = told[0].event
        if told[0].silence == "dead-letter":  # not even its number is taken
            return self._moved(at_once, event.number), []
        self._dead.add(event.number)
        return at_once, [DeadLetter(event.subscription, event.number, outcome.detail, self._clock())]


def _of_one_topic(events: Sequence[SubscriptionEvent]) -> list[SubscriptionEvent]:
    return list(takewhile(lambda event: event.topic == events[0].topic, events))


@dataclass(slots=True)
class _Window:
    """What was sent since the cursor was last recorded.

    Attributes:
        attempt: How often the first of it was tried before.
        told: What was accepted.
        tries: All of it.
        refused: What was not accepted, which is the last.
        outcome: Of the last try.
        began: When, by the clock of the event loop.
    """

    attempt: int
    told: list[Told] = field(default_factory=list)
    tries: list[Attempt] = field(default_factory=list)
    refused: Told | None = None
    outcome: Outcome = _ACCEPTED
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    @property
    def is_closed(self) -> bool:
        """Whether nothing more goes into it."""
        is_full = len(self.tries) >= WINDOW or _now() > self.began + WINDOW_SECONDS
        return is_full or self.refused is not None


def _now() -> float:
    return asyncio.get_running_loop().time()
