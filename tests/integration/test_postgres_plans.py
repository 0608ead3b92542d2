"""On PostgreSQL no search reads a table from end to end, with statistics or without."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from tests.contract.stores import BASE_URL, NHS_NUMBER, create, identified, observation, searching
from tests.postgres import Server

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store.postgres import PostgresRepository, open_postgres, server_of
from careloom.store.postgres.connection import connect_plain, connect_reader, connect_writer
from careloom.store.postgres.dialect import POSTGRES
from careloom.store.sql.dialect import Connection
from careloom.store.sql.keys import code_hash
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
            assert "Hash" not in plan, plan
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
