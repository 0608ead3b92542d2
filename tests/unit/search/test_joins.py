"""Chains, ``_has``, lists and compartments over one small record, and the access rules that narrow them."""

import pytest
from tests.unit.search.population import Held, resource, to

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError, NotFoundError, NotSupportedError, TooCostlyError
from careloom.search import (
    Access,
    Limits,
    SearchParameters,
    by_type,
    match,
    narrowed,
    parse_query,
    query_parameters,
    query_path,
)
from careloom.search.conditions import EVERYTHING, NOTHING, Comparison
from careloom.search.operands import TokenOperand
from careloom.search.printing import rules_of

GP = "https://ods.example/gp"


@pytest.fixture(scope="module")
def record(registry: SearchParameters) -> Held:
    return Held(
        registry,
        resource("Organization/trust", name="Northern Trust"),
        resource("Organization/ward", name="Ward 7", partOf=to("Organization/trust")),
        resource("Patient/ann", name=[{"family": "Smith"}], managingOrganization=to("Organization/ward")),
        resource("Patient/bob", name=[{"family": "Jones"}]),
        resource("Group/g", code={"text": "Smith family"}, member=[{"entity": to("Patient/bob")}]),
        resource("Encounter/e", subject=to("Patient/ann"), serviceProvider=to("Organization/ward")),
        resource("Observation/a", subject=to("Patient/ann"), encounter=to("Encounter/e"), status="final"),
        resource("Observation/b", subject=to("Patient/bob/_history/2"), status="amended"),
        resource("Observation/c", subject=to("Group/g"), performer=[to("Patient/bob")], status="final"),
        resource("Observation/d", subject=to("https://elsewhere.example/Patient/ann")),
        resource("List/l", entry=[{"item": to("Patient/bob")}, {"item": to("Observation/a")}]),
        resource("Provenance/p", target=[to("Observation/b")], agent=[{"who": to("Organization/trust")}]),
    )


def _parted(asked: str) -> tuple[str, str]:
    name, _, value = asked.partition("=")
    return name, value


@pytest.mark.parametrize(
    ("type", "asked", "expected"),
    [
        ("Observation", "subject:Patient.name=smith", ["Observation/a"]),
        ("Observation", "patient.name=smith,jones", ["Observation/a", "Observation/b"]),
        ("Observation", "subject.name:contains=mit", ["Observation/a"]),
        ("Observation", "subject.organization.name=ward", ["Observation/a"]),
        ("Observation", "subject:Patient.organization.partof.name=north", ["Observation/a"]),
        ("Observation", "subject:Patient.organization:missing=false", ["Observation/a"]),
        ("Observation", "subject:Group.member:Patient.family=jones", ["Observation/c"]),
        ("Observation", "encounter.service-provider.name=ward", ["Observation/a"]),
        ("Patient", "_has:Observation:patient:status=final", ["Patient/ann"]),
        ("Patient", "_has:Observation:subject:encounter.service-provider.name=ward", ["Patient/ann"]),
        ("Patient", "_has:Observation:subject:_has:List:item:_id=l", ["Patient/ann"]),
        ("Patient", "_has:Group:member:_has:Observation:subject:status=final", ["Patient/bob"]),
        ("Observation", "_has:Provenance:target:agent.name=trust", []),
        ("Observation", "_has:Provenance:target:agent:Organization.name=north", ["Observation/b"]),
        ("Observation", "subject:Group.member:Patient._has:Observation:performer:status=final", ["Observation/c"]),
        ("Patient", "_list=l", ["Patient/bob"]),
        ("Patient", "_list=List/l,other", ["Patient/bob"]),
        ("", "_list=l", ["Observation/a", "Patient/bob"]),
        ("", "_has:Provenance:target:_id=p", ["Observation/b"]),
    ],
)
def test_what_other_resources_say_is_searched_by(
    registry: SearchParameters, record: Held, type: str, asked: str, expected: list[str]
) -> None:
    query = parse_query(type, [_parted(asked)], registry, strict=True)
    assert record.found(query) == expected
    assert parse_query(type, query_parameters(query), registry, strict=True) == query


def test_a_reference_to_a_version_leads_to_the_living_resource(registry: SearchParameters, record: Held) -> None:
    history = Held(registry, resource("Patient/1"), resource("Observation/1", subject=to("Patient/1/_history/7")))
    assert history.found(parse_query("Observation", [("subject:Patient._id", "1")], registry)) == ["Observation/1"]


@pytest.mark.parametrize(
    ("type", "name", "message"),
    [
        ("Observation", "status.name", "a reference parameter expected before the dot, status is a token"),
        ("Observation", "subject:Practitioner.name", "Observation: subject refers to no 'Practitioner'"),
        ("Observation", "subject.", "a search parameter expected behind the dot of 'subject.'"),
        ("Patient", "_has:Observation:patient", "_has:Type:parameter:parameter expected"),
        ("Patient", "_has:Nobody:patient:code", "a resource type expected, found 'Nobody' in _has"),
        ("Patient", "_has:Observation:code:code", "a parameter of Observation that refers to Patient expected"),
        ("Location", "_has:Observation:patient:code", "a parameter of Observation that refers to Location expected"),
        ("Observation", "patient.name:fuzzy", "modifiers of a string parameter are"),
    ],
)
def test_a_join_that_makes_no_sense_is_refused(registry: SearchParameters, type: str, name: str, message: str) -> None:
    with pytest.raises(InvalidError) as raised:
        parse_query(type, [(name, "x")], registry)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("limits", "type", "name"),
    [
        (Limits(depth=2), "Observation", "subject:Patient.organization.partof.name"),
        (Limits(depth=2), "Patient", "_has:Observation:patient:_has:List:item:subject:Patient.name"),
        (Limits(joins=100), "Provenance", "target._id"),
        (Limits(depth=1), "Patient", "_filter"),
    ],
)
def test_a_bomb_of_joins_is_refused(definitions: Definitions, limits: Limits, type: str, name: str) -> None:
    value = "organization.partof.name eq x" if name == "_filter" else "x"
    with pytest.raises(TooCostlyError, match=r"at most|look at more than"):
        parse_query(type, [(name, value)], SearchParameters(definitions, limits=limits))


