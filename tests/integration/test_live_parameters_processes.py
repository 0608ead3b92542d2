"""A SearchParameter that one process records is taken up by all that share a PostgreSQL, and no version lacks rows."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, create, patient
from tests.integration.store_processes import Forking, forking
from tests.integration.test_live_parameters import MANY, TENANT, delete, found, indexing_waits, load, lot, put, state
from tests.patience import PATIENCE

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Repository
from careloom.store.postgres import PostgresRepository
from careloom.store.source import StoreSource
from careloom.store.sql import indexer

HERE = "tests.integration.test_live_parameters_processes"
WRITERS = 4
MOST = 100_000


async def write_until_told(repository: Repository, registry: SearchParameters, seed: str) -> None:
    """A child that never looks for search parameters, and writes what one of them finds."""
    os.write(1, b"writing\n")

    async def client(number: int) -> None:
        written = 0
        while await repository.read("Basic", "stop") is None:
            id = f"{seed}-{number}-{written}"
            prepared = repository.prepare(patient(address=[{"city": "Leeds"}]), id=id)
            await asyncio.sleep(0.01)
            await repository.commit(lambda turn: turn.update(prepared))  # noqa: B023  done before the next is prepared
            written += 1

    await asyncio.gather(*(client(number) for number in range(WRITERS)))
    os.write(1, b"stopped\n")


async def record_and_stall(repository: Repository, registry: SearchParameters, seed: str) -> None:
    """A child that records a search parameter, indexes a slice and does not go on."""
    indexer._BETWEEN = 3_600.0
    await put(repository, lot(id="lot"))
    await asyncio.sleep(0.5)
    os.write(1, b"stalled\n")
    await asyncio.sleep(3_600)


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="module")
def children() -> Iterator[Forking]:
    with forking() as found:
        yield found


@pytest.fixture
async def repository(postgres_url: str, registry: SearchParameters) -> AsyncIterator[PostgresRepository]:
    opened = await StoreSource(postgres_url).open(tenant=TENANT, parameters=registry)
    assert isinstance(opened, PostgresRepository)
    yield opened
    await opened.close()


@pytest.fixture
async def other(postgres_url: str, registry: SearchParameters) -> AsyncIterator[PostgresRepository]:
    opened = await StoreSource(postgres_url).open(tenant=TENANT, parameters=registry)
    assert isinstance(opened, PostgresRepository)
    yield opened
    await opened.close()


async def test_another_takes_it_up_when_it_looks_and_tells_that_it_is_indexed(
    repository: PostgresRepository, other: PostgresRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.commit(load)
    go_on = indexing_waits(monkeypatch)
    await put(repository, lot(id="lot"))
    assert state(other) == "unknown"
    await other.renew_parameters()
    assert state(repository) == state(other) == "indexing"
    go_on.set()
    await asyncio.gather(repository.indexed(), other.indexed())
    assert len(await found(repository, "city")) == len(await found(other, "city")) == MANY
    await delete(other, "lot")
    await repository.renew_parameters()
    assert state(repository) == state(other) == "unknown"


async def test_another_takes_it_up_before_it_writes(repository: PostgresRepository, other: PostgresRepository) -> None:
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await create(other, patient(id="late", address=[{"city": "Leeds"}]))
    assert state(other) == "active"
    assert await found(repository, "leeds") == ["late"]


async def test_what_two_record_by_turns_is_indexed_once_each(
    repository: PostgresRepository, other: PostgresRepository
) -> None:
    await repository.commit(load)
    await put(repository, lot(id="lot"))
    await put(other, lot("Patient.gender", id="sex", url="https://hub.example/sex", code="sex", type="token"))
    for each in (repository, other):
        await each.renew_parameters()
        await each.indexed()
        assert await found(each, "city249") == ["p249"]
        assert len(await found(each, "male", "sex")) == MANY


async def test_nothing_that_others_write_meanwhile_is_missed(
    repository: PostgresRepository, postgres_url: str, children: Forking
) -> None:
    for seed in ("a", "b"):
        children.start(postgres_url, TENANT, f"{HERE}.write_until_told", seed)
    await asyncio.to_thread(_wait_for, children, "writing", 2)
    await _written_beyond(repository, WRITERS)
    await put(repository, lot(id="lot"))
    await repository.indexed()
    await _written_beyond(repository, len(await repository.changes(0, MOST)) + WRITERS)
    await create(repository, {"resourceType": "Basic", "id": "stop", "code": {"text": "stop"}})
    await asyncio.to_thread(_wait_for, children, "stopped", 2)
    written = await found(repository, "false", "active:missing") + await found(repository, "true", "active:missing")
    assert set(written) == set(await found(repository, "leeds"))
    assert len(written) > 2 * WRITERS


async def test_what_one_that_dies_has_begun_is_done_by_the_others(
    repository: PostgresRepository, postgres_url: str, children: Forking
) -> None:
    await repository.commit(load)
    children.start(postgres_url, TENANT, f"{HERE}.record_and_stall", "x")
    pid = await asyncio.to_thread(children.pid)
    await asyncio.to_thread(_wait_for, children, "stalled", 1)
    os.kill(pid, signal.SIGKILL)
    await repository.renew_parameters()
    assert state(repository) == "indexing"
    await repository.indexed()
    assert len(await found(repository, "city")) == MANY


async def _written_beyond(repository: PostgresRepository, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(await repository.changes(0, MOST)) <= number:
            await asyncio.sleep(0.02)


def _wait_for(children: Forking, word: str, times: int) -> None:
    while times:
        times -= children.line() == word


def test_this_module_is_found_by_the_children() -> None:
    assert Path(__file__).stem == HERE.rsplit(".", 1)[1]
