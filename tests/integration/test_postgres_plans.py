"""On PostgreSQL no search reads a table from end to end, with statistics or without."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from tests.contract.stores import BASE_URL, NHS_NUMBER, create, identified, observation, searching
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.search import Query, SearchParameters
from careloom.store import Turn
from careloom.store.history import HistoryQuery
from careloom.store.postgres import PostgresRepository, open_postgres, server_of
from careloom.store.postgres.connection import connect_plain, connect_reader, connect_writer
from careloom.store.postgres.dialect import POSTGRES
from careloom.store.sql.dialect import Connection
from careloom.store.sql.histories import history
from careloom.store.sql.keys import code_hash
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.text import Sql

QUERIES = [
    ("Patient", ("identifier", f"{NHS_NUMBER}|7")),
    ("Patient", ("family", "F1")),
    ("Patient", ("family:exact", "F17")),
    ("Patient", ("birthdate", "ge1990-01-01"), ("birthdate", "lt1990-02-01")),
    ("Patient", ("_id", "p7")),
    ("Patient", ("_lastUpdated", "gt2026-01-01")),
    ("Patient", ("_profile", "http://x.example/p")),
    ("Patient", ("_text", "words here")),
    ("Patient", ("_has:Observation:subject:code", "8867-4"), ("family", "F17")),
    ("Observation", ("subject", "Patient/p7"), ("code", "8867-4")),
    ("Observation", ("subject:Patient.family", "F17")),
    ("Observation", ("subject", "Patient/p7"), ("_sort", "-date")),
    ("Observation", ("value-quantity", "gt5")),
    ("Observation", ("code:not", "8867-4"), ("subject", "Patient/p7")),
]


_READ = """
SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(oid)), 0)::bigint FROM pg_class
WHERE relkind IN ('i', 'r') AND relnamespace = current_schema()::regnamespace
"""
"""Entries of tables and indexes that were read in this transaction."""


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture
async def repository(postgres_url: str, registry: SearchParameters) -> AsyncIterator[PostgresRepository]:
    found = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await create(found, *(identified(str(n), id=f"p{n}", name=[{"family": f"F{n}"}]) for n in range(40)))
    await create(found, *(observation(subject={"reference": f"Patient/p{n}"}) for n in range(40)))
    yield found
    await found.close()


async def test_every_search_goes_by_an_index(
    repository: PostgresRepository, registry: SearchParameters, postgres: Server, postgres_url: str
) -> None:
    query = searching(registry)
    for is_known in (False, True):
        if is_known:
            postgres.execute("ANALYZE", postgres_url.rsplit("/", 1)[1])
        for type, *parameters in QUERIES:
            plan = "\n".join(await repository.explain(query(type, *parameters)))
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, f"{type}?{parameters}:\n{plan}"
            assert "Hash Cond" not in plan, plan
            if not plan.startswith("type"):
                assert "version_by_type" not in plan, f"all versions of the type are passed through:\n{plan}"


async def test_whom_many_identifiers_belong_to_is_found_by_them(
    repository: PostgresRepository, postgres: Server, postgres_url: str
) -> None:
    tenant, hash_of = repository._tenancy.number, repository._tenancy.hash_of
    hashes = [code_hash(hash_of, "Patient", "identifier", str(number)) for number in range(64)]
    await create(repository, *(identified(f"n{number}") for number in range(2_000)))  # fewer are quickly gone through
    postgres.execute("ANALYZE", postgres_url.rsplit("/", 1)[1])
    statements = load_statements("record.sql")
    for size in (1, 4, 64):
        for sql, values in POSTGRES.at_once(statements["newest_under"], (tenant,), hashes[:size]):
            plan = "\n".join(await repository._readers.run(partial(_explained, Sql(sql, tuple(values)))))
            assert all(f"{index} " in plan for index in ("tok_by_value", "version_pkey", "head_pkey", "body_pkey")), (
                plan
            )
            assert "Seq Scan" not in plan and "version_by_type" not in plan, plan


def _explained(sql: Sql, connection: Connection) -> list[str]:
    return POSTGRES.explained(connection, sql)


def test_plans_are_kept_by_connections_of_a_hub(postgres_url: str) -> None:
    server = server_of(postgres_url)
    for connect, mode in (
        (connect_reader, "force_generic_plan"),
        (connect_writer, "force_generic_plan"),
        (connect_plain, "auto"),
    ):
        connection = connect(server)
        assert connection.execute("SHOW plan_cache_mode").fetchone() == (mode,)
        connection.close()


def test_rows_come_in_order_however_many_are_read(postgres_url: str) -> None:
    connection = connect_reader(server_of(postgres_url))
    connection.execute("BEGIN")
    for number in (0, 1, 63, 64, 65, 1_024, 3_000):
        for wanted in (0, 64, 100, 5_000):
            rows = connection.some("SELECT n FROM generate_series(?, ?) AS n ORDER BY n", (1, number), wanted)
            assert [n for (n,) in rows] == list(range(1, number + 1))
    connection.close()


async def test_a_search_that_was_met_before_is_planned_no_more(
    repository: PostgresRepository, registry: SearchParameters
) -> None:
    asked = searching(registry)("Observation", ("subject:Patient.family", "F17"), ("code", "8867-4"))
    searches = [await repository._readers.in_snapshot(partial(_planned, repository, asked)) for _ in range(5)]
    assert searches[2] == searches[3] == searches[4]
    assert all(custom == 0 for _, custom in searches[2])


def _planned(repository: PostgresRepository, query: Query, connection: Connection) -> list[tuple[str, int]]:
    """The statements that are prepared, and how often each was planned for its values."""
    assert len(repository._page(connection, query, None).matches) == 1
    assert connection.execute("SELECT name FROM pg_cursors WHERE name <> ''").fetchall() == []
    told = "SELECT statement, custom_plans FROM pg_prepared_statements WHERE from_sql IS FALSE ORDER BY statement"
    return [(statement, custom) for statement, custom in connection.execute(told) if "pg_prepared" not in statement]


async def test_a_turn_begins_without_reading_who_wrote_before(repository: PostgresRepository) -> None:
    assert await repository._writer.run(_read_to_begin) < 20 < len(await repository.changes(0, 100))


def _read_to_begin(connection: Connection) -> int:
    (before,) = connection.execute(_READ).fetchone()
    mark = {"tenant": 1, "writer": "another", "serial": 1}
    (newest, _) = connection.execute(load_statements("postgres.sql")["begin_group"], mark).fetchone()
    (after,) = connection.execute(_READ).fetchone()
    assert newest > 0
    return int(after - before)


# where a few have most of it

MANY = 4_000
"""Observations: half of them of one patient, half of them of one month, all of one code."""

NUMBER_7 = f"{NHS_NUMBER}|7"
SKEWED: list[tuple[int, str, list[tuple[str, str]]]] = [
    (2_500, "Observation", [("patient", "p7"), ("code", "8867-4")]),
    (2_500, "Observation", [("subject", "Patient/p7"), ("code", "8867-4")]),
    (200, "Observation", [("patient", "p8"), ("code", "8867-4")]),
    (250, "Observation", [("patient", "p7"), ("_include", "Observation:subject")]),
    (2_500, "Observation", [("code", "8867-4"), ("value-quantity", "gt5")]),
    (2_500, "Observation", [("code", "8867-4"), ("date", "2026")]),
    (2_500, "Observation", [("date", "2026-03")]),
    (4_600, "Observation", [("date", "2026-03"), ("value-quantity", "gt5")]),
    (200, "Patient", [("family", "mc")]),
    (1_700, "Observation", [("subject:Patient.gender", "female")]),
    (3_200, "Observation", [("subject:Patient.gender", "female"), ("code", "8867-4")]),
    (3_200, "Observation", [("subject:Patient.gender", "female"), ("date", "2026-03")]),
    (1_000, "Observation", [("subject:Patient.identifier", NUMBER_7)]),
    (3_000, "Observation", [("subject:Patient.identifier", NUMBER_7), ("code", "8867-4")]),
    (1_700, "Patient", [("_has:Observation:subject:code", "8867-4")]),
]
"""Entries of tables and indexes that a first page may read at most; a condition is counted up to a thousand."""


def _load(turn: Turn) -> None:
    for number in range(300):
        family, gender = "Mc Lee" if number % 10 == 0 else f"F{number}", ("female", "male", "other")[number % 3]
        turn.create(identified(str(number), name=[{"family": family}], gender=gender), id=f"p{number}")
    for number in range(MANY):
        subject = {"reference": f"Patient/p{7 if number % 2 else number % 300}"}
        date = f"2026-{3 if number % 4 < 2 else number % 12 + 1:02}-{number % 28 + 1:02}"
        value = {"value": number % 100}
        turn.create(observation(subject=subject, effectiveDateTime=date, valueQuantity=value))


async def test_a_page_is_found_without_reading_what_many_have(
    postgres_url: str, registry: SearchParameters, postgres: Server
) -> None:
    query = searching(registry)
    repository = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await repository.commit(_load)
    for is_known in (False, True):
        if is_known:
            postgres.execute("ANALYZE", postgres_url.rsplit("/", 1)[1])
        for most, type, parameters in SKEWED:
            asked = query(type, *parameters, ("_count", "20"), ("_total", "none"))
            await repository.search(asked)  # how far back so many rows reach is remembered for a moment
            for _ in range(3):
                read = await repository._readers.in_snapshot(partial(_read_by, repository, asked))
                assert read <= most, f"{type}?{parameters}: {read} entries"
    await repository.close()


def _read_by(repository: PostgresRepository, query: Query, connection: Connection) -> int:
    (before,) = connection.execute(_READ).fetchone()
    assert repository._page(connection, query, None).matches
    (after,) = connection.execute(_READ).fetchone()
    return int(after - before)


async def test_the_history_of_a_resource_is_found_without_reading_that_of_others(
    postgres_url: str, registry: SearchParameters, postgres: Server
) -> None:
    repository = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await repository.commit(_load)
    for _ in range(5):
        await repository.commit(lambda turn: turn.update(identified("7", id="p7")))
    for is_known in (False, True):
        if is_known:
            postgres.execute("ANALYZE", postgres_url.rsplit("/", 1)[1])
        for _ in range(3):
            assert await repository._readers.in_snapshot(partial(_read_for_history, repository)) < 100
    await repository.close()


def _read_for_history(repository: PostgresRepository, connection: Connection) -> int:
    (before,) = connection.execute(_READ).fetchone()
    asked, tenancy = HistoryQuery(types=("Patient",), id="p7"), repository._tenancy
    assert len(history(asked, connection, POSTGRES, tenancy, tenancy.names, Snapshot()).versions) == 6
    (after,) = connection.execute(_READ).fetchone()
    return int(after - before)
