"""Laws of the whole search language over random populations: printing, joins, access rules, several types."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties import strategies as some
from tests.properties.search_cases import (
    CODES,
    LINKS,
    NOW,
    TYPES,
    Case,
    access_of,
    cases,
    dense_world,
    evenly,
    filter_texts,
    includes,
    joining,
    populations,
    query_of,
    resources,
    rules,
    simple,
    sorts,
)

from careloom.definitions import Definitions
from careloom.fhirpath import compile_expression
from careloom.search import (
    IndexValues,
    Query,
    SearchParameters,
    by_type,
    holds,
    holds_all,
    in_order,
    index_values,
    match,
    parse_query,
    query_parameters,
    query_path,
)
from careloom.search.includes import Found, included
from careloom.search.modifiers import ALL, MODIFIERS

law = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=some.BASE_URL, codes=CODES)


class World:
    """A population as a match in memory sees it."""

    def __init__(self, held: Iterable[Resource], registry: SearchParameters) -> None:
        self.resources = {_name(each): each for each in held}
        self.values = {name: index_values(each, registry) for name, each in self.resources.items()}

    def resolve(self, reference: str) -> IndexValues | None:
        return self.values.get(reference)

    def referring(self, type: str, parameter: str, target: str) -> Iterable[IndexValues]:
        named = (values for values in self.values.values() if values.type == type)
        return [each for each in named if any(r.target == target for r in each.references.get(parameter, ()))]

    def found(self, query: Query) -> list[str]:
        matching = [(values, name) for name, values in self.values.items() if holds_all(query, values, self)]
        return in_order(query, matching)

    def with_included(self, query: Query, registry: SearchParameters) -> tuple[list[str], set[str]]:
        def find(one: Query) -> list[Found[str]]:
            return [Found(name, self.values[name], name) for name in self.found(one)]

        matches = self.found(query)
        shown = [Found(name, self.values[name], name) for name in matches]
        return matches, set(included(query, shown, registry, find))


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def test_the_page_has_the_table_of_modifiers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    for modifier in MODIFIERS:
        kinds = "all" if modifier.kinds == ALL else ", ".join(modifier.kinds)
        assert f"| `:{modifier.name}` | {kinds} | {modifier.meaning} |" in page


# printing


@law
@given(case=cases())
def test_what_is_printed_is_read_as_the_same_tree(registry: SearchParameters, case: Case) -> None:
    asked = Case(case.type, case.parameters, case.compartment)
    query = query_of(asked, registry)
    again = Case(case.type, query_parameters(query), case.compartment)
    assert query_of(again, registry) == query
    expected = "/".join((*(case.compartment or ()), case.type or ("*" if case.compartment else "")))
    assert query_path(query) == expected


@law
@given(case=cases())
def test_access_rules_are_never_printed(registry: SearchParameters, case: Case) -> None:
    bare = Case(case.type, case.parameters, case.compartment)
    assert query_parameters(query_of(case, registry)) == query_parameters(query_of(bare, registry))


# joins


@law
@given(population=populations(min_size=4), data=st.data())
def test_a_chain_asks_what_the_reference_leads_to(
    registry: SearchParameters, population: list[Resource], data: st.DataObject
) -> None:
    world = World(population, registry)
    type = data.draw(st.sampled_from(sorted(LINKS)))
    code = data.draw(st.sampled_from(sorted(LINKS[type])))
    target = data.draw(st.sampled_from(LINKS[type][code]))
    name, value = data.draw(simple(target))
    chained = query_of(Case(type, [(f"{code}:{target}.{name}", value)]), registry)
    asked = query_of(Case(target, [(name, value)]), registry)
    meant = {
        each
        for each, resource in world.resources.items()
        if resource["resourceType"] == type
        and any(
            local.startswith(f"{target}/")
            and local in world.resources
            and match(asked, world.resources[local], registry, world)
            for local in _local_references(resource, type, code, registry)
        )
    }
    assert set(world.found(chained)) == meant


@law
@given(population=populations(min_size=4), data=st.data())
def test_has_asks_what_refers_here(registry: SearchParameters, population: list[Resource], data: st.DataObject) -> None:
    world = World(population, registry)
    other = data.draw(st.sampled_from(sorted(LINKS)))
    code = data.draw(st.sampled_from(sorted(LINKS[other])))
    type = data.draw(st.sampled_from(LINKS[other][code]))
    name, value = data.draw(simple(other))
    asked = query_of(Case(other, [(name, value)]), registry)
    meant = {
        local
        for resource in world.resources.values()
        if resource["resourceType"] == other and match(asked, resource, registry, world)
        for local in _local_references(resource, other, code, registry)
        if local in world.resources and local.startswith(f"{type}/")
    }
    found = world.found(query_of(Case(type, [(f"_has:{other}:{code}:{name}", value)]), registry))
    assert set(found) == meant


def _local_references(resource: Resource, type: str, code: str, registry: SearchParameters) -> set[str]:
    """``Type/id`` of what is referred to, by the expression of the definition as FHIRPath evaluates it.

    A reference to a version is one to the resource.
    """
    (definition,) = [
        each
        for each in registry._definitions.all("SearchParameter")
        if each["code"] == code and type in each.get("base", ()) and not each.get("experimental")
    ]
    members = [part.strip() for part in definition["expression"].split("|")]
    text = " | ".join(part for part in members if part.startswith(f"{type}."))
    narrowed = re.search(r"resolve\(\) is (\w+)", text)
    plain = re.sub(r"\.where\(resolve\(\) is \w+\)", "", text)
    expression = compile_expression(plain, types=registry._definitions.types, context_type=type)
    found = (str(each.get("reference", "")) for each in expression.evaluate(resource))
    local = {text.removeprefix(some.BASE_URL).partition("/_history/")[0] for text in found}
    return {each for each in local if not narrowed or each.startswith(f"{narrowed[1]}/")}


# access rules


@settings(law, max_examples=200)
@given(
    population=evenly(st.just(dense_world()), populations(min_size=6)),
    case=evenly(joining(), joining(), cases()),
    rules=rules(),
)
def test_under_access_rules_the_rest_of_the_world_is_not_there(
    registry: SearchParameters,
    population: list[Resource],
    case: Case,
    rules: dict[str, list[tuple[str, str]] | None],
) -> None:
    whole = World(population, registry)
    access = access_of(Case(case.type, [], rules=rules), registry)
    visible = [
        resource
        for name, resource in whole.resources.items()
        if holds(access.of(resource["resourceType"]), whole.values[name], whole)
    ]
    bare = query_of(Case(case.type, case.parameters, case.compartment), registry)
    ruled = query_of(Case(case.type, case.parameters, case.compartment, rules, is_ruled=True), registry)
    assert whole.with_included(ruled, registry) == World(visible, registry).with_included(bare, registry)


# several types


@law
@given(population=populations(), case=cases(), data=st.data())
def test_a_search_of_several_types_is_one_of_each(
    registry: SearchParameters, population: list[Resource], case: Case, data: st.DataObject
) -> None:
    types = data.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True))
    code = data.draw(st.sampled_from([("_id", "1"), ("_tag:not", "a"), ("_lastUpdated", "gt2020")]))
    asked = Case("", [("_type", ",".join(types)), code], rules=case.rules, is_ruled=case.is_ruled)
    world = World(population, registry)
    query = query_of(asked, registry)
    apart = [name for each in by_type(query, registry) for name in world.found(each)]
    assert sorted(apart) == sorted(world.found(query))
    typed = [world.found(query_of(Case(type, [code], None, case.rules, case.is_ruled), registry)) for type in types]
    assert sorted(apart) == sorted(name for names in typed for name in names)


# _filter


@law
@given(population=populations(), data=st.data())
def test_filters_have_the_algebra_of_logic(
    registry: SearchParameters, population: list[Resource], data: st.DataObject
) -> None:
    type = data.draw(st.sampled_from(TYPES))
    first, second = data.draw(filter_texts(type, 1)), data.draw(filter_texts(type, 1))
    world = World(population, registry)

    def found(text: str) -> set[str]:
        return set(world.found(query_of(Case(type, [("_filter", text)]), registry)))

    everything = set(world.found(Query(type)))
    one, other = found(f"({first})"), found(f"({second})")
    assert found(first) == one
    assert found(f"({first}) and ({second})") == one & other
    assert found(f"({first}) or ({second})") == one | other
    assert found(f"not ({first})") == everything - one
    assert found(f"({first}) or ({second}) and ({first})") == (one | other) & one


# results


@law
@given(resource=resources(), data=st.data())
def test_only_what_a_query_looks_at_needs_reading(
    registry: SearchParameters, resource: Resource, data: st.DataObject
) -> None:
    case = data.draw(cases(resource["resourceType"]))
    query = query_of(case, registry)
    world = World([resource], registry)
    assert match(query, resource, registry, world) is holds_all(query, index_values(resource, registry), world)


@law
@given(data=st.data())
def test_result_parameters_change_no_match(registry: SearchParameters, data: st.DataObject) -> None:
    type = data.draw(st.sampled_from(TYPES))
    world = World(data.draw(populations()), registry)
    condition = data.draw(simple(type))
    shaped = [condition, *data.draw(sorts(type)), *data.draw(includes(type))]
    plain = parse_query(type, [condition], registry, now=lambda: NOW)
    assert sorted(world.found(parse_query(type, shaped, registry, strict=True, now=lambda: NOW))) == sorted(
        world.found(plain)
    )
