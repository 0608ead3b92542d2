"""Subscriptions that are changed while there is something to tell: each record there is asks the new endpoint first."""

from datetime import timedelta
from typing import Any

import pytest
from tests.contract.stores import SteppingClock
from tests.contract.telling import Gate, channel, delivered, telling
from tests.contract.test_troubles_of_processes import status
from tests.patience import becomes
from tests.unit.notify.test_notifier import Rules, discharge, numbers, parameter, subscribe

from careloom.notify import STANDARD_TOPICS, TopicRegistry
from careloom.notify.subscriptions import owner_of
from careloom.search import SearchParameters
from careloom.store import Repository

NEW = "https://new.example/hook"


@pytest.fixture(scope="session")
def topics(registry: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, registry)


@pytest.mark.parametrize(("owner", "endpoint"), [("gp-system", NEW), ("out-of-hours", "https://gp.example/hook")])
async def test_a_change_of_endpoint_or_owner_begins_with_a_handshake_and_loses_nothing(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock, owner: str, endpoint: str
) -> None:
    gate, rules = Gate(), Rules()
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel())
        await discharge(repository, "e1")
        await becomes(lambda: bool(gate.refused))
        current = await repository.read("Subscription", id)
        assert current is not None and current.resource is not None
        changed = current.resource | {"status": "active", "channel": channel(endpoint=endpoint)}
        accepted = notifier.accept(changed, client=owner, purpose="TREAT")
        await repository.commit(lambda turn: turn.update(accepted), cause=owner)
        await becomes(lambda: len(gate.sent) == 2)
        gate.is_open = True
        await delivered(repository, id, 1)
    assert [("handshake", endpoint), ("event-notification", endpoint)] == [
        (parameter(bundle, "type"), to) for to, bundle in gate.sent[1:]
    ]
    assert ["1"] == numbers(gate.sent[-1][1])
    kept = await repository.read("Subscription", id)
    assert kept is not None and kept.resource is not None
    assert (owner, "active") == (owner_of(kept.resource), kept.resource["status"])


async def test_a_subscription_whose_end_has_come_is_off_and_keeps_what_it_was_not_told(
    repository: Repository, topics: TopicRegistry, clock: SteppingClock
) -> None:
    gate, rules = Gate(), Rules()
    ends: dict[str, Any] = {"end": (clock.now + timedelta(hours=1)).isoformat()}
    async with telling(repository, topics, gate, rules, clock) as notifier:
        id = await subscribe(repository, notifier, channel=channel(), **ends)
        await discharge(repository, "e1")
        await becomes(lambda: bool(gate.refused))
        clock.step(hours=1)
        await status(repository, id, "off")
    assert [] == rules.told
    assert ["Encounter/e1"] == [each.focus for each in await repository.events.events(id, 1, 9)]
