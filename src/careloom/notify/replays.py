"""The replays that a process runs: one task for each order that is open, kept in step with its subscription.

An order is for the subscription as it was when it was given. While the subscription waits for its handshake or is in
error the order waits, too, since nobody says then that its endpoint wants to be told; once it is off or deleted the
order is given up, since nobody is to be told anything any more.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from careloom.model.errors import CareloomError
from careloom.model.records import replace
from careloom.notify.delivery import Delivery
from careloom.notify.lanes import LONGEST_PAUSE, supervised
from careloom.notify.replaying import Replaying
from careloom.notify.subscriptions import Subscription, read_subscription
from careloom.notify.topics import TopicRegistry
from careloom.store import EventLog, Replay, Repository, Version

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for orders, which any process may have taken."""

MOST_OPEN: Final = 10
"""How many of one client may be open at a time unless the settings say otherwise."""

_GONE: Final = "the subscription is off or was deleted"


class Replays:
    """Runs replays; `run` it as a task, `stop` it on the same event loop.

    Args:
        repository: The record.
        topics: Those in force.
        delivery: What they deliver with.
        log: Where the orders are, and how far they are.
    """

    def __init__(self, repository: Repository, topics: TopicRegistry, delivery: Delivery, log: EventLog) -> None:
        self._repository = repository
        self._topics = topics
        self._delivery = delivery
        self._log = log
        self._running: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Start what is asked for, by whichever process, and end what is not to be told any more."""
        while True:
            await self._end([id for id, (_, task) in self._running.items() if task.done()])  # before it is read again
            for order in await self._log.open_replays():
                await self._follow(order)
            await asyncio.sleep(LOOK_EVERY)

    async def stop(self) -> None:
        """End all of them; what is not told yet is told after the next start."""
        await self._end([*self._running])

    async def _follow(self, order: Replay) -> None:
        """Bring the task of an order into step with the version of its subscription.

        One that is ended is started at the next look, from where it has come to by then.
        """
        version = await self._repository.read("Subscription", order.subscription)
        if version is None or version.resource is None or version.resource.get("status") == "off":
            await self._end([order.id])
            await self._log.save_replay(replace(order, status="failed", error=_GONE))
        elif order.id not in self._running:
            self._start(order, version)
        elif self._running[order.id][0] != version.version_id:
            await self._end([order.id])

    def _start(self, order: Replay, version: Version) -> None:
        subscription = self._active(version)
        if subscription is None:
            return
        replaying = Replaying(order, subscription, self._log, self._delivery)
        task = asyncio.create_task(supervised(f"replay {order.id}", replaying.run, longest=LONGEST_PAUSE))
        self._running[order.id] = (version.version_id, task)

    def _active(self, version: Version) -> Subscription | None:
        """The subscription; None where it is not to be told now, or cannot be served any more."""
        assert version.resource is not None
        try:
            subscription = read_subscription(version.resource, self._topics)
        except CareloomError:  # which whoever matches says in its status
            return None
        is_told = subscription.status == "active" and subscription.channel in self._delivery.channels
        return subscription if is_told else None

    async def _end(self, ids: Sequence[str]) -> None:
        tasks = [self._running.pop(id)[1] for id in ids if id in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
