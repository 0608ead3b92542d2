"""Order by patient: the events of one patient one after the other, those of different patients side by side.

A subscriber that keeps patients apart loses nothing by hearing of two of them in either order, and gains that neither
a slow answer nor an event it cannot take holds up the rest. Each notification tells of one event, so its id and bytes
follow from the event alone and nothing about it has to be written down before it is sent. The cursor follows the last
number up to which all are accepted; what was accepted beyond that is known to this process, and after a crash goes out
again as it was, at most `MOST_AHEAD` of it. What was accepted and cannot be recorded is owed, and not sent again.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from careloom.model.records import dataclass, replace
from careloom.notify.backlog import Backlog
from careloom.notify.book import Book, Entry
from careloom.notify.courier import Courier, Sent
from careloom.notify.delivery import Delivery
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.retrying import POISON_TRIES
from careloom.notify.subscriptions import Subscription
from careloom.store import Cursor, DeadLetter, EventLog, SubscriptionEvent

WINDOW: Final = 64
"""Events that are taken up at a time, and patients who are told of at a time."""

IN_A_ROW: Final = 16
"""Events of one patient that are told between two looks at the cursor."""

MOST_AHEAD: Final = 1024
"""How far others are told ahead of an event that is not accepted."""

_ACCEPTED: Final = Outcome("accepted")


@dataclass(slots=True)
class _Trouble:
    """What a patient's next event has come to."""

    attempt: int
    failed_at: datetime
    next_at: datetime
    since: datetime
    outcome: Outcome


