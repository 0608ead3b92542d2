"""What lies in the record before a hub starts: discharges of patients, subscriptions, and events that wait."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from careloom.app import load_engines
from careloom.governance.purposes import ACT_REASON
from careloom.model import Resource
from careloom.notify.extensions import CHANNEL_TYPE, CONTENT, FILTER, MAX_COUNT
from careloom.notify.subscriptions import OWNER_SYSTEM
from careloom.settings import load_settings
from careloom.store import Cursor, Match, Repository, Version
from careloom.store.port import Turn

DISCHARGE: Final = "https://careloom.example/SubscriptionTopic/discharge"
AT_ONCE: Final = 500

T = TypeVar("T")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Repository]:
    """The record of the hub whose settings lie in a folder, while that hub does not run."""
    settings = load_settings(folder / "careloom.toml")
    parameters = load_engines(settings, settings.hub.base_url).parameters
    repository = await settings.store.open(tenant=settings.hub.tenant, parameters=parameters)
    try:
        yield repository
    finally:
        await repository.close()


def discharge(patient: int) -> Resource:
    """An Encounter that has ended."""
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/p-{patient}"},
        "period": {"start": "2026-11-20T08:00:00Z", "end": "2026-11-22T10:00:00Z"},
    }


def subscription(endpoint: str, *, most: int = 1, status: str = "requested", filter: str = "") -> Resource:
    """A Subscription to discharges, as a client writes it."""
    found: dict[str, Any] = {
        "resourceType": "Subscription",
        "status": status,
        "reason": "letters for our patients",
        "criteria": DISCHARGE,
        "channel": {
            "extension": [{"url": MAX_COUNT, "valuePositiveInt": most}],
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
        },
    }
    if filter:
        found["_criteria"] = {"extension": [{"url": FILTER, "valueString": filter}]}
    return found


def published(endpoint: str) -> Resource:
    """A Subscription to discharges whose notifications are published on a stream of NATS."""
    found = subscription(endpoint)
    coding = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": "nats"}}]}
    return {**found, "channel": {**found["channel"], "type": "message", "_type": coding}}


async def with_subscriptions(
    repository: Repository, wanted: Sequence[Resource], status: Literal["active", "off"] = "active"
) -> list[str]:
    """Record subscriptions that have shaken hands; their ids."""
    stamp = {
        "tag": [{"system": OWNER_SYSTEM, "code": "gp-system"}],
        "security": [{"system": ACT_REASON, "code": "TREAT"}],
    }
    made = await _in_turns(repository, [{**each, "meta": stamp, "status": status} for each in wanted])
    for each in made:
        await repository.events.save_cursor(Cursor(each.id, status=status, last_sent=datetime.now(UTC)))
    return [each.id for each in made]


async def with_discharges(repository: Repository, number: int) -> list[Version]:
    """Record discharges, one of a patient each."""
    return await _in_turns(repository, [discharge(each) for each in range(number)])


async def with_events(repository: Repository, subscriptions: Sequence[str], told: Sequence[Version], each: int) -> None:
    """Have events wait, as if the matcher had found them: so many for each subscription, of these versions in turn."""
    matches = (
        Match(id, number, DISCHARGE, one.reference, one.version_id, one.last_updated, f"Patient/p-{number}", "create")
        for number in range(1, each + 1)
        for one in (told[number % len(told)],)
        for id in subscriptions
    )
    for some in _groups(matches, 20_000):
        await repository.events.record_matches(0, some)
    await matched(repository)


async def matched(repository: Repository) -> None:
    """Have everything so far be matched, as it is in a hub that has run for a while."""
    changes = [change async for change in _changes(repository)]
    await repository.events.record_matches(changes[-1].sequence, [])


async def _changes(repository: Repository) -> AsyncIterator[Any]:
    position = 0
    while some := await repository.changes(position, 1000):
        for one in some:
            yield one
        position = some[-1].sequence


async def _in_turns(repository: Repository, resources: Sequence[Resource]) -> list[Version]:
    made: list[Version] = []
    for some in _groups(iter(resources), AT_ONCE):
        prepared = [repository.prepare(each) for each in some]
        made += await repository.commit(_creating(prepared), cause="gp-system")
    return made


def _creating(prepared: Sequence[Any]) -> Callable[[Turn], list[Version]]:
    return lambda turn: [turn.create(each) for each in prepared]


def _groups(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    group: list[T] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
