"""Equal subscriptions of one client are few."""

import asyncio
from typing import Any

import pytest
from tests.patience import becomes
from tests.unit.notify.test_notifier import a_record

from careloom.model.errors import ConflictError
from careloom.notify import TopicRegistry
from careloom.notify.equals import PASSING, Equals
from careloom.notify.subscriptions import OWNER_SYSTEM
from careloom.store import Repository


def subscription(owner: str = "gp", **changes: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Subscription",
        "meta": {"tag": [{"system": OWNER_SYSTEM, "code": owner}]},
        "status": "active",
        "reason": "letters",
        "criteria": "https://careloom.example/SubscriptionTopic/discharge",
        "channel": {"type": "rest-hook", "endpoint": "https://gp.example/hook"},
    }
    return made | changes


async def recorded(repository: Repository, *resources: dict[str, Any]) -> Equals:
    equals = Equals(repository, 2)
    equals.start(await repository.commit(lambda turn: [turn.create(each) for each in resources]))
    return equals


async def test_one_too_many_is_refused_by_the_name_of_another(topics: TopicRegistry) -> None:
    equals = await recorded(a_record(topics), subscription(), subscription(reason="the same for another reason"))
    with pytest.raises(ConflictError, match=r"at most 2 .* found 2, such as Subscription/"):
        equals.require_few(subscription())


async def test_what_differs_or_is_off_does_not_count(topics: TopicRegistry) -> None:
    equals = await recorded(
        a_record(topics),
        subscription(),
        subscription(status="off"),
        subscription("another-client"),
        subscription(channel={"type": "rest-hook", "endpoint": "https://gp.example/other"}),
    )
    assert subscription() == equals.require_few(subscription())


async def test_a_client_may_write_its_own_again(topics: TopicRegistry) -> None:
    repository = a_record(topics)
    equals = await recorded(repository, subscription(), subscription())
    [id, _] = equals._keys
    equals.require_few(subscription(id=id))


async def test_what_is_written_and_deleted_meanwhile_is_followed(topics: TopicRegistry) -> None:
    repository = a_record(topics)
    equals = await recorded(repository)
    following = asyncio.create_task(equals.follow(0))
    made = await repository.commit(lambda turn: [turn.create(subscription()) for _ in range(2)])
    await becomes(lambda: len(equals._keys) == 2)
    await repository.commit(lambda turn: turn.delete("Subscription", made[0].id))
    await becomes(lambda: len(equals._keys) == 1)
    following.cancel()
    equals.require_few(subscription())


async def test_what_was_let_pass_counts_until_it_is_seen_or_is_not_written(topics: TopicRegistry) -> None:
    now = 0.0
    equals = Equals(a_record(topics), 2, now=lambda: now)
    for _ in range(2):
        equals.require_few(subscription())
    with pytest.raises(ConflictError, match="found 2"):
        equals.require_few(subscription())
    equals.require_few(subscription("another-client"))
    now = PASSING
    equals.require_few(subscription())


async def test_what_was_let_pass_and_is_seen_counts_once(topics: TopicRegistry) -> None:
    repository = a_record(topics)
    equals = Equals(repository, 2)
    equals.require_few(subscription())
    equals.start(await repository.commit(lambda turn: [turn.create(subscription())]))
    equals.require_few(subscription())
    with pytest.raises(ConflictError, match="found 2"):
        equals.require_few(subscription())
