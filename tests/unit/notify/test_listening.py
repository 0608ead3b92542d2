"""Who listens is what the Subscription resources of the record say, as they change."""

from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.notify import TopicRegistry
from careloom.notify.listening import Listening, all_subscriptions
from careloom.notify.subscriptions import OWNER_SYSTEM
from careloom.store import Change, MemoryRepository, Repository

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"


def a_subscription(id: str = "gp", **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "id": id,
        "meta": {"tag": [{"system": OWNER_SYSTEM, "code": "gp-system"}]},
        "status": "active",
        "reason": "letters",
        "criteria": DISCHARGE,
        "channel": {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"},
        **changes,
    }


@pytest.fixture
def repository(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: NOW)


@pytest.fixture
def listening(repository: Repository, topics: TopicRegistry) -> Listening:
    return Listening(repository, topics)


async def written(repository: Repository, **changes: Any) -> Change:
    """The change that came of writing a subscription."""
    version = await repository.commit(lambda turn: turn.update(a_subscription(**changes)))
    return (await repository.changes(version.sequence - 1, 1))[0]


async def test_who_is_changed_listens_as_from_the_first_version_on(
    repository: Repository, listening: Listening
) -> None:
    first = await written(repository)
    await listening.changed(await written(repository, reason="more letters"))
    subscriber = listening.subscribers.get("gp")
    assert subscriber is not None and subscriber.since == first.sequence


@pytest.mark.parametrize("changes", [{"status": "off"}, {"criteria": "https://nobody.example/topic"}])
async def test_who_is_off_or_asks_for_what_is_not_known_listens_no_more(
    repository: Repository, listening: Listening, changes: dict[str, str]
) -> None:
    await listening.changed(await written(repository))
    await listening.changed(await written(repository, **changes))
    assert listening.subscribers.get("gp") is None


async def test_who_cannot_be_served_is_told_in_the_resource(repository: Repository, listening: Listening) -> None:
    await listening.changed(await written(repository, criteria="https://nobody.example/topic"))
    newest = await repository.read("Subscription", "gp")
    assert newest is not None and newest.resource is not None
    assert newest.resource["status"] == "error"
    assert "https://nobody.example/topic" in newest.resource["error"]


async def test_who_is_deleted_listens_no_more(repository: Repository, listening: Listening) -> None:
    change = await written(repository)
    await listening.changed(change)
    await repository.commit(lambda turn: turn.delete("Subscription", "gp"))
    await listening.changed(change)
    assert len(listening.subscribers) == 0


async def test_at_the_start_a_subscription_stands_as_where_matching_had_come_to(
    repository: Repository, listening: Listening
) -> None:
    before = await written(repository)
    await written(repository, status="off")
    newest = await repository.read("Subscription", "gp")
    assert newest is not None
    await listening.as_of(before.sequence, newest)
    assert listening.subscribers.get("gp") is not None
    await listening.as_of(newest.sequence, newest)
    assert listening.subscribers.get("gp") is None


async def test_one_made_behind_that_is_not_listened_for_yet(repository: Repository, listening: Listening) -> None:
    made = await written(repository)
    newest = await repository.read("Subscription", "gp")
    assert newest is not None
    await listening.as_of(made.sequence - 1, newest)
    assert listening.subscribers.get("gp") is None


async def test_all_subscriptions_are_read_however_many_there_are(repository: Repository, topics: TopicRegistry) -> None:
    ids = {f"s{number}" for number in range(1_001)}
    await repository.commit(lambda turn: [turn.create(a_subscription(id), id=id) for id in sorted(ids)])
    assert {version.id for version in await all_subscriptions(repository, topics)} == ids
