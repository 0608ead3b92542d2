"""Lanes are dealt out among processes, here on one record in memory where nothing is announced."""

from tests.unit.notify.processes import Process, Receiver, discharged, subscribed, until

from careloom.model.instants import utc_now
from careloom.notify import TopicRegistry
from careloom.notify.shifts import SHARDS, shard_of
from careloom.store import MemoryRepository, Repository


def a_record(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=utc_now)


async def test_events_are_told_by_a_process_that_heard_no_announcement(topics: TopicRegistry) -> None:
    repository, receiver = a_record(topics), Receiver()
    ids = await subscribed(repository, 8)
    one, two = (Process(name, repository, topics, receiver) for name in ("one", "two"))
    await one.start()
    await two.start()
    await until(lambda: bool(two.shifts.shards) and len(one.shifts.shards | two.shifts.shards) == SHARDS)
    await discharged(repository, 0, 3)
    await until(lambda: all(receiver.firsts(id) == [1, 2, 3] for id in ids))
    assert {"one", "two"} == set().union(*receiver.senders.values())
    await one.stop()
    await two.stop()


async def test_a_process_that_leaves_hands_its_lanes_over_at_once(topics: TopicRegistry) -> None:
    repository, receiver = a_record(topics), Receiver()
    one, two = (Process(name, repository, topics, receiver) for name in ("one", "two"))
    await one.start()
    await one.stop()
    await two.start()
    assert len(two.shifts.shards) == SHARDS
    await two.stop()


async def test_a_subscription_made_meanwhile_gets_a_lane_where_its_shard_is(topics: TopicRegistry) -> None:
    repository, receiver = a_record(topics), Receiver()
    process = Process("one", repository, topics, receiver)
    await process.start()
    [id] = await subscribed(repository, 1)
    await discharged(repository, 0, 1)
    await until(lambda: receiver.firsts(id) == [1])
    await process.stop()


def test_a_subscription_has_the_same_shard_in_every_process() -> None:
    assert [shard_of(each) for each in ("s0", "s1", "0197f3")] == [6, 0, 1]
