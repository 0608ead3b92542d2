"""The view is gathered: subscriptions from the record, lanes and tries from the event log, names from the registry."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from careloom.governance import Registry
from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.model.records import dataclass, replace
from careloom.notify.console.letters import PutAside, put_aside
from careloom.notify.console.records import Detail, LaneState, Overview, Standing, Totals, Try
from careloom.notify.console.veil import veiled_endpoint, veiled_filter, veiled_text
from careloom.notify.extensions import FILTER, extension_values
from careloom.notify.subscriptions import OWNER_SYSTEM, Subscription, channel_kind, owner_of, read_subscription
from careloom.notify.telling import Telling
from careloom.notify.topics import TopicRegistry
from careloom.search import Query
from careloom.search.conditions import Comparison
from careloom.search.operands import TokenOperand
from careloom.store import Attempt, Cursor, EventLog, Replay, Repository, Version

PAGE: Final = 50
TRIES: Final = 50
"""How many of the latest tries are shown."""

MOST_TIMED: Final = 1000
"""Events whose commit is looked up, so that tries of large ranges do not cost more than they tell."""

MOST_PUT_ASIDE: Final = 500
STATES: Final = ("active", "requested", "error", "off")


@dataclass(frozen=True, slots=True)
class View:
    """Where somebody looks from.

    Attributes:
        repository: The record.
        topics: Those in force.
        registry: Who takes part.
        client: Id of the viewer's client.
        oversees: Whether it sees the subscriptions of others.
        may_replay: Whether, of those it sees, it may have events told once more.
    """

    repository: Repository
    topics: TopicRegistry
    registry: Registry
    client: str
    oversees: bool = False
    may_replay: bool = False


async def overview(view: View, *, states: Collection[str] = (), count: int = PAGE, page: str = "") -> Overview:
    """A page of the subscriptions that somebody may see.

    Args:
        view: Who looks.
        states: Only those in one of these; all without any.
        count: How many at most.
        page: Token of the page, as the one before it gave.

    Raises:
        MalformedError: A token that is none.
    """
    conditions = (*_visible(view), *((_in_state(states),) if states else ()))
    query = Query("Subscription", conditions, count=count, total="none", page=page or None)
    found, totals = await asyncio.gather(view.repository.search(query), _totals(view))
    standings = await asyncio.gather(*(standing(version, view) for version in found.matches))
    return Overview(totals, view.oversees, standings=tuple(standings), next=found.next or "")


def with_figures(found: Overview, telling: Telling, now: datetime) -> Overview:
    """The same with what this process does and has told of late; how much that is, is for who oversees alone."""
    recent, seconds = telling.metrics.recent, now.timestamp()
    return replace(
        found,
        is_notifying=telling.is_on_duty(),
        is_shared=telling.is_shared,
        last_minute=recent.summary(seconds, 60) if found.oversees else None,
        ten_minutes=recent.summary(seconds, 590) if found.oversees else None,
    )


async def detail(version: Version, view: View) -> Detail:
    """One subscription with its tries, dead letters and replays.

    Args:
        version: The subscription, one that the viewer may see.
        view: Who looks.
    """
    log, id = view.repository.events, version.id
    stands, attempts, letters, replays, oldest = await asyncio.gather(
        standing(version, view),
        log.attempts(id, TRIES),
        put_aside(id, log),
        log.replays(id),
        log.first_number(id),
    )
    endpoint = "" if stands.is_own else _endpoint(version.resource or {})
    return Detail(
        standing=stands,
        may_replay=view.may_replay or stands.is_own,
        oldest=oldest,
        tries=tuple(_veiled_try(each, endpoint) for each in await _tries(id, attempts, replays, log)),
        dead_letters=tuple(_veiled_letter(each, is_own=stands.is_own) for each in letters[:MOST_PUT_ASIDE]),
        replays=tuple(_veiled_replay(each, is_own=stands.is_own) for each in reversed(replays)),
    )


async def standing(version: Version, view: View) -> Standing:
    """How a subscription stands, as far as the viewer may know."""
    resource = version.resource or {}
    stands = replace(_standing(resource, view), id=version.id, lane=await _lane(version.id, view.repository.events))
    return stands if stands.is_own else _veiled(stands)


def _visible(view: View) -> tuple[Comparison, ...]:
    if view.oversees:
        return ()
    return (Comparison("_tag", "token", (TokenOperand(OWNER_SYSTEM, view.client),)),)


def _in_state(states: Collection[str]) -> Comparison:
    return Comparison("status", "token", tuple(TokenOperand(None, state) for state in states))


async def _totals(view: View) -> Totals:
    async def count(state: str) -> int:
        query = Query("Subscription", (*_visible(view), _in_state([state])), count=0, total="accurate")
        return (await view.repository.search(query)).total or 0

    return Totals(**dict(zip(STATES, await asyncio.gather(*map(count, STATES)), strict=True)))


async def _lane(id: str, log: EventLog) -> LaneState:
    cursor, last, letters = await asyncio.gather(log.cursor(id), log.last_number(id), put_aside(id, log))
    waiting = max(0, last - cursor.delivered_to)
    return LaneState(
        last_number=last, waiting=waiting, put_aside=sum(each.is_open for each in letters), **_shared(cursor, LaneState)
    )


def _shared(record: Cursor | Attempt, kind: type[LaneState | Try]) -> dict[str, Any]:
    """What a record has that a reader is shown as it is, by name."""
    shown = {each.name for each in fields(kind)}
    return {each.name: getattr(record, each.name) for each in fields(record) if each.name in shown}


def _standing(resource: Resource, view: View) -> Standing:
    try:
        return _read(read_subscription(resource, view.topics), resource, view)
    except CareloomError as error:
        owner = owner_of(resource)
        return Standing(
            id="",
            status=str(resource.get("status", "")),
            topic=str(resource.get("criteria", "")),
            owner=owner,
            owner_name=_name(owner, view.registry),
            is_own=owner == view.client,
            channel=channel_kind(resource.get("channel", {})),
            endpoint=_endpoint(resource),
            problem=str(error),
        )


def _read(subscription: Subscription, resource: Resource, view: View) -> Standing:
    topic, wishes = view.topics.find(subscription.topic), subscription.delivering
    return Standing(
        id=subscription.id,
        status=subscription.status,
        topic=subscription.topic,
        title=topic.title if topic else "",
        owner=subscription.owner,
        owner_name=_name(subscription.owner, view.registry),
        is_own=subscription.owner == view.client,
        purpose=subscription.purpose,
        channel=subscription.channel,
        endpoint=subscription.endpoint,
        content=wishes.content,
        order=wishes.order,
        filters=tuple(map(str, extension_values(resource.get("_criteria"), FILTER, "valueString"))),
        max_count=wishes.max_count,
        heartbeat=wishes.heartbeat,
        end=subscription.end,
    )


def _name(owner: str, registry: Registry) -> str:
    """A client as people call it: by its own name, else by its organisation's."""
    client = registry.client(owner)
    if client is None:
        return ""
    organisation = registry.organisation(client.organisation)
    return client.name or (organisation.name if organisation else "")


