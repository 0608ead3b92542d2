"""The law of the search language: every store finds what the record in memory finds, page by page, with its includes.

Both hold the same random resources that refer to one another, some of them updated or deleted since.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from tests.contract.stores import SteppingClock, opened
from tests.properties import search_cases as some
from tests.properties import strategies
from tests.properties.beginnings import BEGINNINGS, beginning

from careloom.definitions import Definitions
from careloom.model.errors import CareloomError, InvalidError
from careloom.search import Query, SearchParameters
from careloom.store import Page, Repository, Turn

law = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Twins:
    """The record in memory and another store, with the same in both."""

    def __init__(self, store: str, folder: Any, registry: SearchParameters) -> None:
        self.registry = registry
        self._loop = asyncio.new_event_loop()
        self._open = AsyncExitStack()
        self._clock = SteppingClock()
        self._stores: list[Repository] = [
            self._run(self._open.enter_async_context(opened(each, folder, registry, self._clock)))
            for each in ("memory", store)
        ]

    def put(self, resources: list[dict[str, Any]], gone: list[tuple[str, str]]) -> None:
        def work(turn: Turn) -> None:
            for resource in resources:
                turn.update(resource)
            for type, id in gone:
                turn.delete(type, id)

        self._clock.step(seconds=1)
        for store in self._stores:
            self._run(store.commit(work))

    def answers(self, query: Query) -> list[list[Page] | str]:
        """The pages of each store, but for the tokens, which are encrypted; or what it refuses."""
        return [self._answer(store, query) for store in self._stores]

    def close(self) -> None:
        self._run(self._open.aclose())
        self._loop.close()

    def _answer(self, store: Repository, query: Query) -> list[Page] | str:
        pages: list[Page] = []
        try:
            while True:
                page = self._run(store.search(query))
                pages.append(replace(page, next=None, included=tuple(sorted(page.included, key=lambda v: v.sequence))))
                if page.next is None:
                    return pages
                query = replace(query, page=page.next)
        except CareloomError as error:
            return error.__class__.__name__

    def _run(self, call: Any) -> Any:
        return self._loop.run_until_complete(call)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def twins(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, definitions: Definitions
) -> Iterator[Twins]:
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    registry = SearchParameters(definitions, base_url=strategies.BASE_URL, codes=some.CODES)
    twins = Twins(request.param, tmp_path_factory.mktemp("twins"), registry)

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        resources=some.populations(6, 14),
        gone=st.lists(st.tuples(st.sampled_from(some.TYPES), st.sampled_from(strategies.IDS)), max_size=2),
    )
    def fill(resources: list[dict[str, Any]], gone: list[tuple[str, str]]) -> None:
        twins.put(resources, gone)

    fill()
    twins.put(LASTING, [])
    yield twins
    twins.close()


LASTING: list[dict[str, Any]] = [
    {
        "resourceType": "Location",
        "id": f"place{number}",
        "status": "active",
        "position": {"latitude": latitude, "longitude": longitude},
    }
    for number, (latitude, longitude) in enumerate(some.PLACES)
] + [
    {"resourceType": "Observation", "id": "last", "status": "final", "subject": {"reference": "Patient/1"}},
    {"resourceType": "Patient", "id": "1", "gender": "male", "name": [{"family": "Smith-Jones"}]},
]
"""What is there at the end, whatever was drawn before."""


def readable(case: some.Case, registry: SearchParameters, *more: tuple[str, str]) -> Query:
    """The query of a case; what cannot be read is not for a store to judge."""
    try:
        return some.query_of(case, registry, *more)
    except InvalidError:
        reject()


@law
@given(case=some.cases(), way=st.sampled_from(BEGINNINGS), count=st.sampled_from(["3", "1000"]))
def test_a_store_finds_what_memory_finds(twins: Twins, case: some.Case, way: str, count: str) -> None:
    query = readable(case, twins.registry, ("_count", count))
    with beginning(way):
        memory, store = twins.answers(query)
    assert store == memory


@law
@given(case=some.joining(), way=st.sampled_from(BEGINNINGS))
def test_a_store_follows_references_as_memory_does(twins: Twins, case: some.Case, way: str) -> None:
    query = readable(case, twins.registry, ("_count", "1000"))
    with beginning(way):
        memory, store = twins.answers(query)
    assert store == memory
