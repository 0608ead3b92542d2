"""Replays in step with their subscription: told while it is active, waiting while not, given up when it is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.patience import PATIENCE, becomes
from tests.unit.notify.lanes import ACCEPTED, FAILED, START, Desk, Receiver, a_subscription

from careloom.model import Resource
from careloom.model.errors import UnavailableError
from careloom.notify import EndpointPolicy, RetryPolicy, TopicRegistry, replays
from careloom.notify.delivery import Delivery
from careloom.notify.replaying import Replaying
from careloom.notify.replays import Replays
from careloom.notify.rest_hook import Outcome
from careloom.notify.subscriptions import accept_subscription
from careloom.store import Match, MemoryRepository, Replay, Repository
from careloom.store.memory_events import MemoryEventLog

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
ORDER = Replay("r1", "gp", 1, 3, "", "gp-system", START, 0)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)


class Failing(Receiver):
    """Takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_up = False
        self.endpoints: list[str] = []

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        await super().send(endpoint, body, webhook_id=webhook_id, secret=secret, headers=headers)
        self.endpoints.append(endpoint)
        return ACCEPTED if self.is_up else FAILED


async def a_record(topics: TopicRegistry, status: str = "active") -> Repository:
    """A record with a subscription and three events of it."""
    repository = MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: START)
    await write(repository, topics, status)
    events = [Match("gp", number, DISCHARGE, f"Encounter/{number}", "1", START) for number in (1, 2, 3)]
    await repository.events.record_matches(3, events)
    return repository


async def write(
    repository: Repository, topics: TopicRegistry, status: str, endpoint: str = "https://gp.example/"
) -> None:
    resource: Resource = {
        "resourceType": "Subscription",
        "id": "gp",
        "status": "requested",
        "reason": "letters",
        "criteria": DISCHARGE,
        "channel": {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"},
    }
    accepted = accept_subscription(
        resource, client="gp-system", purpose="TREAT", topics=topics, policy=EndpointPolicy(), now=START
    )
    await repository.commit(lambda turn: turn.update(accepted | {"status": status}))


@asynccontextmanager
async def running(repository: Repository, topics: TopicRegistry, receiver: Receiver) -> AsyncIterator[None]:
    delivery = Delivery(
        {"rest-hook": receiver},
        Desk(),
        retry=RetryPolicy(base=0.01, ceiling=0.01),
        clock=lambda: START,
        random=lambda: 1.0,
    )
    work = Replays(repository, topics, delivery, repository.events)
    task = asyncio.create_task(work.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await work.stop()


async def status_of(repository: Repository) -> str:
    [replay] = await repository.events.replays("gp")
    return replay.status


async def given_up(repository: Repository) -> Replay:
    async with asyncio.timeout(PATIENCE):
        while await status_of(repository) != "failed":
            await asyncio.sleep(0.005)
    [replay] = await repository.events.replays("gp")
    return replay


async def test_an_order_is_told_once_and_not_again(topics: TopicRegistry) -> None:
    repository, receiver = await a_record(topics), Receiver()
    await repository.events.save_replay(ORDER)
    async with running(repository, topics, receiver):
        await becomes(lambda: len(receiver.ids) == 3)
        async with asyncio.timeout(PATIENCE):
            while "done" != await status_of(repository):
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
    assert [["1"], ["2"], ["3"]] == receiver.numbers()
    assert "done" == await status_of(repository)


@pytest.mark.parametrize("status", ["off", "deleted"])
async def test_nothing_is_told_once_the_subscription_is_off_or_deleted(topics: TopicRegistry, status: str) -> None:
    repository, receiver = await a_record(topics), Failing()
    await repository.events.save_replay(ORDER)
    async with running(repository, topics, receiver):
        await becomes(lambda: len(receiver.ids) > 1)
        if status == "deleted":
            await repository.commit(lambda turn: turn.delete("Subscription", "gp"))
        else:
            await write(repository, topics, "off")
        assert "off or was deleted" in (await given_up(repository)).error
        receiver.is_up, tries = True, len(receiver.ids)
        await asyncio.sleep(0.05)
    assert tries == len(receiver.ids)


@pytest.mark.parametrize("status", ["requested", "error"])
async def test_an_order_waits_while_nobody_says_that_the_endpoint_wants_to_be_told(
    topics: TopicRegistry, status: str
) -> None:
    repository, receiver = await a_record(topics, status), Receiver()
    await repository.events.save_replay(ORDER)
    async with running(repository, topics, receiver):
        await asyncio.sleep(0.05)
        assert [] == receiver.ids
        await write(repository, topics, "active")
        await becomes(lambda: len(receiver.ids) == 3)


async def test_what_is_told_after_a_change_of_endpoint_goes_to_the_new_one(topics: TopicRegistry) -> None:
    repository, receiver = await a_record(topics), Failing()
    await repository.events.save_replay(ORDER)
    async with running(repository, topics, receiver):
        await becomes(lambda: len(receiver.ids) > 1)
        await write(repository, topics, "active", "https://gp.example/new")
        await becomes(lambda: receiver.endpoints[-1] == "https://gp.example/new")
        receiver.is_up, changed = True, len(receiver.endpoints)
        await becomes(lambda: receiver.numbers()[-1] == ["3"])
    assert {"https://gp.example/new"} == set(receiver.endpoints[changed:])


async def test_what_could_not_be_recorded_is_gone_on_with_once_the_record_takes_something() -> None:
    class Full(MemoryEventLog):
        fails_at: tuple[int, ...] = (2, 3, 4)
        saves = 0

        async def save_replay(self, replay: Replay) -> None:
            self.saves += 1
            if self.saves in self.fails_at:
                raise UnavailableError("the disk is full")
            await super().save_replay(replay)

    log, receiver = Full(), Receiver()
    await log.record_matches(3, [Match("gp", n, DISCHARGE, f"Encounter/{n}", "1", START) for n in (1, 2, 3)])
    delivery = Delivery({"rest-hook": receiver}, Desk(), RetryPolicy(), clock=lambda: START, random=lambda: 0.0)
    replaying = Replaying(ORDER, a_subscription(), log, delivery)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await replaying.run()
    assert [["1"], ["2"]] == receiver.numbers()
    await replaying.run()
    assert [["1"], ["2"], ["2"], ["3"]] == receiver.numbers()
    assert receiver.bodies[1] == receiver.bodies[2]
