"""Reads by id that come together are one statement, and each of them is answered as if it had come alone."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from tests.contract.stores import BASE_URL, create, patient
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.model.errors import UnavailableError
from careloom.search import SearchParameters
from careloom.store.postgres import PostgresRepository, open_postgres, seeks, server_of
from careloom.store.postgres.line import Line
from careloom.store.postgres.seeks import _SEEK, MOST

ASKED = re.compile(rb"\d+")


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
async def repository(postgres_url: str, registry: SearchParameters) -> AsyncIterator[PostgresRepository]:
    """A record with patients 0 to 99, the last of them deleted."""
    found = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await create(found, *(patient(id=str(number), gender="female") for number in range(100)))
    await found.commit(lambda turn: turn.delete("Patient", "99"))
    await connected(found)
    yield found
    await found.close()


async def connected(repository: PostgresRepository) -> Line:
    """Its connection, when there is one."""
    async with asyncio.timeout(30):
        while (line := repository._seeks._line) is None:
            repository._seeks._next_attempt = 0.0
            await repository.read("Patient", "0")
            await asyncio.sleep(0.01)
    return line


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many reads were in each statement."""
    found: list[int] = []
    plain = Line.ask

    def ask(self: Line, values: Any) -> None:
        found.append(len(ASKED.findall(values[1])))
        plain(self, values)

    monkeypatch.setattr(Line, "ask", ask)
    return found


async def ids(repository: PostgresRepository, *asked: object) -> list[str | None]:
    """What reads that come together give."""
    answers = await asyncio.gather(*(repository.read_text("Patient", str(each)) for each in asked))
    return [None if answer is None else answer.id for answer in answers]


async def test_each_gets_its_own(repository: PostgresRepository, sizes: list[int]) -> None:
    assert await ids(repository, 3, "unknown", 1, 3, 99) == ["3", None, "1", "3", "99"]
    assert sizes == [5]
    deleted, kept = await asyncio.gather(repository.read("Patient", "99"), repository.read("Patient", "3"))
    assert deleted is not None and deleted.resource is None
    assert kept is not None and kept.resource is not None and kept.resource["gender"] == "female"


async def test_those_that_are_too_many_wait_for_the_next(repository: PostgresRepository, sizes: list[int]) -> None:
    asked = [number % 90 for number in range(2 * MOST + 5)]
    assert await ids(repository, *asked) == [str(number) for number in asked]
    assert sizes == [MOST, MOST, 5]


async def test_what_was_written_before_is_seen(repository: PostgresRepository) -> None:
    """While others keep asking, so that each read joins a statement of theirs."""

    async def others() -> None:
        while True:
            await ids(repository, 1, 2)

    busy = asyncio.create_task(others())
    for number in range(20):
        written = await repository.commit(lambda turn: turn.update(patient(id="5", multipleBirthInteger=number)))  # noqa: B023
        assert await repository.read("Patient", "5") == written
    busy.cancel()


async def test_who_gives_up_is_no_concern_of_the_others(repository: PostgresRepository, sizes: list[int]) -> None:
    tasks = [asyncio.create_task(repository.read_text("Patient", str(number))) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(each, "id", each.__class__.__name__) for each in found] == ["0", "CancelledError", "2", "3"]
    assert sizes == [4]


async def test_a_connection_lost_meanwhile_is_no_answer(
    repository: PostgresRepository, postgres: Server, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reads that were asked are done again on threads, and a little later there is a connection again."""
    line = await connected(repository)
    plain = Line.ask

    def ask(self: Line, values: Any) -> None:
        postgres.disconnect(postgres_url, "careloom reader%")
        plain(self, values)

    monkeypatch.setattr(Line, "ask", ask)
    assert await ids(repository, 3, 4, "unknown") == ["3", "4", None]
    monkeypatch.undo()
    assert await connected(repository) is not line
    assert await ids(repository, 3) == ["3"]


async def test_a_connection_lost_while_nobody_asks_is_noticed(
    repository: PostgresRepository, postgres: Server, postgres_url: str
) -> None:
    postgres.disconnect(postgres_url, "careloom reader%")
    async with asyncio.timeout(30):
        while repository._seeks._line is not None:
            await asyncio.sleep(0.01)
    assert await ids(repository, 3, 4) == ["3", "4"]


async def test_a_statement_that_the_server_refuses_is_no_answer(
    repository: PostgresRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the connection used on which it was prepared."""
    line, plain = await connected(repository), Line.ask
    monkeypatch.setattr(Line, "ask", lambda self, values: plain(self, (values[0], b"no array")))
    assert await ids(repository, 3, 4) == ["3", "4"]
    monkeypatch.undo()
    assert await connected(repository) is not line
    assert await ids(repository, 3, 4) == ["3", "4"]


async def test_nobody_waits_long_for_a_statement_of_others(
    repository: PostgresRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the end of the hub, once that statement is answered."""
    asked: list[Any] = []
    plain = Line.ask
    monkeypatch.setattr(Line, "ask", lambda self, values: asked.append((self, values)))
    slow = asyncio.create_task(repository.read_text("Patient", "1"))
    await asyncio.sleep(2 * seeks.SLOW)
    assert await ids(repository, 2, 3) == ["2", "3"]
    assert not slow.done()
    closing = asyncio.create_task(repository.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    plain(*asked[0])
    text = await slow
    assert text is not None and text.id == "1"
    await closing
    with pytest.raises(UnavailableError):
        await repository.read("Patient", "1")


async def test_it_goes_by_keys_with_statistics_and_without(
    repository: PostgresRepository, postgres: Server, postgres_url: str
) -> None:
    await create(repository, *(patient() for _ in range(2_000)))  # fewer are quickly gone through
    for is_counted in (False, True):
        if is_counted:
            postgres.execute("ANALYZE", postgres_url.rsplit("/", 1)[1])
        plan = await repository._readers.run(_plan_of_seek)
        assert "head_pkey" in plan and "body_pkey" in plan, plan
        assert "Seq Scan" not in plan and "Hash" not in plan, plan


def _plan_of_seek(connection: Any) -> str:
    with suppress(psycopg.errors.InvalidSqlStatementName):
        connection.raw.execute("DEALLOCATE asked")
    connection.raw.execute(f"PREPARE asked AS {_SEEK}")
    return "\n".join(line for (line,) in connection.raw.execute("EXPLAIN EXECUTE asked (1, '{1,2,3}')"))
