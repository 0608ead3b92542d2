"""A hub that misses a word, stands still for a day, or is asked the same very often, on each record there is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from tests.contract.stores import SteppingClock
from tests.contract.telling import Gate, channel, delivered, telling
from tests.patience import PATIENCE, becomes
from tests.unit.notify.test_equals import subscription
from tests.unit.notify.test_notifier import Rules, discharge, numbers, subscribe

from careloom.model.errors import ConflictError
from careloom.notify import STANDARD_TOPICS, TopicRegistry, equals
from careloom.notify.equals import MOST_EQUAL, Equals
from careloom.search import SearchParameters
from careloom.store import Repository, Turn


@pytest.fixture(scope="session")
def topics(registry: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, registry)


async def test_what_is_not_announced_is_found_all_the_same(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(self: Repository, wake: Callable[[], None]) -> None:
        """Nobody is told of a commit."""

    gate, rules = Gate(), Rules()
    gate.is_open = True
    monkeypatch.setattr(type(repository), "on_commit", deaf)
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier)
        for number in (1, 2, 3):
            await discharge(repository, f"e{number}")
        await delivered(repository, id, 3)
    assert [f"Encounter/e{number}" for number in (1, 2, 3)] == rules.told


async def test_a_hub_that_stood_still_for_a_day_goes_on_where_it_was(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    closed, gate, rules = Gate(), Gate(), Rules()
    async with telling(repository, topics, closed, rules, clock) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: len(closed.refused) > 1)
    clock.step(hours=24)
    await discharge(repository, "e2")
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock):
        await delivered(repository, id, 2)
    assert [["1"], ["2"]] == [numbers(bundle) for _, bundle in gate.sent]
    assert {gate.accepted[0][1]} == {*closed.refused}, "what was in flight has the same bytes a day later"


async def test_an_endpoint_that_fails_for_three_days_ends_in_error_and_loses_nothing(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules = Gate(), Rules()
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: len(gate.refused) > 1)
        clock.step(hours=73)
        await status(repository, id, "error")
        tried = len(gate.refused)
        await discharge(repository, "e2")
        await asyncio.sleep(0.2)
        assert (tried, 2) == (len(gate.refused), await repository.events.last_number(id))
        current = await repository.read("Subscription", id)
        assert current is not None and current.resource is not None
        again = notifier.accept(current.resource | {"status": "requested"}, client="gp-system", purpose="TREAT")
        gate.is_open = True
        await repository.commit(lambda turn: turn.update(again), cause="gp-system")
        await delivered(repository, id, 2)
    assert ["Encounter/e1", "Encounter/e2"] == rules.told


async def status(repository: Repository, id: str, expected: str) -> None:
    """Wait until a subscription says how it stands."""
    async with asyncio.timeout(PATIENCE):
        while True:
            current = await repository.read("Subscription", id)
            if current is not None and current.resource and current.resource["status"] == expected:
                return
            await asyncio.sleep(0.01)


async def test_of_ten_thousand_equal_subscriptions_few_are_recorded(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equals, "LOOK_EVERY", 0.05)
    known = Equals(repository)
    following = asyncio.create_task(known.follow(0))

    async def ask() -> None:
        accepted = known.require_few(subscription())
        await repository.commit(lambda turn: turn.create(accepted), cause="gp")

    for _ in range(100):
        asked = await asyncio.gather(*(ask() for _ in range(100)), return_exceptions=True)
        assert all(each is None or isinstance(each, ConflictError) for each in asked)
    await becomes(lambda: len(known._keys) == MOST_EQUAL)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    assert MOST_EQUAL == len([each for each in await repository.changes(0, 1000) if each.type == "Subscription"])


async def test_a_thousand_that_are_equal_all_the_same_are_all_told(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    def many(turn: Turn) -> list[Any]:
        return [turn.create(accepted) for _ in range(1000)]

    gate, rules = Gate(), Rules()
    gate.is_open = True
    async with telling(repository, topics, gate, rules, clock) as notifier:
        accepted = notifier.accept(
            {
                "resourceType": "Subscription",
                "status": "requested",
                "reason": "letters",
                "criteria": "https://careloom.example/SubscriptionTopic/discharge",
                "channel": channel(),
            },
            client="gp-system",
            purpose="TREAT",
        )
        await repository.commit(many, cause="gp-system", size=1000)
        async with asyncio.timeout(2 * PATIENCE):
            while len(gate.sent) < 1000:
                await asyncio.sleep(0.05)
            await discharge(repository, "e1")
            while len(rules.told) < 1000:
                await asyncio.sleep(0.05)
    assert ["Encounter/e1"] * 1000 == rules.told
