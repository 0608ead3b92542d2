"""Several processes on one PostgreSQL: no duplicates, one order, and nothing half there, whatever happens to them."""

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import BASE_URL, NHS_NUMBER, SteppingClock, create, identified, opened, patient, searching
from tests.integration.store_processes import Forking, forking
from tests.integration.test_store_durability import _keys_seen_first, _parts, _perhaps_written, write_one
from tests.patience import PATIENCE, becomes

from careloom.definitions import Definitions
from careloom.model.errors import UnavailableError
from careloom.search import SearchParameters
from careloom.store import Change, Repository, Turn
from careloom.store.postgres import PostgresRepository
from careloom.store.postgres.connection import Connection as PostgresConnection
from careloom.store.postgres.turns import Turns
from careloom.store.source import StoreSource
from careloom.store.sql.dialect import Connection

CLIENTS = 16
PERSONS = 40
TENANT = "north"
STILL = 2.0
"""Seconds that a turn may stand still while another process waits."""

HERE = "tests.integration.test_postgres_processes"


MARK = {"resourceType": "Basic", "code": {"text": "a client has begun"}}


async def register(repository: Repository, registry: SearchParameters, seed: str) -> None:
    """A child: clients that all want the same persons to be there, once each."""
    query = searching(registry)
    chance = random.Random(seed)
    os.write(1, b"ready\n")
    while await repository.read("Basic", "go") is None:
        await asyncio.sleep(0.01)

    async def client(number: int) -> None:
        await repository.commit(lambda turn: turn.create(MARK), cause=f"{seed}-{number}")
        numbers = list(range(PERSONS))
        chance.shuffle(numbers)
        for person in numbers:
            wanted = query("Patient", ("identifier", f"{NHS_NUMBER}|{person}"))

            def work(turn: Turn, wanted=wanted, person=person) -> str:  # type: ignore[no-untyped-def]  # bound early
                found = turn.search(wanted)
                return found[0].id if found else turn.create(identified(str(person))).id

            await repository.commit(work, cause=f"{seed}-{number}")

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    os.write(1, b"done\n")


async def write_for_ever(repository: Repository, registry: SearchParameters, start: str) -> None:
    """A child: sixteen clients, each of which says what was acknowledged to it."""

    async def client(first: int) -> None:
        for number in range(first, first + 1_000_000, 16):
            await write_one(repository, number)
            os.write(1, f"{number}\n".encode())

    await asyncio.gather(*(client(int(start) + number) for number in range(16)))


async def stand_still(repository: Repository, registry: SearchParameters, _: str) -> None:
    """A child: a turn that is stopped when it has written half of its work."""

    def work(turn: Turn) -> None:
        turn.create(patient(), id="half")
        turn.read("Patient", "none")  # so that what was written is sent
        stand()
        turn.create(patient(), id="other-half")

    await told_what_became_of(repository, work)


async def stand_still_at_once(repository: Repository, registry: SearchParameters, _: str) -> None:
    """A child: a turn that asks nothing, as that of a process which is stopped while it waits for the turn."""

    def work(turn: Turn) -> None:
        stand()
        turn.create(patient(), id="half")

    await told_what_became_of(repository, work)


async def stand_still_while_sending(repository: Repository, registry: SearchParameters, _: str) -> None:
    """A child: a turn that is stopped when the server has half of the rows that it sends."""

    def work(connection: Connection) -> None:
        assert isinstance(connection, PostgresConnection)
        with connection.raw.cursor() as cursor, cursor.copy("COPY once FROM STDIN") as copy:
            copy.write(b"1\tscope\thalf")
            stand()
            copy.write(b"\t1\n")

    assert isinstance(repository, PostgresRepository)
    try:
        await repository._writer.run(work)
    except UnavailableError:
        os.write(1, b"refused\n")
    await create(repository, patient(id="after"))
    os.write(1, b"goes on\n")


def stand() -> None:
    os.write(1, b"standing\n")
    os.kill(os.getpid(), signal.SIGSTOP)


async def told_what_became_of(repository: Repository, work: Callable[[Turn], None]) -> None:
    """Commit, say how that ended, and then commit something else."""
    try:
        await repository.commit(work)
        os.write(1, b"committed\n")
    except UnavailableError:
        os.write(1, b"refused\n")
    await create(repository, patient(id="after"))
    os.write(1, b"goes on\n")


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def children() -> Iterator[Forking]:
    with forking() as found:
        yield found


@pytest.fixture
async def repository(postgres_url: str, registry: SearchParameters) -> AsyncIterator[Repository]:
    found = await StoreSource(postgres_url, standstill_timeout=STILL).open(tenant=TENANT, parameters=registry)
    yield found
    await found.close()


