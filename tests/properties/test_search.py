"""Laws of search: printing and parsing, the algebra of conditions, the logic of prefixes, finding what was indexed."""

from copy import deepcopy
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties import strategies as some

from careloom.definitions import Definitions
from careloom.model.errors import CareloomError
from careloom.search import (
    Query,
    SearchParameters,
    holds_all,
    in_order,
    index_values,
    match,
    parse_query,
    query_parameters,
    query_string,
    sort_value,
)
from careloom.search.folding import exact, fold

NOW = datetime(2020, 2, 10, tzinfo=UTC)

law = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=some.BASE_URL)


def parse(registry: SearchParameters, type: str, *parameters: tuple[str, str]) -> Query:
    return parse_query(type, parameters, registry, strict=True, now=lambda: NOW)


def found(registry: SearchParameters, resource: dict[str, Any], *parameters: tuple[str, str]) -> bool:
    return match(parse(registry, resource["resourceType"], *parameters), resource, registry)


# parsing and printing


@law
@given(search=some.queries())
def test_parse_of_print_is_the_same_tree(registry: SearchParameters, search: some.Search) -> None:
    query = parse(registry, search.type, *search.parameters)
    printed = query_parameters(query)
    assert query == parse(registry, search.type, *printed)
    assert printed == parse_qsl(query_string(query))


@law
@given(parameters=st.lists(some.broken_parameters(), max_size=4), strict=st.booleans())
def test_any_text_gives_a_query_or_a_named_error(
    registry: SearchParameters, parameters: list[tuple[str, str]], strict: bool
) -> None:
    try:
        query = parse_query("Patient", parameters, registry, strict=strict, now=lambda: NOW)
    except CareloomError as error:
        assert error.issues
        assert all(issue.diagnostics.encode() for issue in error.issues)
    else:
        assert query.unsupported == () or not strict
        assert query.unsupported or len(query_parameters(query)) >= len(query.conditions)


# the algebra of conditions


@law
@given(resource=some.resources(), data=st.data())
def test_conditions_are_and_and_commas_are_or(
    registry: SearchParameters, resource: dict[str, Any], data: st.DataObject
) -> None:
    search = data.draw(some.queries(resource["resourceType"]))
    assert found(registry, resource, *search.conditions) is all(
        found(registry, resource, condition) for condition in search.conditions
    )
    code, kind = data.draw(st.sampled_from(sorted(some.PARAMETERS[resource["resourceType"]].items())))
    first, second = data.draw(some.values(kind)), data.draw(some.values(kind))
    either = found(registry, resource, (code, first)) or found(registry, resource, (code, second))
    assert found(registry, resource, (code, f"{first},{second}")) is either


@law
@given(resource=some.resources(), data=st.data())
def test_not_and_missing_are_negations(
    registry: SearchParameters, resource: dict[str, Any], data: st.DataObject
) -> None:
    kinds = some.PARAMETERS[resource["resourceType"]] | some.COMMON
    code = data.draw(st.sampled_from([code for code, kind in kinds.items() if kind == "token"]))
    value = data.draw(some.values("token"))
    assert found(registry, resource, (code, value)) is not found(registry, resource, (f"{code}:not", value))
    lacking = found(registry, resource, (f"{code}:missing", "true"))
    assert lacking is not found(registry, resource, (f"{code}:missing", "false"))
    assert not (lacking and found(registry, resource, (code, value)))


# prefixes


@law
@given(resource=some.resources(), data=st.data())
def test_prefixes_imply_each_other(registry: SearchParameters, resource: dict[str, Any], data: st.DataObject) -> None:
    kinds = some.PARAMETERS[resource["resourceType"]] | some.COMMON
    code = data.draw(st.sampled_from([code for code, kind in kinds.items() if kind == "date"]))
    written = data.draw(st.sampled_from(some.DATES + some.TIMES))

    def holds(prefix: str) -> bool:
        return found(registry, resource, (code, prefix + written))

    known = bool(index_values(resource, registry).dates.get(code))
    assert holds("") is holds("eq")
    assert holds("ge") is (holds("gt") or holds("eq"))
    assert holds("le") is (holds("lt") or holds("eq"))
    assert holds("ne") is (known and not holds("eq"))
    assert holds("gt") or not holds("sa")
    assert holds("lt") or not holds("eb")
    assert not (holds("sa") and holds("eb"))
    assert holds("ap") or not holds("eq")


# what was indexed is found


