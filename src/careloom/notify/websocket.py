"""Telling over a websocket: who has no address to be called at, calls and stays on the line.

A connection is nobody's until a token binds it: ``bind-with-token <token>``, and behind the token, where events were
missed, the number of the last one the client has. Each subscription of the token is then told in its own order: a
handshake, what came after that number, and what happens from then on. A token is good once and for a minute.

Nothing is assumed to last. Before each round the subscription is looked at again: one that was changed, ended, switched
off or deleted is told no more, and policy is asked for each event as at any telling. What is said goes on record before
it is sent. When nothing is told on it any more, or telling was interrupted, the connection is closed with the reason.

Source: Subscriptions R5 Backport 1.1, websockets.
"""

import asyncio
import contextlib
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Final, Protocol

import structlog

from careloom.model import Resource, serialize_json
from careloom.model.errors import LoginError, MalformedError
from careloom.model.instants import Clock
from careloom.model.records import dataclass, field, replace
from careloom.notify.contents import Contents
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.notification import Told, event_notification, handshake, heartbeat
from careloom.notify.states import write_status
from careloom.notify.subscriptions import WEBSOCKET, WITHOUT_ENDPOINT, Status, Subscription, read_subscription
from careloom.notify.topics import TopicRegistry
from careloom.store import Repository, Version

BIND: Final = "bind-with-token"
LONGEST_MESSAGE: Final = 8192
MOST_SUBSCRIPTIONS: Final = 50
UNBOUND_SECONDS: Final = 30.0
"""How long a connection may stay nobody's."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the events, which may be numbered by another process."""

_log = structlog.get_logger("careloom.notify")


class ClosedError(Exception):
    """The other side has gone. It never leaves the websockets."""


class OverError(Exception):
    """The hub closes the connection; the message says why. It never leaves the websockets."""


class Connection(Protocol):
    """A websocket, without the web toolkit."""

    async def receive(self) -> str:
        """The next message; raises ClosedError at the end."""
        ...

    async def send(self, text: str) -> None:
        """Send a message; raises ClosedError where nobody is there any more."""
        ...