async def test_conditional_creates_from_three_processes_make_no_duplicate_and_one_order(
    repository: Repository, postgres_url: str, registry: SearchParameters, children: Forking
) -> None:
    seen: list[Change] = []
    reading = asyncio.create_task(follow(repository, seen))
    for seed in ("a", "b"):
        children.start(postgres_url, TENANT, f"{HERE}.register", seed)
    await asyncio.to_thread(wait_for, children, "ready", 2)
    await create(repository, {"resourceType": "Basic", "id": "go"})
    ended = asyncio.create_task(asyncio.to_thread(wait_for, children, "done", 2))
    await register(repository, registry, "c")
    await ended
    everything = await repository.changes(0, 10_000)
    async with asyncio.timeout(PATIENCE):
        while len(seen) < len(everything):
            await asyncio.sleep(0.01)
    reading.cancel()
    found = await repository.search(searching(registry)("Patient", ("_count", "1000")))
    numbers = Counter(version.resource["identifier"][0]["value"] for version in found.matches if version.resource)
    assert numbers == {str(person): 1 for person in range(PERSONS)}
    assert seen == everything, "a follower of the change log has missed something, or seen it out of order"
    assert [each.sequence for each in everything] == sorted(each.sequence for each in everything)
    assert {"a", "b", "c"} <= {each.cause.split("-")[0] for each in everything}


async def follow(repository: Repository, seen: list[Change]) -> None:
    """Read the change log as notify does: each time from the last position on."""
    while True:
        seen += await repository.changes(seen[-1].sequence if seen else 0, 50)
        await asyncio.sleep(0.002)


def wait_for(children: Forking, word: str, times: int) -> None:
    while times:
        times -= children.line() == word


@pytest.mark.parametrize("rounds", [4, pytest.param(200, marks=pytest.mark.slow)])
async def test_kill_at_random_moments_loses_nothing_acknowledged(
    repository: Repository, postgres_url: str, registry: SearchParameters, rounds: int
) -> None:
    chance = random.Random(7)
    seen_in_all = 0
    with forking("--wait") as writers:
        for round in range(rounds):
            start = round * 1_000_000
            writers.start(postgres_url, TENANT, f"{HERE}.write_for_ever", start)
            acknowledged = await asyncio.to_thread(acknowledged_until_killed, writers, chance.uniform(0, 0.3))
            perhaps = _perhaps_written(acknowledged, start)
            new_keys = await repository.commit(_keys_seen_first([*acknowledged, *perhaps]))
            for number in acknowledged:
                assert await _parts(repository, registry, number, new_keys) == "all", f"{number} was acknowledged"
            for number in perhaps:
                assert await _parts(repository, registry, number, new_keys) in ("all", "none"), (
                    f"{number} is half there"
                )
            seen_in_all += len(acknowledged)
    assert seen_in_all > rounds


def acknowledged_until_killed(writers: Forking, after: float) -> list[int]:
    pid = writers.pid()
    lines = [writers.line()]
    time.sleep(after)
    os.kill(pid, signal.SIGKILL)
    while lines[-1] != "ended":
        lines.append(writers.line())
    return [int(line) for line in lines if line.isdigit()]


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("child", ["stand_still", "stand_still_at_once", "stand_still_while_sending"])
async def test_the_turn_of_a_process_that_is_stopped_is_ended_and_undone_and_its_callers_are_told(
    repository: Repository, postgres_url: str, children: Forking, child: str
) -> None:
    children.start(postgres_url, TENANT, f"{HERE}.{child}", "x")
    pid = await asyncio.to_thread(children.pid)
    await asyncio.to_thread(wait_for, children, "standing", 1)
    await becomes(lambda: is_stopped(pid))
    try:
        began = time.monotonic()
        await create(repository, patient(id="whole"))
        assert time.monotonic() - began < 25, "it was waited for as long as for any lock, which is 30 seconds"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [await asyncio.to_thread(children.line) for _ in range(2)] == ["refused", "goes on"]
    living = [id for id in ("whole", "half", "other-half", "after") if await repository.read("Patient", id)]
    assert living == ["whole", "after"]
    assert [change.id for change in await repository.changes(0, 10)] == ["whole", "after"]


async def test_a_long_turn_that_goes_on_asking_is_waited_for(
    repository: Repository, postgres_url: str, registry: SearchParameters
) -> None:
    other = await StoreSource(postgres_url).open(tenant=TENANT, parameters=registry)
    try:
        asking = Asking()
        long = asyncio.create_task(other.commit(asking.work))
        await becomes(asking.has_begun.is_set)
        asyncio.get_running_loop().call_later(STILL * 1.5, asking.is_enough.set)
        await create(repository, patient(id="short"))
        await long
    finally:
        await other.close()
    assert [change.id for change in await repository.changes(0, 10)] == ["long", "short"]