@law
@given(resource=some.resources())
def test_a_resource_is_found_by_each_of_its_values(registry: SearchParameters, resource: dict[str, Any]) -> None:
    values = index_values(resource, registry)
    for key, tokens in values.tokens.items():
        for token in tokens:
            assert found(registry, resource, (key, f"{some.escaped(token.system or '')}|{some.escaped(token.code)}"))
    for key, strings in values.strings.items():
        for text in (text for text in strings if text.exact and ":" not in key):
            assert found(registry, resource, (f"{key}:exact", some.escaped(text.exact)))
            assert not text.folded or found(registry, resource, (key, some.escaped(text.exact)))
    for key, references in values.references.items():
        for reference in references:
            assert found(registry, resource, (key, reference.target))


@law
@given(resource=some.patients(), family=st.sampled_from([text for text in some.TEXTS if fold(text)]), data=st.data())
def test_a_name_is_found_by_the_beginning_of_any_of_its_words(
    registry: SearchParameters, resource: dict[str, Any], family: str, data: st.DataObject
) -> None:
    named = resource | {"name": [*resource.get("name", ()), {"family": family}]}
    word = data.draw(st.sampled_from(fold(family).split()))
    beginning = word[: data.draw(st.integers(1, len(word)))]
    assert found(registry, named, ("family", some.escaped(beginning)))


@law
@given(resource=some.resources(), data=st.data())
def test_a_local_reference_is_found_by_id_type_and_address(
    registry: SearchParameters, resource: dict[str, Any], data: st.DataObject
) -> None:
    values = index_values(resource, registry)
    for key, references in values.references.items():
        for reference in references:
            if reference.id:
                assert found(registry, resource, (key, reference.id))
                assert found(registry, resource, (key, some.BASE_URL + reference.target))
                assert found(registry, resource, (f"{key}:{reference.type}", reference.id))


# index values


@law
@given(resource=some.resources(), data=st.data())
def test_reading_only_what_a_query_needs_changes_no_answer(
    registry: SearchParameters, resource: dict[str, Any], data: st.DataObject
) -> None:
    search = data.draw(some.queries(resource["resourceType"]))
    query = parse(registry, search.type, *search.parameters)
    assert match(query, resource, registry) is holds_all(query, index_values(resource, registry))


@law
@given(resource=some.resources())
def test_indexing_is_repeatable_and_changes_nothing(registry: SearchParameters, resource: dict[str, Any]) -> None:
    before = deepcopy(resource)
    assert index_values(resource, registry) == index_values(resource, registry)
    assert before == resource


@law
@given(resource=some.resources(), data=st.data())
def test_no_damage_to_a_resource_stops_its_indexing(
    registry: SearchParameters, resource: dict[str, Any], data: st.DataObject
) -> None:
    junk = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just([]), st.just({}))
    damaged = _damaged(resource, data.draw(st.lists(st.integers(0, 50), max_size=6)), data.draw(junk))
    damaged["resourceType"] = resource["resourceType"]
    values = index_values(damaged, registry)
    assert values.type == resource["resourceType"]


# folding and order


@law
@given(text=st.text() | st.sampled_from(some.TEXTS))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(text) == fold(fold(text))
    assert exact(text) == exact(exact(text))
    assert fold(text) == fold(exact(text))


@law
@given(data=st.data())
def test_matches_come_in_the_order_asked_for(registry: SearchParameters, data: st.DataObject) -> None:
    type = data.draw(st.sampled_from(some.TYPES))
    resources = data.draw(st.lists(some.resources(type), max_size=6))
    query = parse(registry, type, *data.draw(some.sorts(type)))
    items = [(index_values(resource, registry), at) for at, resource in enumerate(resources)]
    order = in_order(query, items)
    assert sorted(order) == list(range(len(resources)))
    for before, after in pairwise(order):
        assert _keys_in_order(query, items[before][0], items[after][0], before < after)


def _keys_in_order(query: Query, before: Any, after: Any, came_before: bool) -> bool:
    for key in query.sort:
        first, second = sort_value(key, before), sort_value(key, after)
        if first != second:
            if first is None or second is None:
                return second is None
            return bool(first > second if key.descending else first < second)
    return came_before


def _damaged(value: Any, places: list[int], junk: Any) -> Any:
    """A copy with what is at some places, counted in document order, replaced."""
    copied = deepcopy(value)
    slots: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in entries:
            slots.append((node, key))
            walk(child)

    walk(copied)
    for place in places:
        if slots:
            node, key = slots[place % len(slots)]
            node[key] = junk
    return copied
