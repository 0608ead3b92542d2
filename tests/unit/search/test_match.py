from typing import Any

import pytest

from careloom.search import IndexValues, Query, SearchParameters, in_order, index_values, match, parse_query
from careloom.search.query import SortKey
from careloom.search.values import DateValue, StringValue, TokenValue

PATIENT = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9000000009"}],
    "name": [{"family": "Carreño Quiñones", "given": ["Eve"]}],
    "gender": "female",
    "birthDate": "1990-05-17",
    "managingOrganization": {"reference": "Organization/a", "identifier": {"value": "RR8"}},
}


def matches(registry: SearchParameters, *parameters: tuple[str, str]) -> bool:
    return match(parse_query("Patient", parameters, registry), PATIENT, registry)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("_id", "1", True),
        ("_id", "2,1", True),
        ("identifier", "9000000009", True),
        ("identifier", "https://fhir.nhs.uk/Id/nhs-number|9000000009", True),
        ("identifier", "|9000000009", False),
        ("family", "carreno", True),
        ("family", "quinones", True),
        ("family", "renno", False),
        ("family:contains", "RENO", True),
        ("family:exact", "Carreño Quiñones", True),
        ("family:exact", "Quiñones", False),
        ("name", "eve", True),
        ("gender", "female", True),
        ("gender", "http://hl7.org/fhir/administrative-gender|female", True),
        ("gender:not", "male", True),
        ("gender:not", "male,female", False),
        ("deceased:not", "true", True),
        ("phone:not", "0113", True),
        ("phone:missing", "true", True),
        ("gender:missing", "true", False),
        ("gender:missing", "false", True),
        ("birthdate", "1990", True),
        ("birthdate", "ge1990-05-17", True),
        ("birthdate", "gt1990-05-17", False),
        ("organization", "a", True),
        ("organization", "https://hub.example/fhir/Organization/a", True),
        ("organization", "b", False),
        ("organization:Organization", "a", True),
        ("organization:identifier", "RR8", True),
    ],
)
def test_a_patient_is_found_by_what_it_holds(registry: SearchParameters, name: str, value: str, expected: bool) -> None:
    assert expected is matches(registry, (name, value))


def test_all_conditions_must_hold(registry: SearchParameters) -> None:
    assert matches(registry, ("gender", "female"), ("name", "eve"))
    assert not matches(registry, ("gender", "female"), ("name", "adam"))


def test_another_type_is_no_match(registry: SearchParameters) -> None:
    assert not match(Query("Observation"), PATIENT, registry)
    assert match(Query("Patient"), PATIENT, registry)


# order


def values(**families: Any) -> IndexValues:
    return IndexValues(type="Patient", id="", **families)


def named(*names: str) -> IndexValues:
    return values(strings={"name": tuple(StringValue(name, name) for name in names)})


def in_order_of(query: Query, **items: IndexValues) -> list[str]:
    return in_order(query, [(found, name) for name, found in items.items()])


def test_what_lacks_a_value_comes_last_in_either_direction() -> None:
    items = {"none": values(), "b": named("b"), "a": named("a")}
    up = Query("Patient", sort=(SortKey("name", "string"),))
    down = Query("Patient", sort=(SortKey("name", "string", descending=True),))
    assert ["a", "b", "none"] == in_order_of(up, **items)
    assert ["b", "a", "none"] == in_order_of(down, **items)


def test_of_several_values_the_first_in_the_order_asked_for_counts() -> None:
    items = {"ad": named("a", "d"), "bc": named("b", "c")}
    up = Query("Patient", sort=(SortKey("name", "string"),))
    down = Query("Patient", sort=(SortKey("name", "string", descending=True),))
    assert ["ad", "bc"] == in_order_of(up, **items) == in_order_of(down, **items)


def test_the_part_of_a_name_does_not_count_in_sorting() -> None:
    jones = values(strings={"name": (StringValue("smith jones", "Smith-Jones"), StringValue("jones", ""))})
    assert ["kay", "jones"] == in_order_of(
        Query("Patient", sort=(SortKey("name", "string"),)), jones=jones, kay=named("kay")
    )


def test_later_keys_decide_ties_and_full_ties_keep_their_order() -> None:
    def item(gender: str, born: int) -> IndexValues:
        tokens = {"gender": (TokenValue("", gender),)}
        return values(tokens=tokens, dates={"birthdate": (DateValue(born, born + 1),)})

    query = Query("Patient", sort=(SortKey("gender", "token"), SortKey("birthdate", "date", descending=True)))
    items = {"1": item("m", 1), "2": item("f", 2), "3": item("m", 3), "4": item("f", 2)}
    assert ["2", "4", "3", "1"] == in_order_of(query, **items)


def test_a_search_and_the_stored_values_judge_alike(registry: SearchParameters) -> None:
    from careloom.search import holds_all

    query = parse_query("Patient", [("name", "eve"), ("birthdate", "1990")], registry)
    assert holds_all(query, index_values(PATIENT, registry)) is match(query, PATIENT, registry) is True