class ByPatient:
    """Delivers the events of one subscription by patient; one `round` after the other, and `stop` at the end.

    Args:
        subscription: Whose events they are.
        log: Where events and cursors are kept.
        backlog: The events that are left.
        courier: Sends.
        delivery: What is delivered with.
        dead: Numbers of the events that were put aside; added to.
        news: Set when there may be more events.

    Attributes:
        is_idle: Whether the last round has left nothing that another could do now.
    """

    def __init__(
        self,
        subscription: Subscription,
        log: EventLog,
        backlog: Backlog,
        courier: Courier,
        delivery: Delivery,
        *,
        dead: set[int],
        news: asyncio.Event,
    ) -> None:
        self._subscription = subscription
        self._log = log
        self._backlog = backlog
        self._courier = courier
        self._desk = delivery.desk
        self._dead = dead
        self._news = news
        self._retry = delivery.retry
        self._clock = delivery.clock
        self._random = delivery.random
        self._open: dict[int, SubscriptionEvent] = {}
        self._books: dict[int, Book] = {}
        self._read_to = 0
        self._troubles: dict[str, _Trouble] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._has_told = False
        self.is_idle = True

    async def round(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        """Begin to tell each patient's events that are due, and move the cursor as far as all are accepted.

        It lasts until the first of them are told, or there are more: who is slow keeps neither waiting.
        """
        await self._take_up(cursor.delivered_to)
        if not self._open and self._read_to <= cursor.delivered_to:  # they are not held any more
            oldest = await self._log.first_number(self._subscription.id)
            return replace(cursor, delivered_to=max(cursor.delivered_to, oldest - 1)), _ACCEPTED
        self._begin()
        await self._until_some_are_told()
        cursor, outcome = await self._moved(cursor)
        self.is_idle = (
            not self._telling and not self._due() and self._read_to >= await self._furthest(cursor.delivered_to)
        )
        if outcome.kind in ("gone", "refused"):
            await self.stop()
        return cursor, outcome

    async def stop(self) -> None:
        """Tell nothing more; what is on its way may arrive, and goes out again, as it was, with the next start."""
        telling, self._telling = [*self._telling.values()], {}
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)

    async def pay(self) -> None:
        """Record what was accepted and could not be recorded; none are being told meanwhile.

        Raises:
            CareloomError: It cannot be recorded, and is owed as before.
        """
        for number in sorted(self._books):
            await self._pay(self._open[number])

    async def _take_up(self, delivered_to: int) -> None:
        """Read the next events, as far ahead as may be told, while few are on their way."""
        self._read_to = max(self._read_to, delivered_to)
        furthest = await self._furthest(delivered_to)
        while len(self._telling) + len(self._due()) < WINDOW:
            last = min(self._read_to + WINDOW, furthest)
            if last <= self._read_to:
                return
            events = await self._log.events(self._subscription.id, self._read_to + 1, last)
            for event in events:
                self._open[event.number] = event
                self._read_to = event.number
            if not events:
                return

    async def _furthest(self, delivered_to: int) -> int:
        return min(delivered_to + MOST_AHEAD, await self._backlog.newest())

    def _begin(self) -> None:
        """Tell those who are due and are not being told."""
        for patient, chain in self._due().items():
            if len(self._telling) < WINDOW:
                self._telling[patient] = asyncio.create_task(self._tell(chain[:IN_A_ROW]))

    def _due(self) -> dict[str, list[SubscriptionEvent]]:
        return {
            patient: chain
            for patient, chain in self._chains().items()
            if patient not in self._telling and self._is_due(patient)
        }

    async def _until_some_are_told(self) -> None:
        """Wait for the first of those being told, for more events, or for the time of another try.

        Raises:
            CareloomError: One of them could not be put on record.
        """
        if not self._telling:
            return
        news = asyncio.create_task(self._news.wait())
        try:
            waiting = (*self._telling.values(), news)
            await asyncio.wait(waiting, timeout=self._until_due(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        told = [patient for patient, task in self._telling.items() if task.done()]
        errors = [error for patient in told if (error := self._telling.pop(patient).exception())]
        if errors:
            raise errors[0]

    def _until_due(self) -> float | None:
        """Seconds until another try of somebody who is not being told; None where there is none to wait for."""
        if len(self._telling) >= WINDOW:
            return None
        moments = [each.next_at for patient, each in self._troubles.items() if patient not in self._telling]
        if not moments:
            return None
        return min(max(0.0, (min(moments) - self._clock()).total_seconds()), self._retry.ceiling)

    def _chains(self) -> dict[str, list[SubscriptionEvent]]:
        chains: dict[str, list[SubscriptionEvent]] = {}
        for event in self._open.values():
            chains.setdefault(event.patient, []).append(event)
        return chains

    def _is_due(self, patient: str) -> bool:
        trouble = self._troubles.get(patient)
        return trouble is None or not trouble.failed_at <= self._clock() < trouble.next_at  # it may be set back

    async def _tell(self, chain: Sequence[SubscriptionEvent]) -> None:
        """One patient's events in their order, until one is not accepted."""
        for event in chain:
            if not await self._tell_one(event):
                return

    async def _tell_one(self, event: SubscriptionEvent) -> bool:
        content = self._subscription.delivering.content
        [told] = await self._desk.told(self._subscription, [event], content, dead=self._dead)
        id, body = self._courier.written([told])
        trouble = self._troubles.get(event.patient)
        async with self._desk.abreast(self._subscription, self._subscription.endpoint):
            sent = await self._courier.send(
                id, body, first=event.number, last=event.number, number=trouble.attempt + 1 if trouble else 1
            )
        if sent.outcome.kind == "accepted":
            self._books[event.number] = Book(self._subscription, self._log, self._desk)
            self._books[event.number].owe(Entry([sent.attempt], told=[told]))
            await self._pay(event)
            return True
        await self._failed(event, told, sent)
        return False

    async def _pay(self, event: SubscriptionEvent) -> None:
        """Put on record that an event was accepted."""
        await self._books[event.number].pay()
        self._has_told = True
        del self._books[event.number], self._open[event.number]
        self._troubles.pop(event.patient, None)

    async def _failed(self, event: SubscriptionEvent, told: Told, sent: Sent) -> None:
        now, former = self._clock(), self._troubles.get(event.patient)
        attempt = former.attempt + 1 if former else 1
        pause = self._retry.pause(attempt, sent.outcome.retry_after, self._random)
        next_at = now + timedelta(seconds=pause)
        self._troubles[event.patient] = _Trouble(attempt, now, next_at, former.since if former else now, sent.outcome)
        dead = []
        if self._is_poison(sent.outcome, attempt):
            self._troubles.pop(event.patient)
            if told.silence == "dead-letter":
                del self._open[event.number]
            else:
                self._dead.add(event.number)
                dead = [DeadLetter(event.subscription, event.number, sent.outcome.detail, now)]
        await self._log.record_attempts([sent.attempt], None, dead)

    def _is_poison(self, outcome: Outcome, attempt: int) -> bool:
        is_refused = outcome.kind == "rejected" and attempt >= POISON_TRIES
        return is_refused and self._subscription.delivering.on_poison == "dead-letter"

    async def _moved(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        """Where a round leaves the subscription: not well as long as one patient's events are not accepted."""
        last = min(self._open, default=self._read_to + 1) - 1
        moved = replace(cursor, delivered_to=last, inflight_from=0, inflight_to=0)
        if self._has_told:
            moved = replace(moved, last_sent=self._clock())
        moved, outcome = self._troubled(moved) if self._troubles else (self._well(moved), _ACCEPTED)
        self._has_told = False
        if moved != cursor:
            await self._log.save_cursor(moved)
        return moved, outcome

    def _well(self, cursor: Cursor) -> Cursor:
        return replace(cursor, attempt=0, next_at=None, failing_since=None, error="")

    def _troubled(self, cursor: Cursor) -> tuple[Cursor, Outcome]:
        troubles = list(self._troubles.values())
        worst = min(troubles, key=lambda each: each.since)
        final = [each.outcome for each in troubles if each.outcome.kind in ("gone", "refused")]
        cursor = replace(
            cursor,
            attempt=worst.attempt,
            next_at=min(each.next_at for each in troubles),
            failing_since=worst.since,
            error=worst.outcome.detail,
        )
        return cursor, final[0] if final else worst.outcome
