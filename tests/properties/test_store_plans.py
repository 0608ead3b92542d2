"""The law of cost: whatever is asked, SQLite seeks what it reads, and reads no table from one end to the other."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from tests.contract.stores import opened
from tests.properties import search_cases as some
from tests.properties import strategies
from tests.properties.test_store_language import readable

from careloom.definitions import Definitions
from careloom.search import Query, SearchParameters
from careloom.store import Turn
from careloom.store.sqlite import SqliteRepository

law = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

WHOLE = re.compile(r"SCAN (version|head|tok|ref|str|dat|num|uri|pair|geo|[av]\d?)\b|SEARCH .*\(tenant=\?\)$")
"""Steps that read all there is of a table, or all that a tenant has in it."""

OF_NOTHING = "version_by_shape"
"""The index that SQLite names for what no version meets; nothing of it is read."""


class Planned:
    """A store that tells how it would search."""

    def __init__(self, folder: object, registry: SearchParameters) -> None:
        self.registry = registry
        self._loop = asyncio.new_event_loop()
        self._open = AsyncExitStack()
        entered = self._open.enter_async_context(opened("sqlite", folder, registry))  # type: ignore[arg-type]
        store = self._loop.run_until_complete(entered)
        assert isinstance(store, SqliteRepository)
        self._store = store
        self._loop.run_until_complete(store.commit(_fill))

    def steps(self, query: Query) -> list[str]:
        return self._loop.run_until_complete(self._store.explain(query))

    def close(self) -> None:
        self._loop.run_until_complete(self._open.aclose())
        self._loop.close()


def _fill(turn: Turn) -> None:
    for resource in some.dense_world():
        turn.update(resource)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory, definitions: Definitions) -> Iterator[Planned]:
    registry = SearchParameters(definitions, base_url=strategies.BASE_URL, codes=some.CODES)
    store = Planned(tmp_path_factory.mktemp("planned"), registry)
    yield store
    store.close()


@law
@given(case=some.cases())
def test_no_search_reads_a_table_from_one_end_to_the_other(planned: Planned, case: some.Case) -> None:
    steps = planned.steps(readable(case, planned.registry))
    assert [step for step in steps if WHOLE.search(step) and OF_NOTHING not in step] == []
