"""Which recorded SearchParameter resources count, and why others are refused."""

from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.search import SearchParameters, index_values, match, parse_query
from careloom.search.custom import require_servable, with_recorded

URL = "https://hub.example/SearchParameter/lot"
FAMILY = "http://hl7.org/fhir/SearchParameter/individual-family"
GIVEN = "http://hl7.org/fhir/SearchParameter/individual-given"
PAIR = [{"definition": FAMILY, "expression": "family"}, {"definition": GIVEN, "expression": "given"}]
LEEDS = {"resourceType": "Patient", "id": "1", "address": [{"city": "Leeds", "district": "North"}]}


def lot(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": URL,
        "status": "active",
        "code": "lot",
        "base": ["Patient"],
        "type": "string",
        "expression": "Patient.address.city",
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": "draft", "code": "_id", "expression": ""},
        {"status": "retired", "base": ["Nothing"]},
        {"base": ["Patient", "Person"], "expression": "Patient.address.city | Person.address.city"},
        {"base": ["DomainResource"], "expression": "DomainResource.extension('https://hub.example/x').value"},
        {"base": ["Resource"], "type": "date", "expression": "Resource.meta.lastUpdated"},
        {"type": "reference", "expression": "Patient.generalPractitioner.where(resolve() is Practitioner)"},
        {"type": "composite", "expression": "Patient.name", "component": PAIR},
        {"type": "token", "expression": "Patient.name.where(text = 'now() and resolve()').exists()"},
    ],
)
def test_what_can_be_searched_by_is_taken(changes: dict[str, Any], registry: SearchParameters) -> None:
    require_servable(lot(**changes), registry)


@pytest.mark.parametrize(
    ("changes", "element", "said"),
    [
        ({"base": ["Patiant"]}, "base", "a resource type expected, found 'Patiant'"),
        ({"base": []}, "base", "a resource type expected, found None"),
        ({"base": ["HumanName"]}, "base", "a resource type expected, found 'HumanName'"),
        ({"expression": " "}, "expression", "FHIRPath expected, found ' '"),
        ({"expression": "Patient.name.("}, "expression", "FHIRPath on Patient expected, found: "),
        ({"expression": "Patient.nom"}, "expression", "an element with a value expected, found 'string' for"),
        ({"base": ["Patient", "Person"]}, "expression", "a member that begins at Person expected, found 'Patient."),
        ({"base": ["Resource"]}, "expression", "a member that begins at Account expected"),
        ({"expression": "Patient.link.other.resolve().name"}, "expression", "by itself, at any time, expected, found"),
        ({"type": "date", "expression": "Patient.birthDate | now()"}, "expression", "found now()"),
        ({"type": "date"}, "type", "one of token, string, uri expected, found 'date' for 'Patient.address.city'"),
        ({"type": "special"}, "type", "expected, found 'special'"),
        ({"type": "text"}, "type", "one of token, string, reference, "),
        ({"type": "composite", "component": [{"definition": URL, "expression": "x"}]}, "component", "same type"),
        ({"code": "_lot"}, "code", "the first a letter or digit, found '_lot'"),
        ({"code": "lot:of.it"}, "code", "found 'lot:of.it'"),
        ({"code": "name"}, "code", "Patient has 'name' already, by http://hl7.org/fhir/SearchParameter/Patient-name"),
        ({"code": "_tag"}, "code", "found '_tag'"),
        ({"url": "http://hl7.org/fhir/SearchParameter/own"}, "url", "a canonical URL of your own expected, found"),
        ({"url": FAMILY}, "code", "'family' expected, as the installed " + FAMILY),
    ],
)
def test_what_could_not_be_searched_by_is_refused_with_its_reason(
    changes: dict[str, Any], element: str, said: str, registry: SearchParameters
) -> None:
    with pytest.raises(InvalidError) as caught:
        require_servable(lot(**changes), registry)
    issue = caught.value.issues[0]
    assert f"SearchParameter.{element}" == issue.expression
    assert said in issue.diagnostics
    assert issue.is_error


