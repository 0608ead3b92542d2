"""The notifier: one matcher, and a lane for each subscription, kept in step with the change log.

Subscriptions are resources like any other. The matcher sees their changes in the same log, in the same order, as the
changes they ask to be told of, so it needs no other news of them.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import chain, repeat
from typing import Final

import structlog

from careloom.model import Resource
from careloom.model.instants import Clock
from careloom.model.records import dataclass, field
from careloom.notify.contents import Contents
from careloom.notify.delivery import Delivery
from careloom.notify.fairness import Places
from careloom.notify.lanes import Lanes, LogOf, supervised
from careloom.notify.listening import Listening, all_subscriptions
from careloom.notify.matcher import MayTell, matches_of
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.notification import Told
from careloom.notify.replays import Replays
from careloom.notify.rest_hook import Channel
from careloom.notify.states import write_status
from careloom.notify.subscriptions import (
    FOLLOWED,
    WITHOUT_ENDPOINT,
    Status,
    Subscription,
    accept_subscription,
)
from careloom.notify.terms import Terms
from careloom.notify.topics import Content, TopicRegistry
from careloom.store import (
    Attempt,
    Change,
    EventLog,
    Match,
    Repository,
    Stretch,
    SubscriptionEvent,
)

BATCH: Final = 500
SAFETY_POLL: Final = 1.0
RECORDED_EVERY: Final = 1.0
"""Seconds between two records of how far is matched, while nothing happens that anybody listens to."""

PRUNED_FIRST: Final = 60.0
PRUNED_EVERY: Final = 3600.0
"""Seconds from the start, so that a hub that is started often prunes, too, and from one time to the next."""

_log = structlog.get_logger("careloom.notify")


@dataclass(frozen=True, slots=True)
class Ports:
    """What the notifier needs from the rest of the house, filled in where things are wired.

    Attributes:
        may_tell: The policy in force, asked at matching and again at sending.
        secret_of: The webhook secret of a client; empty when it has none, then nothing is signed.
        disclosed: Puts on record who was told of what, and what was not told any more.
        clock: The present.
        random: A number from 0 to 1.
        metrics: What is counted.
    """

    may_tell: MayTell
    secret_of: Callable[[str], str]
    disclosed: Callable[[Subscription, Sequence[Told]], Awaitable[None]]
    clock: Clock
    random: Callable[[], float]
    metrics: NotifyMetrics = field(default_factory=NotifyMetrics)


class Notifier:
    """Tells subscribers what happens to a record; `start` it on the event loop and `stop` it there."""

    def __init__(
        self,
        repository: Repository,
        topics: TopicRegistry,
        channels: Mapping[str, Channel],
        ports: Ports,
        *,
        base_url: str,
        terms: Terms,
        events: EventLog | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        """Make a notifier.

        Args:
            repository: The record, its change log and the event log beside it.
            topics: Those in force.
            channels: How notifications are sent, by the kinds of channel that subscriptions name.
            ports: What else is needed.
            base_url: Of the hub, as told in notifications.
            terms: The rules it keeps.
            events: The event log as its lease lets it be written; that of the repository where nobody else writes.
            lanes: Those of this process where several share the work; else all are run here, while it runs.
        """
        self.base_url = base_url.rstrip("/")
        self._repository = repository
        self._events = events or repository.events
        self._topics = topics
        self._channels = channels
        self._ports = ports
        self._terms = terms
        self._contents = Contents(repository, topics, ports.may_tell)
        self._listening = Listening(repository, topics)
        self._shared = lanes
        self._delivery = Delivery(channels, self, terms.retry, ports.clock, ports.random)
        self._lanes = lanes or self.lanes_for(lambda id: self._events)
        self._replays = Replays(repository, topics, self._delivery, self._events)
        self._recorded_to, self._recorded_at = 0, 0.0
        self._places = Places(terms.of_owner, terms.of_host)
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def accept(self, resource: Resource, *, client: str, purpose: str) -> Resource:
        """What to record of a Subscription that a client writes.

        Raises:
            InvalidError: With an issue for each thing that the hub does not do or know.
        """
        return accept_subscription(
            resource,
            client=client,
            purpose=purpose,
            topics=self._topics,
            policy=self._terms.endpoints,
            now=self._ports.clock(),
            channels={*self._channels, *WITHOUT_ENDPOINT},
            rules=self._terms.rules,
        )

    def lanes_for(self, log_of: LogOf) -> Lanes:
        """Lanes that ask this notifier, and write where they are told."""
        return Lanes(self._repository, self._topics, self._delivery, log_of)

    async def start(self) -> None:
        """Take up where the log says that matching and delivering had come to."""
        recovery = await self._events.recover()
        versions = await all_subscriptions(self._repository, self._topics)
        for version in versions:
            await self._listening.as_of(recovery.matched_to, version)
        if self._shared is None:
            self._lanes.start(versions, {lane.cursor.subscription: lane for lane in recovery.lanes})
        self._repository.on_commit(self._wake.set)
        work = {"matcher": self._match_forever, "replays": self._replays.run, "pruning": self._prune_forever}
        self._tasks = [asyncio.create_task(supervised(name, each)) for name, each in work.items()]

    async def stop(self) -> None:
        """Stop matching and delivering; what is not delivered yet goes out after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._replays.stop()
        if self._shared is None:
            await self._lanes.stop()
        self._tasks.clear()

    def secret_of(self, subscription: Subscription) -> str:
        """Secret that notifications of this subscription are signed with."""
        return self._ports.secret_of(subscription.owner)

    async def told(
        self,
        subscription: Subscription,
        events: Sequence[SubscriptionEvent],
        content: Content,
        *,
        dead: Collection[int] = (),
    ) -> list[Told]:
        """What may be said of events now, though more might when they matched."""
        return await self._contents.told(subscription, events, content, dead=dead)

    async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
        """Put on record who was told of what, and what was withheld."""
        if not again:  # what is told once more says nothing of how fast telling is
            self._ports.metrics.told(subscription.channel, told, self._ports.clock())
        await self._ports.disclosed(subscription, told)

    def tried(self, subscription: Subscription, attempt: Attempt) -> None:
        """Count a try."""
        self._ports.metrics.tried(subscription.channel, attempt)

    async def set_status(
        self, subscription: Subscription, version_id: str, status: Status, error: str = ""
    ) -> str | None:
        """Write the state of a subscription to its resource, if it still is the version that the state is about.

        Gives the version that says so; None where the resource is gone or was changed.
        """
        return await write_status(self._repository, subscription.id, version_id, status, error)

    def abreast(self, subscription: Subscription, endpoint: str) -> AbstractAsyncContextManager[object]:
        """A place among the tries that run at a time: a slow endpoint keeps only its own waiting."""
        return self._places.take(subscription.owner, endpoint)

    async def _match_forever(self) -> None:
        position = await self._events.matched_to()
        while True:
            self._wake.clear()
            types = self._followed()
            stretch = await self._repository.changes_of(types, position, BATCH)
            position = await self._match(stretch, types)
            if stretch.is_end and position == stretch.to:
                await self._until_woken()

    def _followed(self) -> frozenset[str]:
        """Types whose changes may have to be told to somebody."""
        return FOLLOWED | self._topics.types(self._listening.subscribers.topics)

    async def _match(self, stretch: Stretch, types: frozenset[str]) -> int:
        """Number the events of some changes; the position that the change log is matched to.

        Behind a subscription to what nobody listened to before, there may be changes that were left out. Where there
        is nothing that concerns anybody, that position is not recorded each time: there still is nothing in what is
        looked at again after a kill, since a subscription is told of nothing from before it.
        """
        subscribers, may_tell = self._listening.subscribers, self._ports.may_tell
        matches: list[Match] = []
        position = stretch.to
        for change in stretch.changes:
            if change.type == "Subscription":
                await self._subscription_changed(change)
            matches += await matches_of(change, self._repository, self._topics, subscribers, may_tell)
            if change.type == "Subscription" and not self._followed() <= types:
                position = change.sequence
                break
        if stretch.changes or self._is_to_be_recorded(position):
            self._lanes.wake(await self._events.record_matches(position, matches))
            self._recorded_to, self._recorded_at = position, time.monotonic()
        return position

    def _is_to_be_recorded(self, position: int) -> bool:
        """Whether it is some time ago that a position was recorded."""
        return position > self._recorded_to and time.monotonic() - self._recorded_at >= RECORDED_EVERY

    async def _prune_forever(self) -> None:
        """Let go of events that nobody can ask for any more, and of the replays of that time."""
        for pause in chain([PRUNED_FIRST], repeat(PRUNED_EVERY)):
            await asyncio.sleep(pause)
            before = self._ports.clock() - self._terms.retention.age
            for lane in (await self._events.recover()).lanes:
                await self._events.prune(lane.cursor.subscription, before, self._terms.retention.most)
            await self._events.prune_replays(before)

    async def _until_woken(self) -> None:
        """Sleep until the next commit; the poll is a net under a wake-up that was missed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAFETY_POLL):  # since wait_for of Python 3.11 may swallow a cancellation
                await self._wake.wait()

    async def _subscription_changed(self, change: Change) -> None:
        await self._listening.changed(change)
        if self._shared is None:
            await self._lanes.changed(change)
