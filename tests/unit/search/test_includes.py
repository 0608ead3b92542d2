from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from careloom.model.errors import InvalidError, TooCostlyError
from careloom.search import Access, Limits, Query, SearchParameters, holds_all, index_values, narrowed, parse_query
from careloom.search.conditions import EVERYTHING, NOTHING, Comparison
from careloom.search.includes import Found, followed, included
from careloom.search.operands import TokenOperand


def resource(reference: str, **elements: Any) -> dict[str, Any]:
    type, id = reference.split("/")
    return {"resourceType": type, "id": id, **elements}


def to(*references: str) -> list[dict[str, str]]:
    return [{"reference": reference} for reference in references]


RECORD = [
    resource("Encounter/1", subject=to("Patient/1")[0], serviceProvider=to("Organization/ward")[0]),
    resource("Encounter/2", subject=to("Group/1")[0], serviceProvider=to("Organization/gone")[0]),
    resource("Patient/1", managingOrganization=to("Organization/gp")[0]),
    resource("Patient/2"),
    resource("Group/1"),
    resource("Organization/ward", partOf=to("Organization/trust")[0]),
    resource("Organization/trust", partOf=to("Organization/ward")[0]),
    resource("Organization/gp"),
    resource("Observation/1", encounter=to("Encounter/1")[0], subject=to("Patient/1")[0]),
    resource("Observation/2", subject=to("Patient/2")[0], hasMember=to("Observation/1")),
]


def brought(registry: SearchParameters, query: Query, *matches: str) -> list[str]:
    """What is included, of a record that holds `RECORD`."""
    held = {f"{each['resourceType']}/{each['id']}": index_values(each, registry) for each in RECORD}

    def find(one: Query) -> Iterable[Found[str]]:
        assert one.type
        return [Found(name, values, name) for name, values in held.items() if holds_all(one, values)]

    return sorted(included(query, [Found(name, held[name], name) for name in matches], registry, find))


def asked(registry: SearchParameters, type: str, *parameters: tuple[str, str]) -> Query:
    return parse_query(type, parameters, registry, strict=True)


ENCOUNTERS = ("Encounter/1", "Encounter/2")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], []),
        ([("_include", "Encounter:subject")], ["Group/1", "Patient/1"]),
        ([("_include", "Encounter:subject"), ("_include", "Encounter:patient")], ["Group/1", "Patient/1"]),
        ([("_include", "Encounter:subject:Group")], ["Group/1"]),
        ([("_include", "Encounter:service-provider")], ["Organization/ward"]),
        ([("_include", "Encounter:*")], ["Group/1", "Organization/ward", "Patient/1"]),
        ([("_include", "*")], ["Group/1", "Organization/ward", "Patient/1"]),
        ([("_include", "Encounter:*:Patient")], ["Patient/1"]),
        ([("_include", "Encounter:location")], []),
        ([("_revinclude", "Observation:encounter")], ["Observation/1"]),
        ([("_revinclude", "Observation:*")], ["Observation/1"]),
        ([("_revinclude", "*")], ["Observation/1"]),
        (
            [("_include", "Encounter:patient"), ("_include:iterate", "Patient:organization")],
            ["Organization/gp", "Patient/1"],
        ),
        (
            [("_include", "Encounter:service-provider"), ("_include:iterate", "Organization:partof")],
            ["Organization/trust", "Organization/ward"],
        ),
        (
            [("_revinclude", "Observation:encounter"), ("_revinclude:iterate", "Observation:has-member")],
            ["Observation/1", "Observation/2"],
        ),
        ([("_include:iterate", "Organization:partof")], []),
    ],
)
def test_what_is_asked_for_is_brought_once(
    registry: SearchParameters, parameters: Sequence[tuple[str, str]], expected: list[str]
) -> None:
    assert brought(registry, asked(registry, "Encounter", *parameters), *ENCOUNTERS) == expected


def test_without_matches_nothing_is_brought(registry: SearchParameters) -> None:
    assert brought(registry, asked(registry, "Encounter", ("_revinclude", "*"))) == []


def test_a_match_is_not_brought_again(registry: SearchParameters) -> None:
    query = asked(registry, "Organization", ("_include", "Organization:partof"), ("_revinclude", "Organization:partof"))
    assert brought(registry, query, "Organization/ward", "Organization/trust") == []


def test_a_search_of_the_system_includes_from_each_type(registry: SearchParameters) -> None:
    query = asked(registry, "", ("_type", "Encounter,Patient"), ("_include", "*"))
    assert brought(registry, query, "Encounter/1", "Patient/1") == ["Organization/gp", "Organization/ward"]


def test_what_may_not_be_seen_is_neither_brought_nor_gone_on_from(registry: SearchParameters) -> None:
    gp = Comparison("_id", "token", (TokenOperand(None, "gp"),))
    hidden = Access(rules=(("Patient", NOTHING), ("Organization", gp)), otherwise=EVERYTHING)
    query = asked(registry, "Encounter", ("_include", "*"), ("_include:iterate", "Patient:organization"))
    assert brought(registry, narrowed(query, hidden), *ENCOUNTERS) == ["Group/1"]


def test_more_than_the_ceiling_is_refused(registry: SearchParameters) -> None:
    narrow = SearchParameters(registry._definitions, limits=Limits(included=2))
    with pytest.raises(TooCostlyError, match="at most 2"):
        brought(narrow, asked(registry, "Encounter", ("_include", "*")), *ENCOUNTERS)


def test_iteration_ends_after_so_many_rounds(registry: SearchParameters) -> None:
    narrow = SearchParameters(registry._definitions, limits=Limits(rounds=1))
    query = asked(
        registry, "Encounter", ("_include", "Encounter:patient"), ("_include:iterate", "Patient:organization")
    )
    assert brought(narrow, query, *ENCOUNTERS) == ["Patient/1"]


def test_the_parameters_to_follow_are_those_of_the_type(registry: SearchParameters) -> None:
    query = asked(registry, "Encounter", ("_include", "Encounter:subject"), ("_include:iterate", "Patient:*"))
    assert followed(query, "Encounter", registry) == {"subject"}
    assert followed(query, "Patient", registry) >= {"general-practitioner", "link", "organization"}
    assert "identifier" not in followed(query, "Patient", registry)
    assert followed(query, "Observation", registry) == frozenset()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("_include", "Encounter", "Type:parameter, Type:parameter:Target or \\* expected"),
        ("_include", "Nobody:subject", "a resource type expected"),
        ("_include", "Encounter:status", "a reference parameter of Encounter expected"),
        ("_include", "Encounter:subject:Location", "refers to no Location"),
        ("_include", "Observation:subject", "_include:iterate goes on from what was included"),
        ("_include:recurse", "Encounter:subject", "without modifier or with iterate expected"),
        ("_revinclude", "Observation:based-on", "a parameter that refers to Encounter expected"),
        ("_revinclude", "*:subject", "a resource type before the parameter expected"),
    ],
)
def test_an_include_that_makes_no_sense_is_refused(
    registry: SearchParameters, name: str, value: str, message: str
) -> None:
    with pytest.raises(InvalidError, match=message):
        asked(registry, "Encounter", (name, value))


def test_too_many_includes_are_refused(registry: SearchParameters) -> None:
    many = [("_revinclude", f"Observation:encounter:{type}") for type in ("", "Encounter")]
    narrow = SearchParameters(registry._definitions, limits=Limits(includes=1))
    with pytest.raises(TooCostlyError, match="_include and _revinclude, found 2"):
        asked(narrow, "Encounter", *((name, value.rstrip(":")) for name, value in many))