def test_a_code_that_the_hub_leaves_out_is_refused(definitions: Definitions) -> None:
    registry = SearchParameters(definitions, left_out={"Patient": ["lot"]})
    with pytest.raises(InvalidError) as caught:
        require_servable(lot(), registry)
    assert "one that Patient may be searched by expected, found 'lot'" in caught.value.issues[0].diagnostics


def test_every_fault_of_the_elements_is_told_at_once(registry: SearchParameters) -> None:
    with pytest.raises(InvalidError) as caught:
        require_servable(lot(code="_x", base=["Nothing"], expression=""), registry)
    assert ["code", "base", "expression"] == [each.expression.rpartition(".")[2] for each in caught.value.issues]


def test_a_code_that_another_recorded_one_has_is_refused_and_ones_own_is_not(registry: SearchParameters) -> None:
    taken = with_recorded(registry, [lot()])
    require_servable(lot(expression="Patient.address.district"), taken)
    require_servable(lot(url="https://hub.example/2", base=["Person"], expression="Person.address.city"), taken)
    with pytest.raises(InvalidError, match="cannot be searched by") as caught:
        require_servable(lot(url="https://hub.example/2"), taken)
    assert f"by {URL}" in caught.value.issues[0].diagnostics


def test_an_installed_one_may_be_recorded_as_it_is(registry: SearchParameters) -> None:
    installed = registry.definitions.find(FAMILY)
    assert installed is not None
    require_servable({**installed, "status": "active"}, registry)
    assert with_recorded(registry, [{**installed, "status": "active"}]) is registry


def test_a_composite_may_be_made_of_recorded_ones(registry: SearchParameters) -> None:
    parts = [{"definition": URL, "expression": "city"}, {"definition": URL, "expression": "district"}]
    pair = lot(url="https://hub.example/pair", code="pair", type="composite", component=parts)
    pair["expression"] = "Patient.address"
    both = with_recorded(registry, [lot(), pair])
    query = parse_query("Patient", [("pair", "leeds$north")], both, strict=True)
    assert match(query, LEEDS, both)


def test_an_active_one_is_found_by_and_others_are_not_known(registry: SearchParameters) -> None:
    counted = with_recorded(registry, [lot(), lot(url="https://hub.example/2", code="idle", status="draft")])
    assert "leeds" == index_values(LEEDS, counted).strings["lot"][0].folded
    assert "idle" not in counted.of("Patient")
    assert "lot" not in registry.of("Patient")
    assert "lot" not in with_recorded(counted, []).of("Patient")


def test_of_several_by_one_url_the_last_counts_and_of_two_by_one_code_the_first(registry: SearchParameters) -> None:
    again, late = lot(expression="Patient.address.district"), lot(url="https://hub.example/late")
    counted = with_recorded(registry, [lot(), again, late])
    assert (again,) == counted.recorded
    assert "north" == index_values(LEEDS, counted).strings["lot"][0].folded


def test_one_that_cannot_be_served_any_more_is_passed_over(registry: SearchParameters) -> None:
    good = lot(url="https://hub.example/good", code="good")
    assert (good,) == with_recorded(registry, [lot(expression="Patient.("), good, lot(base=["Nothing"])]).recorded


def test_the_same_recorded_again_change_nothing(registry: SearchParameters) -> None:
    counted = with_recorded(registry, [lot()])
    assert with_recorded(counted, [lot(status="draft", url="https://hub.example/2"), lot()]) is counted


def test_a_change_touches_the_types_of_its_bases_alone(registry: SearchParameters) -> None:
    counted = with_recorded(registry, [lot()])
    assert {"Patient"} == counted.touched(registry) == registry.touched(counted)
    assert counted.of("Observation") is registry.of("Observation")
    indexing = counted.with_changes(states={URL: "indexing"})
    assert {"Patient"} == indexing.touched(counted)
    assert "indexing" == indexing.of("Patient")["lot"].state
    assert "active" == indexing.with_changes(states={}).of("Patient")["lot"].state