async def _tries(id: str, attempts: Sequence[Attempt], replays: Sequence[Replay], log: EventLog) -> list[Try]:
    """The tries, those that were accepted with the time since the commit of what they tell."""
    timed = _timed(attempts, replays)
    committed = {}
    if timed:
        first, last = min(each.first for each in timed), max(each.last for each in timed)
        committed = {event.number: event.recorded for event in await log.events(id, first, last)}
    return [_try(each, committed.get(each.first) if each in timed else None) for each in attempts]


def _timed(attempts: Sequence[Attempt], replays: Sequence[Replay]) -> list[Attempt]:
    """Those by which something was told for the first time, within a bounded range of numbers."""
    accepted = [each for each in attempts if each.first and each.outcome == "accepted"]
    newest = max((each.last for each in accepted), default=0)
    return [each for each in accepted if each.first > newest - MOST_TIMED and not _is_again(each, replays)]


def _is_again(attempt: Attempt, replays: Sequence[Replay]) -> bool:
    """Whether a try belongs to a replay, as far as its range and its time can tell."""
    return any(
        each.first <= attempt.first and attempt.last <= each.last and each.recorded <= attempt.started
        for each in replays
    )


def _try(attempt: Attempt, committed: datetime | None) -> Try:
    since_commit = (attempt.started - committed).total_seconds() if committed else None
    total = None if since_commit is None else max(0.0, since_commit + attempt.milliseconds / 1000)
    return Try(since_commit=total, **_shared(attempt, Try))


def _endpoint(resource: Resource) -> str:
    return str(resource.get("channel", {}).get("endpoint", ""))


def _veiled(stands: Standing) -> Standing:
    lane = replace(stands.lane, error=veiled_text(stands.lane.error, stands.endpoint))
    return replace(
        stands,
        endpoint=veiled_endpoint(stands.endpoint),
        filters=tuple(map(veiled_filter, stands.filters)),
        problem="it cannot be read" if stands.problem else "",
        lane=lane,
    )


def _veiled_try(each: Try, endpoint: str) -> Try:
    return replace(each, detail=veiled_text(each.detail, endpoint)) if endpoint else each


def _veiled_letter(each: PutAside, *, is_own: bool) -> PutAside:
    return each if is_own else replace(each, endpoint=veiled_endpoint(each.endpoint))


def _veiled_replay(each: Replay, *, is_own: bool) -> Replay:
    return each if is_own else replace(each, endpoint=veiled_endpoint(each.endpoint))
