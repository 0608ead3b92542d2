"""Audit records are written together; nobody fails for another's, and none is lost with who left it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from careloom.definitions import Definitions
from careloom.governance import Ledger
from careloom.model.errors import ConflictError, UnavailableError
from careloom.search import SearchParameters
from careloom.store import MemoryRepository, Prepared, Turn

T = TypeVar("T")

MOST = 64


class AtOnce:
    """Waits for nobody, and keeps how many shared each commit."""

    def __init__(self) -> None:
        self.groups: list[int] = []

    async def wait(self, waiting: Callable[[], int]) -> None:
        await asyncio.sleep(0)

    def wrote(self, number: int, seconds: float) -> None:
        assert seconds >= 0
        self.groups.append(number)


class Watched:
    """A repository that counts commits, and fails if told to."""

    def __init__(self, parameters: SearchParameters) -> None:
        self.inner = MemoryRepository(tenant="north", parameters=parameters)
        self.error: Exception | None = None
        self.commits = 0

    async def commit(self, work: Callable[[Turn], T], *, is_light: bool) -> T:
        self.commits += 1
        if self.error:
            raise self.error
        return await self.inner.commit(work)

    def event(self, id: str) -> Prepared:
        return self.inner.prepare({"resourceType": "AuditEvent", "id": id}, id=id)

    async def has(self, id: str) -> bool:
        return await self.inner.read("AuditEvent", id) is not None


@pytest.fixture(scope="module")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


@pytest.fixture
def repository(parameters: SearchParameters) -> Watched:
    return Watched(parameters)


def ledger_of(repository: Watched) -> tuple[Ledger, AtOnce]:
    patience = AtOnce()
    return Ledger(repository, patience, most=MOST), patience  # type: ignore[arg-type]


async def outcomes(ledger: Ledger, events: list[Prepared]) -> list[BaseException | None]:
    return await asyncio.gather(*(ledger.record([each]) for each in events), return_exceptions=True)


async def test_those_that_wait_share_a_commit(repository: Watched) -> None:
    ledger, patience = ledger_of(repository)
    assert set(await outcomes(ledger, [repository.event(f"a{number}") for number in range(MOST)])) == {None}
    assert (repository.commits, patience.groups) == (1, [MOST])
    assert all([await repository.has(f"a{number}") for number in range(MOST)])


async def test_a_commit_takes_no_more_than_its_share(repository: Watched) -> None:
    ledger, patience = ledger_of(repository)
    await outcomes(ledger, [repository.event(f"a{number}") for number in range(MOST + 1)])
    assert patience.groups == [MOST, 1]


async def test_who_comes_after_all_were_written_is_written(repository: Watched) -> None:
    ledger, patience = ledger_of(repository)
    for id in ("a", "b"):
        await ledger.record([repository.event(id)])
    assert patience.groups == [1, 1]
    assert await repository.has("b")


async def test_nobody_fails_for_the_record_of_another(repository: Watched) -> None:
    ledger, _ = ledger_of(repository)
    await ledger.record([repository.event("a1")])
    found = await outcomes(ledger, [repository.event(f"a{number}") for number in range(3)])
    assert [type(each) for each in found] == [type(None), ConflictError, type(None)]
    assert await repository.has("a0")
    assert await repository.has("a2")


async def test_all_are_told_when_the_disk_fails(repository: Watched) -> None:
    repository.error = UnavailableError("disk full")
    ledger, _ = ledger_of(repository)
    found = await outcomes(ledger, [repository.event(f"a{number}") for number in range(3)])
    assert [type(each) for each in found] == [UnavailableError] * 3
    assert repository.commits == 1


async def test_the_record_of_who_leaves_is_written_with_the_others(repository: Watched) -> None:
    ledger, _ = ledger_of(repository)
    leaving, staying = (asyncio.create_task(ledger.record([repository.event(id)])) for id in ("a", "b"))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await repository.has("a")
    assert await repository.has("b")
