"""Rows of a new database are counted early, so that statements are planned with knowledge of them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest
from tests.contract.stores import BASE_URL, patient
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Repository, Turn
from careloom.store.postgres import open_postgres, server_of
from careloom.store.postgres.connection import connect_plain
from careloom.store.postgres.statistics import FIRST, TIMES, Statistics, count_rows

TENANTS = "SELECT n_distinct FROM pg_stats WHERE tablename = 'version' AND attname = 'tenant'"


@pytest.fixture
async def repository(postgres_url: str, definitions: Definitions) -> AsyncIterator[Repository]:
    registry = SearchParameters(definitions, base_url=BASE_URL)
    found = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    yield found
    await found.close()


def loading(count: int, first: int = 0) -> Callable[[Turn], None]:
    """Creates so many patients."""

    def load(turn: Turn) -> None:
        for each in range(first, first + count):
            turn.create(patient(name=[{"family": f"F{each}"}]), id=f"p{each}")

    return load


async def test_what_was_written_is_counted_at_once(repository: Repository, postgres: Server, postgres_url: str) -> None:
    database = postgres_url.rsplit("/", 1)[1]
    assert postgres.execute(TENANTS, database) == []
    await repository.commit(loading(FIRST))
    until = time.monotonic() + 45  # the server itself would take a minute
    while not postgres.execute(TENANTS, database) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert postgres.execute(TENANTS, database) == [(1.0,)]


async def test_a_table_is_counted_again_when_it_has_doubled(repository: Repository, postgres_url: str) -> None:
    await repository.commit(loading(300))
    connection = connect_plain(server_of(postgres_url))
    try:
        assert {"version", "head", "body", "str"} <= set(count_rows(connection))
        assert count_rows(connection) == []
        await repository.commit(loading(700, first=300))
        assert {"version", "head", "body", "str"} <= set(count_rows(connection))
    finally:
        connection.close()


def test_it_is_looked_for_at_some_thousands_of_rows_and_then_at_ever_more(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[str]()
    statistics = Statistics(server_of("postgresql://127.0.0.1:1/none"))
    monkeypatch.setattr(statistics, "_count", lambda: looked.append("once"))
    for _ in range(FIRST * TIMES):
        statistics.wrote(1)
        statistics.close()
    assert len(looked) == 2


def test_a_server_that_cannot_be_asked_counts_its_rows_itself(caplog: pytest.LogCaptureFixture) -> None:
    statistics = Statistics(server_of("postgresql://127.0.0.1:1/none"))
    with caplog.at_level(logging.WARNING):
        statistics.wrote(FIRST)
        statistics.close()
    assert "rows not counted" in caplog.text
