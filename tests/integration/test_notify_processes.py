"""Several processes tell for one record on PostgreSQL: each its own lanes, and those of one that died as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.patience import PATIENCE, becomes
from tests.postgres import Server
from tests.unit.notify.processes import DISCHARGE, Process, Receiver, discharged, subscribed

from careloom.definitions import Definitions
from careloom.notify import STANDARD_TOPICS, TopicRegistry
from careloom.notify.shifts import SHARDS, shard_of
from careloom.search import SearchParameters
from careloom.store import LeaseLostError, Match, Repository
from careloom.store.source import StoreSource

LANES = 12


@pytest.fixture(scope="module")
def topics(definitions: Definitions) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, SearchParameters(definitions))


@asynccontextmanager
async def sharing(
    postgres: Server, folder: Path, topics: TopicRegistry, receiver: Receiver, number: int
) -> AsyncIterator[list[Process]]:
    """So many processes with a connection of their own each, not started yet."""
    source = StoreSource(postgres.database_of(folder))
    async with AsyncExitStack() as stack:
        made = []
        for each in range(number):
            repository: Repository = await source.open(tenant="north", parameters=topics.parameters)
            stack.push_async_callback(repository.close)
            made.append(Process(f"process-{each}", repository, topics, receiver))
        stack.callback(postgres.drop_database_of, folder)
        yield made


async def test_lanes_are_dealt_out_and_each_event_is_told_in_order(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    receiver = Receiver()
    async with sharing(postgres, tmp_path, topics, receiver, 2) as (one, two):
        ids = await subscribed(one.repository, LANES)
        await one.start()
        await two.start()
        await becomes(lambda: bool(one.shifts.shards and two.shifts.shards))
        await becomes(lambda: one.shifts.shards | two.shifts.shards == set(range(SHARDS)))
        await asyncio.gather(discharged(one.repository, 0, 10), discharged(two.repository, 10, 10))
        await becomes(lambda: all(len(receiver.firsts(id)) == 20 for id in ids))
        assert not one.shifts.shards & two.shifts.shards
        await one.stop()
        await two.stop()
    assert all(receiver.firsts(id) == [*range(1, 21)] for id in ids)
    assert {"process-0", "process-1"} == set().union(*receiver.senders.values())


async def test_events_are_told_though_nobody_hears_what_is_announced(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    async def silence() -> None:
        while True:
            await asyncio.to_thread(postgres.disconnect, postgres.database_of(tmp_path), "careloom listener")
            await asyncio.sleep(0.01)

    receiver = Receiver()
    async with sharing(postgres, tmp_path, topics, receiver, 2) as (one, two):
        ids = await subscribed(one.repository, LANES)
        await one.start()
        await two.start()
        await becomes(lambda: bool(two.shifts.shards) and len(one.shifts.shards | two.shifts.shards) == SHARDS)
        silent = asyncio.create_task(silence())
        await discharged(one.repository, 0, 5)
        await becomes(lambda: all(receiver.firsts(id) == [*range(1, 6)] for id in ids))
        silent.cancel()
        await one.stop()
        await two.stop()


async def test_the_lanes_of_a_process_that_died_are_taken_over_without_a_gap(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    receiver = Receiver()
    async with sharing(postgres, tmp_path, topics, receiver, 2) as (one, two):
        ids = await subscribed(one.repository, LANES)
        await one.start()
        await two.start()
        await becomes(lambda: len(one.shifts.shards | two.shifts.shards) == SHARDS and bool(two.shifts.shards))
        await discharged(one.repository, 0, 5)
        await two.die()
        await discharged(one.repository, 5, 5)
        await becomes(lambda: len(one.shifts.shards) == SHARDS)
        await becomes(lambda: all(receiver.firsts(id) == [*range(1, 11)] for id in ids))
        await one.stop()


async def test_a_process_that_was_paused_writes_nothing_once_its_lanes_are_anothers(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    receiver = Receiver()
    async with sharing(postgres, tmp_path, topics, receiver, 2) as (one, two):
        [id] = await subscribed(one.repository, 1)
        await two.start()
        log = two.shifts._log_of(id)
        assert log is not None
        cursor = await log.cursor(id)
        await two.die()
        await one.start()
        await becomes(lambda: shard_of(id) in one.shifts.shards)
        with pytest.raises(LeaseLostError):
            await log.save_cursor(cursor)
        await one.stop()


async def test_a_process_that_was_paused_sends_nothing_once_its_lanes_are_anothers(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    receiver = Receiver()
    async with sharing(postgres, tmp_path, topics, receiver, 2) as (one, two):
        [id] = await subscribed(one.repository, 1)
        await two.start()
        await discharged(two.repository, 0, 1)
        await becomes(lambda: receiver.firsts(id) == [1])
        await two.stand_still()
        await one.start()
        await becomes(lambda: shard_of(id) in one.shifts.shards)
        receiver.senders.clear()
        await discharged(one.repository, 1, 3)
        two.shifts.lanes.wake_to({id: 4})  # it wakes up, and its lane sees what there is before anybody tells it
        await becomes(lambda: receiver.firsts(id) == [1, 2, 3, 4])
        await asyncio.sleep(0.3)
        assert {id: {one.name}} == receiver.senders
        assert not two.tenure.is_sure
        await two.shifts.lanes.stop()
        await two.duty.stop()
        await one.stop()


async def test_what_is_numbered_by_one_process_is_heard_of_by_another(
    postgres: Server, tmp_path: Path, topics: TopicRegistry
) -> None:
    async with sharing(postgres, tmp_path, topics, Receiver(), 2) as (one, two):
        [id] = await subscribed(one.repository, 1)
        heard = asyncio.Event()
        two.repository.on_commit(heard.set)
        [change] = [each for each in await one.repository.changes(0, 10) if each.type == "Subscription"]
        match = Match(id, change.sequence + 1, DISCHARGE, "Encounter/1", "1", change.recorded)
        await one.repository.events.record_matches(change.sequence + 1, [match])
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
        assert (match.sequence, {id: 1}) == await two.repository.events.newest_after(change.sequence)
