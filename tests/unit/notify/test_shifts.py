"""Lanes are dealt out among processes, here on one record in memory where nothing is announced."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

import pytest
from tests.patience import becomes
from tests.unit.notify import processes
from tests.unit.notify.processes import SECONDS, Process, Receiver, discharged, subscribed

from careloom.model.errors import UnavailableError
from careloom.model.instants import utc_now
from careloom.notify import TopicRegistry
from careloom.notify.shifts import LANES, PRESENCE, SHARDS, shard_of
from careloom.store import MemoryRepository, Recovery, Repository
from careloom.store.leases import Lease


def a_record(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=utc_now)


async def test_events_are_told_by_a_process_that_heard_no_announcement(topics: TopicRegistry) -> None:
    repository, receiver = a_record(topics), Receiver()
    ids = await subscribed(repository, 8)
    one, two = (Process(name, repository, topics, receiver) for name in ("one", "two"))
    await one.start()
    await two.start()
    await becomes(lambda: bool(two.shifts.shards) and len(one.shifts.shards | two.shifts.shards) == SHARDS)
    await discharged(repository, 0, 3)
    await becomes(lambda: all(receiver.firsts(id) == [1, 2, 3] for id in ids))
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
    await becomes(lambda: receiver.firsts(id) == [1])
    await process.stop()


async def test_a_process_that_looks_ends_no_lane_of_what_it_still_holds(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("one", a_record(topics), topics, Receiver())
    await process.start()
    given_up: list[object] = []
    looks, look = list[str](), process.repository.events.lease_holders

    async def counted(prefix: str) -> list[str]:
        looks.append(prefix)
        return await look(prefix)

    with monkeypatch.context() as patched:
        patched.setattr(process.shifts.lanes, "end_where", given_up.append)
        patched.setattr(process.repository.events, "lease_holders", counted)
        await becomes(lambda: len(looks) == 2)
    assert (given_up, len(process.shifts.shards)) == ([], SHARDS)
    await process.stop()


async def test_a_process_that_looks_ends_the_lanes_of_what_has_become_anothers(topics: TopicRegistry) -> None:
    late = timedelta()
    repository = MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: utc_now() + late)
    process = Process("one", repository, topics, Receiver())
    [id] = await subscribed(repository, 1)
    shard = shard_of(id)
    await process.start()
    _, lane = process.shifts.lanes._running[id]
    late = timedelta(seconds=SECONDS + 1)
    [taken] = await repository.events.take_leases([f"{LANES}{shard}"], "two", 3600)
    await becomes(lambda: lane.done() and shard not in process.shifts.shards)
    assert process.shifts.shards == frozenset(range(SHARDS)) - {shard}
    assert taken.holder == "two"
    await process.stop()


async def test_a_lease_is_left_when_its_lanes_have_ended(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("one", a_record(topics), topics, Receiver())
    ids = await subscribed(process.repository, 32)
    await process.start()
    lanes = {id: lane for id, (_, lane) in process.shifts.lanes._running.items()}
    left, leave = dict[str, set[bool]](), process.repository.events.leave_lease

    async def seen(lease: Lease) -> None:
        of_lease = [lanes[id] for id in ids if f"{LANES}{shard_of(id)}" == lease.name]
        left.setdefault(lease.name, {lane.done() for lane in of_lease})
        await leave(lease)

    monkeypatch.setattr(process.repository.events, "leave_lease", seen)
    await process.repository.events.take_leases([f"{PRESENCE}two"], "two", 3600)
    await becomes(lambda: len(left) + len(process.shifts.shards) == SHARDS and bool(left))
    assert {True} == set().union(*left.values())
    await process.stop()
    assert {f"{LANES}{shard_of(id)}" for id in ids} <= left.keys()
    assert {True} == set().union(*left.values())


async def test_the_lanes_of_a_lease_that_was_anothers_meanwhile_begin_anew(topics: TopicRegistry) -> None:
    late = timedelta()
    repository = MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: utc_now() + late)
    receiver = Receiver()
    process = Process("one", repository, topics, receiver)
    [id] = await subscribed(repository, 1)
    await process.start()
    _, lane = process.shifts.lanes._running[id]
    late = timedelta(seconds=SECONDS + 1)
    [taken] = await repository.events.take_leases([f"{LANES}{shard_of(id)}"], "two", 3600)
    await repository.events.leave_lease(taken)
    await becomes(lambda: lane.done() and len(process.shifts.shards) == SHARDS)
    await discharged(repository, 0, 2)
    await becomes(lambda: receiver.firsts(id) == [1, 2])
    await process.stop()


async def test_the_time_of_a_lease_is_counted_from_the_question(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("one", a_record(topics), topics, Receiver())
    asked, prolonged, take = list[float](), list[float](), process.repository.events.take_leases

    async def slowly(names: Sequence[str], holder: str, seconds: float) -> list[Lease]:
        asked.append(time.monotonic())
        await asyncio.sleep(0.1)
        return await take(names, holder, seconds)

    with monkeypatch.context() as patched:
        patched.setattr(process.repository.events, "take_leases", slowly)
        patched.setattr(process.tenure, "prolonged", lambda since, seconds: prolonged.append(since))
        await process.shifts.start()
    assert prolonged[0] <= asked[0]
    assert process.shifts._ends <= asked[0] + SECONDS
    await process.stop()


async def test_a_process_that_cannot_prolong_ends_its_lanes_while_they_are_surely_its_own(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "SECONDS", 0.5)
    process = Process("one", a_record(topics), topics, Receiver())
    await process.start()

    async def away(*_: object) -> NoReturn:
        raise UnavailableError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(process.repository.events, "take_leases", away)
        await becomes(lambda: not process.shifts.shards)
    await becomes(lambda: len(process.shifts.shards) == SHARDS)
    await process.stop()


async def test_lanes_that_could_not_be_begun_are_begun_at_a_later_look(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, receiver = a_record(topics), Receiver()
    [id] = await subscribed(repository, 1)
    [made] = await repository.changes(0, 10)
    await repository.events.record_matches(made.sequence, [])  # so it is not met again as a change
    process, recover = Process("one", repository, topics, receiver), repository.events.recover
    answers = iter([await recover()])

    async def once() -> Recovery:
        for answer in answers:
            return answer
        raise UnavailableError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(repository.events, "recover", once)
        await process.shifts.start()
    await process.duty.start()
    await discharged(repository, 0, 1)
    await becomes(lambda: receiver.firsts(id) == [1])
    await process.stop()


def test_a_subscription_has_the_same_shard_in_every_process() -> None:
    assert [shard_of(each) for each in ("s0", "s1", "0197f3")] == [6, 0, 1]
