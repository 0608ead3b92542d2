"""A replay: a range of events told once more, to the same endpoint or to another one.

It runs beside the lane and leaves the lane's cursor as it is. Its notifications have ids of their own, since a receiver
that drops what it has seen would drop them otherwise, and the events keep their numbers. How far it is, is recorded
after each notification, so it goes on after a crash; policy is asked for each event, as at any telling.

An endpoint that the subscription does not name has not shown yet that it wants to be told: it is sent a handshake
first.

Where something could not be recorded it goes on from what is on record, and sends nothing before the record takes
something again.
"""

import asyncio
from itertools import takewhile

from careloom.model import serialize_json
from careloom.model.records import replace
from careloom.notify.courier import MOST_BYTES, Courier, Sent
from careloom.notify.delivery import Delivery
from careloom.notify.notification import handshake
from careloom.notify.retrying import HANDSHAKE_TRIES
from careloom.notify.subscriptions import Subscription
from careloom.store import EventLog, Replay, SubscriptionEvent


class Replaying:
    """Tells one replay to its end; `run` it as a task.

    Args:
        replay: What is to be told, and how far it is.
        subscription: Whose it is, active and of a channel that is served.
        log: Where the events are.
        delivery: What it is delivered with.
    """

    def __init__(self, replay: Replay, subscription: Subscription, log: EventLog, delivery: Delivery) -> None:
        self._replay = replay
        self._subscription = subscription
        self._log = log
        self._desk = delivery.desk
        self._retry = delivery.retry
        self._clock = delivery.clock
        self._random = delivery.random
        self._endpoint = replay.endpoint or subscription.endpoint
        channel = delivery.channels[subscription.channel]
        self._courier = Courier(subscription, channel, delivery.desk, delivery.clock)
        self._has_begun = False

    async def run(self) -> None:
        """Tell what is left of it, or record why that is not possible."""
        replay = self._replay
        if self._has_begun:
            await self._log.save_replay(replay)
        self._has_begun = True
        if replay.endpoint and replay.delivered_to < replay.first and not await self._shakes_hands():
            await self._log.save_replay(replace(replay, status="failed", error="the endpoint took no handshake"))
            return
        while replay.status == "open":
            events = await self._next(replay)
            if not events:
                replay = replace(replay, status="done", error="")
            else:
                replay = await self._told(replay, events)
            await self._log.save_replay(replay)
            self._replay = replay

    async def _next(self, replay: Replay) -> list[SubscriptionEvent]:
        most = self._subscription.delivering.max_count
        last = min(replay.last, replay.delivered_to + most)
        events = await self._log.events(self._subscription.id, replay.delivered_to + 1, last)
        return list(takewhile(lambda event: event.topic == events[0].topic, events))

    async def _told(self, replay: Replay, events: list[SubscriptionEvent]) -> Replay:
        told = await self._desk.told(self._subscription, events, self._subscription.delivering.content)
        id, body = self._courier.written(told, f"replay {replay.id}")
        while len(body) > MOST_BYTES and len(told) > 1:
            told = told[: len(told) // 2]
            id, body = self._courier.written(told, f"replay {replay.id}")
        first, last = told[0].event.number, told[-1].event.number
        sent = await self._until_accepted(id, body, first, last)
        if sent is None:
            return replace(replay, status="failed", error="given up: the endpoint did not take it")
        await self._desk.delivered(self._subscription, told, again=True)
        return replace(replay, delivered_to=last)

    async def _shakes_hands(self) -> bool:
        now = self._clock()
        bundle = handshake(self._desk.base_url, self._subscription, f"replay {self._replay.id}", now, 0)
        body = serialize_json(bundle)
        for number in range(1, HANDSHAKE_TRIES + 1):
            if (await self._try(bundle["id"], body, 0, 0, number)).outcome.kind == "accepted":
                return True
            await asyncio.sleep(self._retry.pause(number, None, self._random))
        return False

    async def _until_accepted(self, id: str, body: bytes, first: int, last: int) -> Sent | None:
        """The try that was accepted; None where there is no point in trying on."""
        since, number = self._clock(), 0
        while True:
            number += 1
            sent = await self._try(id, body, first, last, number)
            if sent.outcome.kind == "accepted":
                return sent
            is_spent = self._clock() - since >= self._retry.budget
            if sent.outcome.kind in ("gone", "refused", "rejected") or is_spent:
                return None
            await asyncio.sleep(self._retry.pause(number, sent.outcome.retry_after, self._random))

    async def _try(self, id: str, body: bytes, first: int, last: int, number: int) -> Sent:
        async with self._desk.abreast(self._subscription, self._endpoint):
            sent = await self._courier.send(id, body, first=first, last=last, number=number, endpoint=self._endpoint)
        await self._log.record_attempts([sent.attempt])
        return sent
