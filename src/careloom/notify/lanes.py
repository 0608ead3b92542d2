"""The lanes that a process runs: one for each subscription that is requested or active, kept in step with it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from careloom.model.errors import CareloomError
from careloom.notify.delivery import Delivery
from careloom.notify.lane import Lane
from careloom.notify.states import CAUSE
from careloom.notify.subscriptions import Subscription, read_subscription
from careloom.notify.topics import TopicRegistry
from careloom.store import Change, EventLog, LaneStart, Repository, SubscriptionEvent, Version

RESTART_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
"""Seconds before what has failed is tried again; what sends waits twice as long at each failure, up to the longest."""

LogOf = Callable[[str], EventLog | None]
"""The event log as the lane of a subscription writes it; None where that lane is not this process's to run."""

_log = structlog.get_logger("careloom.notify")


class Lanes:
    """Runs lanes; an event loop's own.

    Args:
        repository: The record.
        topics: Those in force.
        delivery: What they deliver with.
        log_of: Which lanes are this process's, and where they write.
    """

    def __init__(self, repository: Repository, topics: TopicRegistry, delivery: Delivery, log_of: LogOf) -> None:
        self._repository = repository
        self._topics = topics
        self._delivery = delivery
        self._log_of = log_of
        self._running: dict[str, tuple[Lane, asyncio.Task[None]]] = {}

    def start(self, versions: Sequence[Version], stands: Mapping[str, LaneStart]) -> None:
        """Run the lanes of subscriptions from where they stand; they were read after that."""
        for version in versions:
            self.follow(version, stands.get(version.id))

    async def stop(self) -> None:
        """End all of them."""
        await self.end_where(lambda id: True)

    async def end_where(self, is_ended: Callable[[str], bool]) -> None:
        """End those of some subscriptions, and return when they send and write nothing more."""
        await self._end([id for id in self._running if is_ended(id)])

    async def changed(self, change: Change) -> None:
        """A Subscription was changed."""
        version = await self._repository.read("Subscription", change.id)
        if version is None or version.resource is None:
            await self._end([change.id])
        elif change.cause != CAUSE and version.version_id == change.version_id:
            running = self._running.get(change.id)
            if running is None or running[0].version_id != version.version_id:  # else it was found at the start
                await self._end([change.id])
                self.follow(version)

    def follow(self, version: Version, start: LaneStart | None = None) -> None:
        """Run the lane of a subscription as its resource asks, where it is ours and does not run yet."""
        log = self._log_of(version.id)
        if log is None or version.resource is None or version.id in self._running:
            return
        try:
            subscription = read_subscription(version.resource, self._topics)
        except CareloomError as error:
            _log.error("subscription cannot be served", id=version.id, error=str(error))
            return
        if subscription.status in ("requested", "active") and subscription.channel in self._delivery.channels:
            self._run(subscription, version.version_id, log, start)

    def wake(self, events: Sequence[SubscriptionEvent]) -> None:
        """Hand lanes the events that were just numbered."""
        by_subscription: dict[str, list[SubscriptionEvent]] = {}
        for event in events:
            by_subscription.setdefault(event.subscription, []).append(event)
        for id in by_subscription.keys() & self._running.keys():
            self._running[id][0].wake(by_subscription[id])

    def wake_to(self, newest: Mapping[str, int]) -> None:
        """Tell lanes that there are events up to a number, which another process has numbered."""
        for id in newest.keys() & self._running.keys():
            self._running[id][0].wake_to(newest[id])

    async def _end(self, ids: Sequence[str]) -> None:
        ended = [self._running.pop(id)[1] for id in ids if id in self._running]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    def _run(self, subscription: Subscription, version_id: str, log: EventLog, start: LaneStart | None) -> None:
        lane = Lane(subscription, version_id, log, self._delivery, start=start)
        task = asyncio.create_task(supervised(f"lane {subscription.id}", lane.run, longest=LONGEST_PAUSE))
        self._running[subscription.id] = (lane, task)


async def supervised(name: str, work: Callable[[], Coroutine[Any, Any, None]], *, longest: float = 0.0) -> None:
    """Run until done; a full disk or a fault of ours is logged and tried again, never the end of telling.

    Args:
        name: What it is called in the log.
        work: What is run.
        longest: Up to how many seconds the pause doubles, where it is not always the same.
    """
    pause = RESTART_PAUSE
    while True:
        began = asyncio.get_running_loop().time()
        try:
            return await work()
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("restarting", task=name)
        if asyncio.get_running_loop().time() - began > longest:
            pause = RESTART_PAUSE
        await asyncio.sleep(pause)
        pause = min(2 * pause, max(longest, RESTART_PAUSE))