class Asking:
    """A long turn that goes on asking until it is enough."""

    def __init__(self) -> None:
        self.has_begun, self.is_enough = threading.Event(), threading.Event()

    def work(self, turn: Turn) -> None:
        turn.create(patient(), id="long")
        turn.read("Patient", "none")
        self.has_begun.set()
        while not self.is_enough.wait(STILL / 20):
            turn.read("Patient", "none")


async def test_who_has_waited_as_long_as_for_any_lock_is_told(
    repository: Repository, postgres_url: str, registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, plain = list[float](), Turns._begun

    def begun(self: Turns, connection: Any, wait: float, first: Any) -> Any:
        waits.append(wait)
        return plain(self, connection, wait, first)

    other = await StoreSource(postgres_url, lock_timeout=STILL).open(tenant=TENANT, parameters=registry)
    try:
        asking = Asking()
        long = asyncio.create_task(repository.commit(asking.work))
        await becomes(asking.has_begun.is_set)
        monkeypatch.setattr(Turns, "_begun", begun)
        with pytest.raises(UnavailableError, match="others kept a lock for too long"):
            await create(other, patient(id="short"))
        assert STILL <= sum(waits) < STILL * 1.5, "it was waited for twice"
        asking.is_enough.set()
        await long
        await create(other, patient(id="short"))
    finally:
        await other.close()
    assert [change.id for change in await repository.changes(0, 10)] == ["long", "short"]


async def test_a_turn_for_which_nobody_waits_may_stand_still_for_longer(repository: Repository) -> None:
    def work(turn: Turn) -> None:
        turn.create(patient(), id="slow")
        turn.read("Patient", "none")
        time.sleep(STILL * 1.5)

    await repository.commit(work)
    assert await repository.read("Patient", "slow") is not None


async def test_a_commit_of_one_process_wakes_the_listeners_of_another(
    repository: Repository, postgres_url: str, registry: SearchParameters
) -> None:
    other = await StoreSource(postgres_url).open(tenant=TENANT, parameters=registry)
    neighbour = await StoreSource(postgres_url).open(tenant="south", parameters=registry)
    try:
        woken, mistaken = asyncio.Event(), asyncio.Event()
        other.on_commit(woken.set)
        neighbour.on_commit(mistaken.set)
        await create(repository, patient())
        await asyncio.wait_for(woken.wait(), PATIENCE)
        assert not mistaken.is_set()
    finally:
        await other.close()
        await neighbour.close()


@pytest.mark.usefixtures("postgres")
async def test_one_order_holds_though_the_clock_of_a_process_is_behind(
    tmp_path: Path, registry: SearchParameters
) -> None:
    right, behind = SteppingClock(), SteppingClock()
    behind.step(hours=-1)
    made = []
    async with (
        opened("postgres", tmp_path, registry, right) as one,
        opened("postgres", tmp_path, registry, behind) as two,
    ):
        for _ in range(3):
            made += [*await create(one, patient()), *await create(two, patient())]
        told = [each.sequence for each in await one.changes(0, 10)]
    assert told == [each.sequence for each in made] == sorted({each.sequence for each in made})


async def test_tenants_of_one_database_know_nothing_of_each_other(
    repository: Repository, postgres_url: str, registry: SearchParameters
) -> None:
    neighbour = await StoreSource(postgres_url).open(tenant="south", parameters=registry)
    try:
        await create(repository, identified("1", id="p"))
        assert await neighbour.read("Patient", "p") is None
        assert (await neighbour.search(searching(registry)("Patient"))).matches == ()
        assert await neighbour.changes(0, 10) == []
        await create(neighbour, identified("1", id="p"))
        assert len(await repository.changes(0, 10)) == 1
    finally:
        await neighbour.close()


async def test_a_lease_is_held_by_one_process_at_a_time(
    repository: Repository, postgres_url: str, registry: SearchParameters
) -> None:
    other = await StoreSource(postgres_url).open(tenant=TENANT, parameters=registry)
    try:
        taken = await asyncio.gather(
            *(
                store.events.take_lease("lanes", f"{id(store)}-{n}", 5)
                for n in range(8)
                for store in (repository, other)
            )
        )
        [lease] = [each for each in taken if each]
        assert lease.fence == 1
        async with asyncio.timeout(PATIENCE):
            while (following := await other.events.take_lease("lanes", "another", 5)) is None:
                await asyncio.sleep(0.1)
        assert following.fence == 2
    finally:
        await other.close()


def test_this_module_is_found_by_the_children() -> None:
    assert Path(__file__).stem == HERE.rsplit(".", 1)[1]