@dataclass(frozen=True, slots=True)
class Bound:
    """What a token is good for.

    Attributes:
        client: Whose token it is.
        subscriptions: Ids.
    """

    client: str
    subscriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a connection needs of the hub.

    Attributes:
        repository: The record.
        topics: Those in force.
        contents: What may be said of events.
        disclosed: Puts on record who was told of what.
        redeem: Takes a token, once; raises LoginError for one that is not good.
        clock: The present.
        base_url: Of the hub.
        metrics: What is counted.
    """

    repository: Repository
    topics: TopicRegistry
    contents: Contents
    disclosed: Callable[[Subscription, Sequence[Told]], Awaitable[None]]
    redeem: Callable[[str], Awaitable[Bound]]
    clock: Clock
    base_url: str
    metrics: NotifyMetrics = field(default_factory=NotifyMetrics)


async def serve_websocket(connection: Connection, parts: Parts, *, unbound_seconds: float = UNBOUND_SECONDS) -> str:
    """Serve a connection to its end.

    Returns:
        Why the hub closes it; empty where the other side has.
    """
    feeds: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            message = await _heard(connection, feeds, unbound_seconds)
            await _bind(message, connection, parts, feeds)
    except ClosedError:
        return ""
    except (LoginError, MalformedError, OverError) as error:
        return str(error)
    finally:
        for feed in feeds.values():
            feed.cancel()
        await asyncio.gather(*feeds.values(), return_exceptions=True)


async def _heard(connection: Connection, feeds: dict[str, asyncio.Task[None]], unbound_seconds: float) -> str:
    """The next message of the client, for as long as it is told of anything.

    Raises:
        ClosedError: It has gone.
        OverError: Nothing was bound, all that was has ended, or telling was interrupted; silence would look as if
            nothing happened.
    """
    hearing = asyncio.ensure_future(connection.receive())
    try:
        while True:
            patience = None if feeds else unbound_seconds
            done, _ = await asyncio.wait((hearing, *feeds.values()), timeout=patience, return_when=FIRST_COMPLETED)
            if hearing in done:
                return hearing.result()
            _take_out([id for id, feed in feeds.items() if feed in done], feeds)
            if not feeds:
                raise OverError("no subscription is told here any more" if done else "nothing was bound in time")
    finally:
        hearing.cancel()


def _take_out(ended: Sequence[str], feeds: dict[str, asyncio.Task[None]]) -> None:
    for id in ended:
        error = feeds.pop(id).exception()
        if error is not None:
            _log.error("websocket interrupted", subscription=id, exc_info=error)
            raise OverError("telling was interrupted: bind again, from the number of the last event you have")


async def _bind(message: str, connection: Connection, parts: Parts, feeds: dict[str, asyncio.Task[None]]) -> None:
    """Take a message of the client: a token, and perhaps the number of the last event it has."""
    token, since = _read(message)
    bound = await parts.redeem(token)
    if len({*feeds, *bound.subscriptions}) > MOST_SUBSCRIPTIONS:
        raise MalformedError(f"{BIND}: at most {MOST_SUBSCRIPTIONS} subscriptions on one connection expected")
    for id in bound.subscriptions:
        if former := feeds.pop(id, None):
            former.cancel()
        feeds[id] = asyncio.create_task(Feed(id, bound.client, connection, parts).run(since))


def _read(message: str) -> tuple[str, int | None]:
    """The token and the number.

    Raises:
        MalformedError: Something else was sent.
    """
    words = message[:LONGEST_MESSAGE].replace(f"{BIND}:", f"{BIND} ", 1).split()
    if len(message) > LONGEST_MESSAGE or len(words) not in (2, 3) or words[0] != BIND:
        raise MalformedError(f"'{BIND} <token>' expected, perhaps with the number of the last event behind it")
    if len(words) == 2:
        return words[1], None
    if not (words[2].isascii() and words[2].isdecimal() and len(words[2]) <= 18):
        raise MalformedError(f"{BIND}: the number of an event expected behind the token")
    return words[1], int(words[2])


class Feed:
    """One subscription on one connection."""

    def __init__(self, id: str, client: str, connection: Connection, parts: Parts) -> None:
        self._id = id
        self._client = client
        self._connection = connection
        self._parts = parts
        self._last_sent: datetime | None = None

    async def run(self, since: int | None) -> None:
        """Shake hands, and tell events after a number until the subscription or the connection ends.

        Raises:
            CareloomError: The record does not answer, or the subscription cannot be read any more.
        """
        with contextlib.suppress(ClosedError):
            version, subscription = await self._subscription()
            log = self._parts.repository.events
            cursor = await log.cursor(self._id)
            position = cursor.delivered_to if since is None else min(since, await log.last_number(self._id))
            count = await log.last_number(self._id)
            await self._send(
                handshake(self._parts.base_url, subscription, version.version_id, self._parts.clock(), count)
            )
            await self._activate(version, subscription)
            asked = version.version_id
            while True:
                version, subscription = await self._subscription(asked)
                asked = version.version_id
                position = await self._tell(subscription, position)

    async def _subscription(self, asked: str = "") -> tuple[Version, Subscription]:
        """The subscription as it is now.

        Raises:
            ClosedError: It is not to be told here any more.
        """
        version = await self._parts.repository.read("Subscription", self._id)
        if version is None or version.resource is None:
            raise ClosedError
        subscription = read_subscription(version.resource, self._parts.topics)
        ends = subscription.end
        if ends is not None and ends <= self._parts.clock():
            await write_status(self._parts.repository, self._id, version.version_id, "off", "its end has passed")
            raise ClosedError
        was_changed = bool(asked) and version.version_id != asked and subscription.status != "active"
        is_off = subscription.status in ("off", "error") or subscription.channel not in WITHOUT_ENDPOINT
        if is_off or was_changed or subscription.owner != self._client:
            raise ClosedError
        return version, subscription

    async def _activate(self, version: Version, subscription: Subscription) -> None:
        """Say that the subscription is active, now that its client has shown up."""
        log = self._parts.repository.events
        status: Status = "active"
        if subscription.status == "requested":
            await write_status(self._parts.repository, self._id, version.version_id, status)
        cursor = await log.cursor(self._id)
        await log.save_cursor(replace(cursor, status=status, error="", last_sent=self._parts.clock()))

    async def _tell(self, subscription: Subscription, position: int) -> int:
        """Tell the events after a number, or wait a moment where there are none; the number of the last."""
        log = self._parts.repository.events
        events = await log.events(self._id, position + 1, position + subscription.delivering.max_count)
        events = list(takewhile(lambda event: event.topic == events[0].topic, events))
        if not events:
            oldest = await log.first_number(self._id)
            if oldest > position + 1:
                return oldest - 1
            await self._beat(subscription, position)
            await asyncio.sleep(LOOK_EVERY)
            return position
        content = self._parts.contents.level(subscription.delivering.content, events)
        told = await self._parts.contents.told(subscription, events, content)
        await self._parts.disclosed(subscription, told)
        await self._send(event_notification(self._parts.base_url, subscription, told, WEBSOCKET))
        last = events[-1].number
        cursor = await log.cursor(self._id)
        if cursor.delivered_to < last:
            self._parts.metrics.told(subscription.channel, told, self._parts.clock())
            await log.save_cursor(replace(cursor, delivered_to=last, last_sent=self._parts.clock()))
        return last

    async def _beat(self, subscription: Subscription, count: int) -> None:
        """Send a heartbeat where nothing was sent for as long as the subscription says."""
        period, now = subscription.delivering.heartbeat, self._parts.clock()
        if (
            period and self._last_sent and not 0 <= (now - self._last_sent).total_seconds() < period
        ):  # it may be set back
            await self._send(heartbeat(self._parts.base_url, subscription, now, count))

    async def _send(self, bundle: Resource) -> None:
        await self._connection.send(serialize_json(bundle).decode())
        self._last_sent = self._parts.clock()
