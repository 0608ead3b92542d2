"""The law of search: a database finds what `careloom.search.match` lets through, in the order of `in_order`."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.stores import opened
from tests.properties import strategies as some
from tests.properties.beginnings import BEGINNINGS, beginning

from careloom.definitions import Definitions
from careloom.search import IndexValues, Query, SearchParameters, holds_all, in_order, index_values, match, parse_query
from careloom.store import Repository, Turn, Version

law = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Record:
    """A database with random resources, some of them updated or deleted since, and what is living of them."""

    def __init__(self, store: str, folder: Path, registry: SearchParameters) -> None:
        self.registry = registry
        self._loop = asyncio.new_event_loop()
        self._open = AsyncExitStack()
        self.repository: Repository = self._run(self._open.enter_async_context(opened(store, folder, registry)))
        self._living: dict[tuple[str, str], tuple[IndexValues, Version]] = {}

    def put(self, resources: list[dict[str, Any]], deletions: list[tuple[str, str]]) -> None:
        def work(turn: Turn) -> None:
            for resource in resources:
                version = turn.update(resource)
                values = index_values(version.resource or {}, self.registry)
                self._living[version.type, version.id] = values, version
            for type, id in deletions:
                turn.delete(type, id)
                self._living.pop((type, id), None)

        self._run(self.repository.commit(work))

    def query(self, type: str, *parameters: tuple[str, str]) -> Query:
        return parse_query(type, parameters, self.registry, strict=True)

    def expected(self, query: Query) -> list[Version]:
        newest = sorted(self._living.values(), key=lambda item: item[1].sequence, reverse=True)
        return in_order(query, [item for item in newest if holds_all(query, item[0])])

    def found(self, query: Query) -> list[Version]:
        """All matches, page by page; the total of each page is checked on the way."""
        versions: list[Version] = []
        total = len(self.expected(query))
        while True:
            page = self._run(self.repository.search(query))
            versions += page.matches
            assert page.total == total
            if page.next is None:
                return versions
            query = replace(query, page=page.next)

    def found_in_turn(self, query: Query) -> list[Version]:
        return list(self._run(self.repository.commit(lambda turn: turn.search(query))))

    def close(self) -> None:
        self._run(self._open.aclose())
        self._loop.close()

    def _run(self, call: Any) -> Any:
        return self._loop.run_until_complete(call)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def record(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, definitions: Definitions
) -> Iterator[Record]:
    """Some hundreds of resources, so that most queries find something and most of them not everything."""
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    registry = SearchParameters(definitions, base_url=some.BASE_URL)
    record = Record(request.param, tmp_path_factory.mktemp("record"), registry)

    @settings(max_examples=18, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        resources=st.lists(some.resources(), min_size=10, max_size=25),
        ids=st.randoms(use_true_random=False),
        deletions=st.lists(st.tuples(st.sampled_from(some.TYPES), st.integers(0, 100).map(str)), max_size=3),
    )
    def fill(resources: list[dict[str, Any]], ids: Any, deletions: list[tuple[str, str]]) -> None:
        record.put([{**resource, "id": str(ids.randrange(100))} for resource in resources], deletions)

    fill()
    yield record
    record.close()


@law
@given(search=some.queries(max_conditions=2), way=st.sampled_from(BEGINNINGS), count=st.sampled_from(["13", "1000"]))
def test_sql_finds_what_matches_in_the_same_order(record: Record, search: some.Search, way: str, count: str) -> None:
    query = record.query(search.type, *search.parameters, ("_count", count))
    expected = record.expected(query)
    with beginning(way):
        found = record.found(query)
        first_page = record.found_in_turn(query)
    assert found == expected
    assert first_page == expected[: int(count)]
    assert all(match(query, version.resource or {}, record.registry) for version in found)


INTERVALS = [
    *product([("Patient", "birthdate"), ("Observation", "date"), ("Encounter", "date")], some.DATES + some.TIMES),
    *product([("Observation", "value-quantity")], [*some.NUMBERS, "1||mg", "1|http://unitsofmeasure.org|mg"]),
]


@pytest.mark.parametrize("prefix", some.PREFIXES)
def test_each_prefix_finds_the_same_for_each_interval(record: Record, prefix: str) -> None:
    for (type, parameter), value in INTERVALS:
        query = record.query(type, (parameter, prefix + value), ("_count", "1000"))
        assert record.found(query) == record.expected(query), f"{type}?{parameter}={prefix}{value}"


@pytest.mark.parametrize("type", some.TYPES)
def test_each_parameter_sorts_the_same_in_both_directions(record: Record, type: str) -> None:
    for parameter, direction in product([*some.PARAMETERS[type], *some.COMMON], ["", "-"]):
        query = record.query(type, ("_sort", direction + parameter), ("_count", "40"))
        assert record.found(query) == record.expected(query), f"{type}?_sort={direction}{parameter}"


@pytest.mark.parametrize("parameter", ["identifier", "gender", "active", "telecom", "_tag"])
def test_each_way_to_ask_for_a_token_finds_the_same(record: Record, parameter: str) -> None:
    systems = [
        "",
        *some.SYSTEMS,
        "http://hl7.org/fhir/administrative-gender",
        "http://terminology.hl7.org/CodeSystem/special-values",
    ]
    codes = [*map(some.escaped, some.CODES), "male", "true", ""]
    for system, code in product([None, *systems], codes):
        value = code if system is None else f"{system}|{code}"
        if value in ("", "|"):
            continue
        for name in (parameter, f"{parameter}:not"):
            query = record.query("Patient", (name, value), ("_count", "1000"))
            assert record.found(query) == record.expected(query), f"Patient?{name}={value}"
