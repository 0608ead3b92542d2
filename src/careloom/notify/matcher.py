"""The matcher: reads the change log in order and decides which subscription is told of which change.

It works on stored versions, never on the latest, and it keeps its position in the same commit as the events that follow
from it. So it can be killed anywhere and started again: the same changes give the same events with the same numbers.
Policy is asked before an event gets its number; a denied event leaves no gap from which it could be inferred.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from careloom.model import Resource
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import Subscription
from careloom.notify.topics import TopicRegistry, TopicTest
from careloom.search import IndexValues, SearchParameters, index_values
from careloom.store import Change, Match, Repository

MayTell = Callable[[Subscription, str], bool]
"""Whether the policy in force lets a subscriber be told of a resource, ``Type/id``."""

AT_A_TIME: Final = 100
"""Subscribers that are judged before others get their turn on the event loop."""

_PATIENTS: Final = ("patient", "subject")


async def matches_of(
    change: Change,
    repository: Repository,
    topics: TopicRegistry,
    subscribers: Subscribers,
    may_tell: MayTell,
) -> list[Match]:
    """Whom a change is to be told to, in the order of subscription ids.

    A change whose version is no longer held matches nothing: what was erased is told to nobody.
    """
    tests = [test for test in topics.of_change(change.type, change.interaction) if subscribers.has_any(test.topic.url)]
    if not tests:
        return []
    after = await _version(repository, change, change.version_id)
    before = await _version(repository, change, change.previous_version_id)
    focus = after or before
    if focus is None:
        return []
    found = sorted(_listening(change, tests, before, after, subscribers), key=lambda one: one.subscription.id)
    return await _told(change, found, focus, topics.parameters, may_tell)


def patient_of(resource: Resource, parameters: SearchParameters) -> str:
    """``Patient/id`` of whom a resource tells; empty where that is nobody, or not said."""
    if resource["resourceType"] == "Patient":
        return f"Patient/{resource.get('id', '')}"
    values: IndexValues = index_values(resource, parameters, only=_PATIENTS)
    targets = (each for name in _PATIENTS for each in values.references.get(name, ()))
    return next((f"Patient/{each.id}" for each in targets if each.type == "Patient"), "")


def _listening(
    change: Change,
    tests: list[TopicTest],
    before: Resource | None,
    after: Resource | None,
    subscribers: Subscribers,
) -> Iterator[Subscriber]:
    """Those who listen to a topic that tells of the change, each once."""
    focus = after or before or {}
    met = {test.topic.url for test in tests if test.is_met(before, after)}
    for url in sorted(met):
        yield from (one for one in subscribers.find(url, focus) if one.since < change.sequence)


async def _told(
    change: Change, found: list[Subscriber], focus: Resource, parameters: SearchParameters, may_tell: MayTell
) -> list[Match]:
    """Those of them who may know; where they are very many, others get their turn in between."""
    reference, patient = f"{change.type}/{change.id}", ""
    matches = []
    for number, one in enumerate(found):
        if number % AT_A_TIME == AT_A_TIME - 1:
            await asyncio.sleep(0)
        if may_tell(one.subscription, reference):
            patient = patient or patient_of(focus, parameters)
            matches.append(_match(change, one.subscription, patient))
    return matches


def _match(change: Change, subscription: Subscription, patient: str) -> Match:
    return Match(
        subscription=subscription.id,
        sequence=change.sequence,
        topic=subscription.topic,
        focus=f"{change.type}/{change.id}",
        version_id=change.version_id,
        recorded=change.recorded,
        patient=patient,
        interaction=change.interaction,
    )


async def _version(repository: Repository, change: Change, version_id: str | None) -> Resource | None:
    if version_id is None:
        return None
    version = await repository.vread(change.type, change.id, version_id)
    return version.resource if version else None
