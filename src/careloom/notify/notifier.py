"""The notifier: one matcher, and a lane for each subscription, kept in step with the change log.

Subscriptions are resources like any other. The matcher sees their changes in the same log, in the same order, as the
changes they ask to be told of, so it needs no other news of them.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.model.instants import Clock
from careloom.notify.contents import Contents
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.fairness import Places
from careloom.notify.lane import Lane
from careloom.notify.matcher import MayTell, matches_of
from careloom.notify.notification import Told
from careloom.notify.replaying import Replaying
from careloom.notify.rest_hook import Channel
from careloom.notify.retrying import RetryPolicy
from careloom.notify.states import CAUSE, write_status
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import (
    WEBSOCKET,
    Status,
    Subscription,
    accept_subscription,
    read_subscription,
)
from careloom.notify.topics import Content, TopicRegistry
from careloom.search import parse_query
from careloom.store import Change, EventLog, Match, Replay, Repository, SubscriptionEvent, Version

BATCH: Final = 500
SAFETY_POLL: Final = 1.0
RESTART_PAUSE: Final = 1.0
REPLAY_POLL: Final = 1.0
PRUNED_EVERY: Final = 3600.0

_log = structlog.get_logger("careloom.notify")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long events are kept after they are told, and how many of one subscription at most."""

    age: timedelta = timedelta(days=30)
    most: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Ports:
    """What the notifier needs from the rest of the house, filled in where things are wired.

    Attributes:
        may_tell: The policy in force, asked at matching and again at sending.
        secret_of: The webhook secret of a client; empty when it has none, then nothing is signed.
        disclosed: Puts on record who was told of what, and what was not told any more.
        clock: The present.
        random: A number from 0 to 1.
    """

    may_tell: MayTell
    secret_of: Callable[[str], str]
    disclosed: Callable[[Subscription, Sequence[Told]], Awaitable[None]]
    clock: Clock
    random: Callable[[], float]


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
        endpoints: EndpointPolicy,
        retry: RetryPolicy,
        retention: Retention = Retention(),
        events: EventLog | None = None,
    ) -> None:
        """Make a notifier.

        Args:
            repository: The record, its change log and the event log beside it.
            topics: Those in force.
            channels: How notifications are sent, by the kinds of channel that subscriptions name.
            ports: What else is needed.
            base_url: Of the hub, as told in notifications.
            endpoints: Where may be sent to.
            retry: When to try again.
            retention: How long events are kept.
            events: The event log as its lease lets it be written; that of the repository where nobody else writes.
        """
        self.base_url = base_url.rstrip("/")
        self._repository = repository
        self._events = events or repository.events
        self._topics = topics
        self._channels = channels
        self._ports = ports
        self._endpoints = endpoints
        self._retry = retry
        self._retention = retention
        self._contents = Contents(repository, topics, ports.may_tell)
        self._subscribers = Subscribers(topics)
        self._lanes: dict[str, tuple[Lane, asyncio.Task[None]]] = {}
        self._replays: dict[str, asyncio.Task[None]] = {}
        self._places = Places()
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
            policy=self._endpoints,
            now=self._ports.clock(),
            channels={*self._channels, WEBSOCKET},
        )

    async def start(self) -> None:
        """Take up where the log says that matching and delivering had come to."""
        for version in await self._all_subscriptions():
            await self._follow(version)
        self._repository.on_commit(self._wake.set)
        work = {"matcher": self._match_forever, "replays": self._replay_forever, "pruning": self._prune_forever}
        self._tasks = [asyncio.create_task(self._supervised(name, each)) for name, each in work.items()]

    async def stop(self) -> None:
        """Stop matching and delivering; what is not delivered yet goes out after the next start."""
        tasks = [*(task for _, task in self._lanes.values()), *self._replays.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        self._replays.clear()
        self._tasks.clear()

    def secret_of(self, subscription: Subscription) -> str:
        """Secret that notifications of this subscription are signed with."""
        return self._ports.secret_of(subscription.owner)

    async def told(
        self, subscription: Subscription, events: Sequence[SubscriptionEvent], content: Content
    ) -> list[Told]:
        """What may be said of events now, though more might when they matched."""
        return await self._contents.told(subscription, events, content)

    async def delivered(self, subscription: Subscription, told: Sequence[Told]) -> None:
        """Put on record who was told of what, and what was withheld."""
        await self._ports.disclosed(subscription, told)

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
            changes = await self._repository.changes(position, BATCH)
            if changes:
                await self._match(changes)
                position = changes[-1].sequence
            if len(changes) < BATCH:
                await self._until_woken()

    async def _match(self, changes: Sequence[Change]) -> None:
        matches: list[Match] = []
        for change in changes:
            if change.type == "Subscription":
                await self._subscription_changed(change)
            matches += await matches_of(change, self._repository, self._topics, self._subscribers, self._ports.may_tell)
        await self._events.record_matches(changes[-1].sequence, matches)
        for id in {found.subscription for found in matches} & self._lanes.keys():
            self._lanes[id][0].wake()

    async def _replay_forever(self) -> None:
        """Start what is asked for, by whichever process; each replay has a task of its own."""
        while True:
            for replay in await self._events.open_replays():
                if replay.id not in self._replays or self._replays[replay.id].done():
                    await self._start_replay(replay)
            await asyncio.sleep(REPLAY_POLL)

    async def _start_replay(self, replay: Replay) -> None:
        subscriber = self._subscribers.get(replay.subscription)
        if subscriber is None or subscriber.subscription.channel not in self._channels:
            return
        subscription = subscriber.subscription
        replaying = Replaying(
            replay,
            subscription,
            self._events,
            self._channels[subscription.channel],
            self,
            retry=self._retry,
            clock=self._ports.clock,
            random=self._ports.random,
        )
        self._replays[replay.id] = asyncio.create_task(self._supervised(f"replay {replay.id}", replaying.run))

    async def _prune_forever(self) -> None:
        """Let go of events that nobody can ask for any more."""
        while True:
            await asyncio.sleep(PRUNED_EVERY)
            before = self._ports.clock() - self._retention.age
            for lane in (await self._events.recover()).lanes:
                await self._events.prune(lane.cursor.subscription, before, self._retention.most)

    async def _until_woken(self) -> None:
        """Sleep until the next commit; the poll is a net under a wake-up that was missed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAFETY_POLL):  # since wait_for of Python 3.11 may swallow a cancellation
                await self._wake.wait()

    async def _subscription_changed(self, change: Change) -> None:
        version = await self._repository.read("Subscription", change.id)
        if version is None or version.resource is None:
            self._subscribers.drop(change.id)
            await self._end_lane(change.id)
        elif change.cause == CAUSE:
            await self._listen(version)
        elif version.version_id == change.version_id:
            await self._end_lane(change.id)
            await self._follow(version)

    async def _follow(self, version: Version) -> None:
        """Listen for a subscription, and run its lane, as its resource asks."""
        subscription = await self._listen(version)
        if subscription is None or subscription.status not in ("requested", "active") or version.id in self._lanes:
            return
        if subscription.channel not in self._channels:  # who holds the websocket delivers by itself
            return
        lane = Lane(
            subscription,
            version.version_id,
            self._events,
            self._channels[subscription.channel],
            self,
            retry=self._retry,
            clock=self._ports.clock,
            random=self._ports.random,
        )
        task = asyncio.create_task(self._supervised(f"lane {subscription.id}", lane.run))
        self._lanes[version.id] = (lane, task)

    async def _listen(self, version: Version) -> Subscription | None:
        """Match changes for this subscription from its first version on, unless it is off."""
        if version.resource is None:
            return None
        try:
            subscription = read_subscription(version.resource, self._topics)
        except CareloomError as error:
            _log.error("subscription cannot be served", id=version.id, error=str(error))
            self._subscribers.drop(version.id)
            return None
        if subscription.status == "off":
            self._subscribers.drop(version.id)
        else:
            first = await self._repository.vread("Subscription", version.id, "1")
            self._subscribers.put(Subscriber(subscription, first.sequence if first else version.sequence))
        return subscription

    async def _end_lane(self, id: str) -> None:
        ended = self._lanes.pop(id, None)
        if ended is not None:
            ended[1].cancel()
            await asyncio.gather(ended[1], return_exceptions=True)

    async def _all_subscriptions(self) -> list[Version]:
        query = parse_query("Subscription", [("_count", "1000")], self._topics.parameters, strict=True)
        page = await self._repository.search(query)
        found = list(page.matches)
        while page.next:
            token = [("_count", "1000"), ("_page", page.next)]
            page = await self._repository.search(
                parse_query("Subscription", token, self._topics.parameters, strict=True)
            )
            found += page.matches
        return found

    async def _supervised(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run until done; a full disk or a fault of ours is logged and tried again, never the end of telling."""
        while True:
            try:
                return await work()
            except asyncio.CancelledError:
                raise
            except Exception:
                _log.exception("restarting", task=name)
                await asyncio.sleep(RESTART_PAUSE)
