"""The matcher: reads the change log in order and decides which subscription is told of which change.

It works on stored versions, never on the latest, and it keeps its position in the same commit as the events that follow
from it. So it can be killed anywhere and started again: the same changes give the same events with the same numbers.
Policy is asked before an event gets its number; a denied event leaves no gap from which it could be inferred.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from careloom.model import Resource
from careloom.notify.subscriptions import Subscription
from careloom.notify.topics import TopicRegistry
from careloom.search import match
from careloom.store import Change, Match, Repository

MayTell = Callable[[Subscription, str], bool]
"""Whether the policy in force lets a subscriber be told of a resource, ``Type/id``."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription that is listening, and since when.

    Attributes:
        subscription: As its resource says.
        since: Sequence of the version that made it; earlier changes are none of its business.
    """

    subscription: Subscription
    since: int


async def matches_of(
    change: Change,
    repository: Repository,
    topics: TopicRegistry,
    subscribers: Collection[Subscriber],
    may_tell: MayTell,
) -> list[Match]:
    """Whom a change is to be told to, in the order of subscription ids.

    A change whose version is no longer held matches nothing: what was erased is told to nobody.
    """
    tests = topics.of_change(change.type, change.interaction)
    if not tests or not subscribers:
        return []
    after = await _version(repository, change, change.version_id)
    before = await _version(repository, change, change.previous_version_id)
    met = {test.topic.url for test in tests if test.is_met(before, after)}
    focus = after or before
    if not met or focus is None:
        return []
    told = (one.subscription for one in subscribers if one.since < change.sequence and one.subscription.topic in met)
    passing = (one for one in told if one.filter is None or match(one.filter, focus, topics.parameters))
    allowed = (one for one in passing if may_tell(one, f"{change.type}/{change.id}"))
    return [_match(change, one) for one in sorted(allowed, key=lambda one: one.id)]


def _match(change: Change, subscription: Subscription) -> Match:
    return Match(
        subscription=subscription.id,
        sequence=change.sequence,
        topic=subscription.topic,
        focus=f"{change.type}/{change.id}",
        version_id=change.version_id,
        recorded=change.recorded,
    )


async def _version(repository: Repository, change: Change, version_id: str | None) -> Resource | None:
    if version_id is None:
        return None
    version = await repository.vread(change.type, change.id, version_id)
    return version.resource if version else None
