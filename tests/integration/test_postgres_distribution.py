"""Scale-out: what can be shown without a cluster, and on one where CARELOOM_TEST_CITUS names it."""

import os
from dataclasses import replace

import pytest
from tests.contract.stores import BASE_URL, NHS_NUMBER, create, identified, searching

from careloom.definitions import Definitions
from careloom.model.errors import NotSupportedError
from careloom.search import SearchParameters
from careloom.store.postgres.connection import connect_plain, server_of
from careloom.store.postgres.distribution import DISTRIBUTED, REFERENCE, SHARD_KEY, distribute
from careloom.store.source import StoreSource

CITUS = "CARELOOM_TEST_CITUS"

ON_THE_COORDINATOR = {"migration"}

UNIQUE_KEYS = """
SELECT relation.relname, index.relname,
       (SELECT array_agg(column_.attname::text) FROM pg_attribute AS column_
        WHERE column_.attrelid = relation.oid AND column_.attnum = ANY (key.indkey))
FROM pg_index AS key
JOIN pg_class AS relation ON relation.oid = key.indrelid
JOIN pg_class AS index ON index.oid = key.indexrelid
WHERE key.indisunique AND relation.relnamespace = current_schema()::regnamespace
"""


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


async def test_every_table_has_its_place_and_every_key_the_shard_key(
    postgres_url: str, registry: SearchParameters
) -> None:
    await (await StoreSource(postgres_url).open(tenant="north", parameters=registry)).close()
    connection = connect_plain(server_of(postgres_url))
    try:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert {table for (table,) in found} == {*DISTRIBUTED, *REFERENCE, *ON_THE_COORDINATOR}
        keys = connection.execute(UNIQUE_KEYS).fetchall()
        assert {"head", "version"} <= {table for table, _, _ in keys}
        assert [index for table, index, columns in keys if table in DISTRIBUTED and SHARD_KEY not in columns] == []
    finally:
        connection.close()


async def test_a_server_without_citus_is_not_distributed(postgres_url: str) -> None:
    with pytest.raises(NotSupportedError, match="citus"):
        list(distribute(server_of(postgres_url)))


@pytest.mark.skipif(CITUS not in os.environ, reason=f"{CITUS} names no Citus coordinator, so nothing is distributed")
async def test_a_record_on_citus_answers_as_anywhere(registry: SearchParameters) -> None:
    source = StoreSource(os.environ[CITUS])
    tenant = f"citus-{os.getpid()}"
    await (await source.open(tenant=tenant, parameters=registry)).close()
    declared = dict(distribute(source.server()))
    assert declared.keys() == {*DISTRIBUTED, *REFERENCE}
    assert dict(distribute(source.server())) == declared
    repository = await source.open(tenant=tenant, parameters=registry)
    query = searching(registry)
    try:
        await create(repository, *(identified(str(number), id=f"p{number}") for number in range(30)))
        first = await repository.search(query("Patient", ("_count", "20")))
        second = await repository.search(replace(query("Patient", ("_count", "20")), page=first.next))
        assert len({version.id for version in (*first.matches, *second.matches)}) == 30
        assert len((await repository.search(query("Patient", ("identifier", f"{NHS_NUMBER}|7")))).matches) == 1
        assert len(await repository.changes(0, 100)) == 30
    finally:
        await repository.close()
