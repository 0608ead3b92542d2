"""Postings that lie many in one row: read in order, page by page, and taken out one by one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from tests.contract.stores import BASE_URL, observation, searching

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Turn
from careloom.store.history import HistoryQuery
from careloom.store.postgres import PostgresRepository, migrations, open_postgres, server_of
from careloom.store.postgres.connection import Connection, connect_plain
from careloom.store.postgres.dialect import POSTGRES, append

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LOINC = {"system": "http://loinc.org", "code": "8867-4"}
LOCAL = {"system": "https://x.example/codes", "code": "8867-4"}
MANY = 1_500
"""Observations of one unit: more than a block, and than a row of it."""


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    """To a database with the tables, and nothing in them."""
    found = connect_plain(server_of(postgres_url))
    migrations.migrate(found, "here", lambda: NOW, migrations.migrations("postgres"))
    yield found
    found.close()


@pytest.fixture
async def repository(postgres_url: str, definitions: Definitions) -> AsyncIterator[PostgresRepository]:
    """A record with a large unit, a small one behind it, and single versions."""
    registry = SearchParameters(definitions, base_url=BASE_URL)
    found = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await found.commit(_create_many)
    for number in range(3):
        await found.commit(partial(_create, number))
    await found.commit(lambda turn: [turn.create(_coded(number)) for number in range(30)])
    yield found
    await found.close()


def _create_many(turn: Turn) -> None:
    for number in range(MANY):
        turn.create(_coded(number))


def _create(number: int, turn: Turn) -> None:
    turn.create(_coded(number))


def _coded(number: int) -> dict[str, object]:
    """Every second one has a code of ours, too, which is written alike."""
    return observation(code={"coding": [LOINC, LOCAL] if number % 2 else [LOINC]})


@pytest.mark.parametrize("asked", ["8867-4", f"{LOINC['system']}|8867-4"])
async def test_pages_show_all_that_have_a_code_newest_first(
    repository: PostgresRepository, definitions: Definitions, asked: str
) -> None:
    registry = SearchParameters(definitions, base_url=BASE_URL)
    query = searching(registry)("Observation", ("code", asked), ("_count", "400"))
    page = await repository.search(query)
    found = [*page.matches]
    while page.next:
        page = await repository.search(replace(query, page=page.next))
        found += page.matches
    history = await repository.history(HistoryQuery(types=("Observation",), count=2_000))
    assert [version.sequence for version in found] == [version.sequence for version in history.versions]
    assert len(found) == MANY + 33


ROWS = [(1, 7, vid, 3) for vid in range(10_240, 10_240 + 600)]


@pytest.mark.parametrize("gone", [ROWS[:1], ROWS[1:2], ROWS[-1:], ROWS[10:590], ROWS[:500], ROWS])
def test_what_is_taken_out_is_gone_and_the_others_stay(connection: Connection, gone: list[tuple[int, ...]]) -> None:
    others = [(1, 7, 10_241, 4), (1, 8, 10_241, 3), (2, 7, 10_241, 3), (1, 7, 10_240 + 1_024, 3)]
    connection.execute("BEGIN")
    append(connection, "tok", [*ROWS, *others])
    POSTGRES.remove(connection, "tok", gone)
    found = connection.execute("SELECT tenant, h, vid, sys FROM tok").fetchall()
    assert sorted(found) == sorted({*ROWS, *others} - {*gone})


def test_words_are_forgotten_whatever_they_were(connection: Connection) -> None:
    append(connection, "fts", [(10_240, 1, "final heart"), (10_241, 1, "final heart"), (10_242, 1, "final")])
    POSTGRES.forget_words(connection, [(10_241, 1, "amended"), (10_242, 1, ""), (10_250, 1, "")])
    assert connection.execute("SELECT vid, words::text FROM fts").fetchall() == [(10_240, "'final' 'heart'")]


def test_what_is_not_there_is_no_error(connection: Connection) -> None:
    append(connection, "tok", ROWS[:2])
    POSTGRES.remove(connection, "tok", [(1, 7, 10_250, 3), (1, 9, 10_240, 3)])
    assert connection.execute("SELECT tenant, h, vid, sys FROM tok").fetchall() == ROWS[:2]
