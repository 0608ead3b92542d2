from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.web.elements import Constraint, element

BODY_WEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyweight"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"given": ["Ann"], "period": {"start": "x"}}],
    "deceasedBoolean": True,
    "contact": [{"name": {}}],
    "contained": [{"resourceType": "Observation", "valueQuantity": {"unit": "kg"}}],
}
FORM: dict[str, Any] = {"resourceType": "Questionnaire", "item": [{"linkId": "1", "item": [{"linkId": "2"}]}]}
BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "entry": [{"resource": FORM}, {"resource": PATIENT}]}


@pytest.mark.parametrize(
    ("resource", "expression", "id"),
    [
        (PATIENT, "Patient", "Patient"),
        (PATIENT, "Patient.gender", "Patient.gender"),
        (PATIENT, "Patient.name[0].given[0]", "HumanName.given"),
        (PATIENT, "Patient.name[0].period.start", "Period.start"),
        (PATIENT, "Patient.contact[0].name", "Patient.contact.name"),
        (PATIENT, "Patient.contact[0].name.family", "HumanName.family"),
        (PATIENT, "Patient.deceased", "Patient.deceased[x]"),
        (PATIENT, "Patient.contained[0].status", "Observation.status"),
        (PATIENT, "Patient.contained[0].value.ofType(Quantity).unit", "Quantity.unit"),
        (PATIENT, "Patient.contained[0].value.unit", "Quantity.unit"),
        (FORM, "Questionnaire.item[0].item[0].linkId", "Questionnaire.item.linkId"),
        (BUNDLE, "Bundle.entry[1].resource.name[0].given", "HumanName.given"),
        (BUNDLE, "Bundle.entry[0].resource.item[0].item[0].type", "Questionnaire.item.type"),
    ],
)
def test_the_element_of_an_expression_is_found(
    definitions: Definitions, resource: dict[str, Any], expression: str, id: str
) -> None:
    found = element(resource, expression, definitions)
    assert found
    assert (id, True) == (found.id, found.is_exact)


@pytest.mark.parametrize(
    ("expression", "id"),
    [("Patient.gendr", "Patient"), ("Patient.name[0].gven", "Patient.name"), ("Patient.gender.x.y", "Patient.gender")],
)
def test_what_is_not_defined_gives_the_nearest_that_is(definitions: Definitions, expression: str, id: str) -> None:
    found = element(PATIENT, expression, definitions)
    assert found
    assert (id, False) == (found.id, found.is_exact)


def test_a_profile_says_what_it_asks_of_the_element(definitions: Definitions) -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {}}
    base = element(observation, "Observation.value.code", definitions)
    found = element(observation, "Observation.value.code", definitions, profile=f"{BODY_WEIGHT}|4.0.1")
    assert base and found
    assert ("0..1", "Quantity.code") == (base.cardinality, base.id)
    assert ("1..1", BODY_WEIGHT) == (found.cardinality, found.canonical)
    assert found.binding
    assert found.binding.strength == "required"


def test_a_profile_is_found_inside_a_bundle(definitions: Definitions) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation"}}]}
    found = element(bundle, "Bundle.entry[0].resource.code", definitions, profile=BODY_WEIGHT)
    assert found
    assert BODY_WEIGHT == found.canonical


@pytest.mark.parametrize("profile", ["http://nowhere.example/p", "not a url", BODY_WEIGHT])
def test_a_profile_that_says_nothing_of_it_leaves_the_type(definitions: Definitions, profile: str) -> None:
    found = element(PATIENT, "Patient.gender", definitions, profile=profile)
    assert found
    assert "Patient.gender" == found.id
    assert ("code",) == found.types
    assert found.binding
    assert found.binding.value_set.startswith("http://hl7.org/fhir/ValueSet/administrative-gender")


def test_targets_of_references_are_among_the_types(definitions: Definitions) -> None:
    found = element(PATIENT, "Patient.managingOrganization", definitions)
    assert found
    assert ("Reference (Organization)",) == found.types


def test_ids_have_the_type_of_fhir_and_not_of_fhirpath(definitions: Definitions) -> None:
    found = element(PATIENT, "Patient.id", definitions)
    assert found
    assert ("string",) == found.types


def test_an_invariant_is_told_in_words_and_as_an_expression(definitions: Definitions) -> None:
    found = element(PATIENT, "Patient.contact[0]", definitions, rule="pat-1")
    assert found
    assert isinstance(found.constraint, Constraint)
    assert "name.exists()" in found.constraint.expression


@pytest.mark.parametrize("type", [None, 7, [], {}, "Nonsense", "HumanName", "http://x/y", "DomainResource"])
def test_of_what_is_no_resource_nothing_is_said(definitions: Definitions, type: Any) -> None:
    assert element({"resourceType": type}, "Patient.name", definitions) is None


def test_an_expression_without_end_is_walked_a_part_of_the_way(definitions: Definitions) -> None:
    assert element(PATIENT, "Patient" + ".extension[0]" * 50_000, definitions)