def test_without_a_population_a_join_is_refused(registry: SearchParameters) -> None:
    observation = resource("Observation/1", subject=to("Patient/1"))
    for name in ("subject:Patient.name", "_has:List:item:status"):
        query = parse_query("Observation", [(name, "x")], registry, strict=True)
        with pytest.raises(NotSupportedError, match="asks about other resources, which cannot be looked at here"):
            match(query, observation, registry)


# compartments


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("Patient/ann/Observation", [], ["Observation/a"]),
        ("Patient/bob/Observation", [], ["Observation/b", "Observation/c"]),
        ("Patient/bob/Observation", [("status", "final")], ["Observation/c"]),
        ("Patient/bob/Patient", [], ["Patient/bob"]),
        ("Patient/ann/*", [], ["Encounter/e", "Observation/a", "Patient/ann"]),
        ("Patient/ann/*", [("_type", "Observation,Patient")], ["Observation/a", "Patient/ann"]),
        ("Encounter/e/*", [], ["Encounter/e", "Observation/a"]),
    ],
)
def test_a_compartment_is_searched_like_a_condition(
    registry: SearchParameters,
    record: Held,
    path: str,
    parameters: list[tuple[str, str]],
    expected: list[str],
) -> None:
    code, id, type = path.replace("*", "").split("/")
    query = parse_query(type, parameters, registry, strict=True, compartment=(code, id))
    assert record.found(query) == expected
    assert sorted(name for each in by_type(query, registry) for name in record.found(each)) == expected
    assert query_path(query) == path
    again = parse_query(type, query_parameters(query), registry, strict=True, compartment=(code, id))
    assert again == query


def test_a_type_outside_a_compartment_is_not_found_in_it(registry: SearchParameters) -> None:
    for type, code in (("Organization", "Patient"), ("Patient", "Organization")):
        with pytest.raises(NotFoundError, match="compartment"):
            parse_query(type, [], registry, compartment=(code, "1"))


# access rules


def _one(code: str) -> Comparison:
    return Comparison("_id", "token", (TokenOperand(None, code),))


@pytest.mark.parametrize(
    ("type", "asked", "hidden"),
    [
        ("Observation", "subject:Patient.name=smith", "Patient"),
        ("Observation", "subject.organization.name=ward", "Organization"),
        ("Patient", "_has:Observation:patient:status=final", "Observation"),
        ("Patient", "_has:Observation:subject:_has:List:item:_id=l", "List"),
        ("Patient", "_list=l", "List"),
        ("Patient", "_filter=organization.name co ward", "Organization"),
        ("Patient", "_filter=_has:Observation:patient:status eq final", "Observation"),
    ],
)
def test_what_is_hidden_leads_nowhere(
    registry: SearchParameters, record: Held, type: str, asked: str, hidden: str
) -> None:
    query = parse_query(type, [_parted(asked)], registry, strict=True)
    assert record.found(query)
    ruled = narrowed(query, Access(((hidden, NOTHING),), otherwise=EVERYTHING))
    assert record.found(ruled) == []
    assert query_parameters(ruled) == query_parameters(query)
    assert rules_of(ruled) != rules_of(query)


def test_a_negated_chain_tells_nothing_of_what_is_hidden(registry: SearchParameters, record: Held) -> None:
    query = parse_query("Patient", [("_filter", "not (organization.name co ward)")], registry, strict=True)
    ruled = narrowed(query, Access((("Organization", NOTHING),), otherwise=EVERYTHING))
    assert record.found(ruled) == ["Patient/ann", "Patient/bob"]


def test_a_rule_may_look_where_its_user_may_not(registry: SearchParameters, record: Held) -> None:
    (on_ward,) = parse_query("Patient", [("organization.name", "ward")], registry).conditions
    access = Access((("Patient", on_ward), ("Organization", NOTHING)))
    assert record.found(narrowed(parse_query("Patient", [], registry), access)) == ["Patient/ann"]


def test_two_rules_hold_together(registry: SearchParameters, record: Held) -> None:
    everything = parse_query("", [("_type", "Patient,Group")], registry)
    first = Access((("Patient", _one("ann")),), otherwise=EVERYTHING)
    second = Access((("Group", NOTHING),), otherwise=EVERYTHING)
    twice = narrowed(narrowed(everything, first), second)
    assert record.found(twice) == ["Patient/ann"]
    assert twice.access is not None
    assert [record.found(each) for each in by_type(twice, registry)] == [["Patient/ann"]]


def test_a_search_of_the_system_is_narrowed_type_by_type(registry: SearchParameters, record: Held) -> None:
    everything = parse_query("", [], registry)
    access = Access((("Patient", _one("bob")), ("List", EVERYTHING)))
    ruled = narrowed(everything, access)
    assert record.found(ruled) == ["List/l", "Patient/bob"]
    assert [each.type for each in by_type(ruled, registry)] == ["List", "Patient"]
