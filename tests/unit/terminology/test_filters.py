"""Filters: every operator, on every kind of property; what is not understood is not answered."""

import random

import pytest
from tests.unit.terminology.building import (
    CS,
    SNOMED,
    VS,
    code_system,
    codes,
    concept,
    filtered,
    terminology,
    value_set,
)

from careloom.model import Resource
from careloom.model.errors import NotSupportedError


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({"system": CS}, ["animal", "dog", "puppy", "cat", "dodo", "plant"]),
        (filtered("concept", "is-a", "animal"), ["animal", "dog", "puppy", "cat", "dodo"]),
        (filtered("concept", "descendent-of", "animal"), ["dog", "puppy", "cat", "dodo"]),
        (filtered("concept", "is-not-a", "dog"), ["animal", "cat", "dodo", "plant"]),
        (filtered("concept", "child-of", "animal"), ["dog", "cat", "dodo"]),
        (filtered("concept", "descendent-leaf", "animal"), ["puppy", "cat", "dodo"]),
        (filtered("concept", "generalizes", "puppy"), ["puppy", "dog", "animal"]),
        (filtered("code", "regex", "[cd].*"), ["dog", "cat", "dodo"]),
        (filtered("display", "regex", "D.{2}"), ["dog"]),
        (filtered("designation", "=", "Hound"), ["dog"]),
        (filtered("code", "in", "dog, plant"), ["dog", "plant"]),
        (filtered("code", "not-in", "dog,plant,puppy"), ["animal", "cat", "dodo"]),
        (filtered("code", "=", "dog"), ["dog"]),
        (filtered("wild", "=", "true"), ["plant"]),
        (filtered("wild", "exists", "true"), ["cat", "plant"]),
        (filtered("wild", "exists", "false"), ["animal", "dog", "puppy", "dodo"]),
        (filtered("parent", "=", "animal"), ["dog", "cat", "dodo"]),
        (filtered("parent", "exists", "false"), ["animal", "plant"]),
        (filtered("child", "=", "puppy"), ["dog"]),
        (filtered("inactive", "=", "true"), ["dodo"]),
        (filtered("inactive", "=", "false"), ["animal", "dog", "puppy", "cat", "plant"]),
        (filtered("concept", "is-a", "nothing"), []),
    ],
)
def test_an_operator_selects(include: Resource, expected: list[str]) -> None:
    assert sorted(expected) == sorted(codes(terminology(value_set(include))))


@pytest.mark.parametrize(
    "filter",
    [
        filtered("concept", "resembles", "dog"),
        filtered("colour", "=", "brown"),
        filtered("code", "regex", r"\p{L}+"),
        filtered("code", "regex", "("),
    ],
)
def test_what_is_not_understood_is_unknown_and_says_why(filter: Resource) -> None:
    made = terminology(value_set(filter))
    answer = made.validate_code(VS, system=CS, code="dog")
    assert "unknown" == answer.result
    assert "not" in answer.message
    with pytest.raises(NotSupportedError):
        made.expand(VS)


def test_a_pattern_that_costs_too_much_is_unknown_and_not_expanded() -> None:
    long = "".join(random.Random(1).choices("ab", k=4_000))
    made = terminology(code_system(concept(long)), value_set(filtered("code", "regex", "[ab]*a[ab]{900}c")))
    assert "unknown" == made.validate_code(VS, system=CS, code=long).result


def test_a_pattern_takes_the_whole_of_a_value() -> None:
    assert ["dog"] == codes(terminology(value_set(filtered("code", "regex", "^d(o)g?$"))))
    assert [] == codes(terminology(value_set(filtered("code", "regex", "do"))))


def test_several_filters_must_all_hold() -> None:
    both = {
        "system": CS,
        "filter": [*filtered("concept", "is-a", "animal")["filter"], *filtered("wild", "exists", "true")["filter"]],
    }
    assert ["cat"] == codes(terminology(value_set(both)))


def test_a_coding_is_met_by_its_code_and_by_its_system_and_code() -> None:
    lives_in = {"lives": {"system": "http://example.org/places", "code": "house"}}
    made = code_system(concept("dog", properties=lives_in), concept("wolf"))
    for value in ("house", "http://example.org/places#house"):
        assert ["dog"] == codes(terminology(made, value_set(filtered("lives", "=", value))))


def test_membership_of_a_reference_set_is_unknown_even_with_content() -> None:
    snomed = {**code_system(concept("1"), concept("2")), "url": SNOMED}
    refset = {"system": SNOMED, "filter": [{"property": "concept", "op": "in", "value": "999"}]}
    made = terminology(snomed, value_set(refset))
    assert "unknown" == made.validate_code(VS, system=SNOMED, code="1").result


def test_case_does_not_matter_to_a_hierarchy_where_it_does_not_matter_to_the_system() -> None:
    folded = code_system(caseSensitive=False)
    assert ["dog", "puppy"] == codes(terminology(folded, value_set(filtered("concept", "is-a", "DOG"))))


def test_a_property_is_declared_by_its_uri_under_any_name() -> None:
    declared = [
        {"code": "grouper", "uri": "http://hl7.org/fhir/concept-properties#notSelectable", "type": "boolean"},
        {"code": "above", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"},
    ]
    made = code_system(
        concept("dog", properties={"above": "animal"}),
        concept("animal", properties={"grouper": True}),
        property=declared,
    )
    entries = terminology(made, value_set(filtered("concept", "is-a", "animal"))).expand(VS).entries
    assert [("animal", True), ("dog", False)] == [(entry.code, entry.is_abstract) for entry in entries]


def test_a_child_property_makes_a_hierarchy_too() -> None:
    made = code_system(concept("dog"), concept("animal", properties={"child": "dog"}))
    assert ["animal", "dog"] == codes(terminology(made, value_set(filtered("concept", "is-a", "animal"))))


def test_a_loop_in_the_hierarchy_does_no_harm() -> None:
    made = code_system(concept("a", properties={"parent": "b"}), concept("b", properties={"parent": "a"}))
    assert ["a", "b"] == codes(terminology(made, value_set(filtered("concept", "is-a", "a"))))
