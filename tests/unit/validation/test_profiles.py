"""What a profile adds: counts, types, values, bindings, lengths, invariants, targets."""

import json
from typing import Any

import pytest
from tests.unit.validation.builders import BASE, PROFILE, by_profile, errors, judge, observation, patient, profile

from careloom.definitions import Definitions
from careloom.model.errors import DefinitionError, NotFoundError
from careloom.validation import Validator, schema_json

MADE = {"key": "p-1", "severity": "error", "human": "has a name", "expression": "name.exists()"}


@pytest.mark.parametrize(
    ("element", "fields", "expected"),
    [
        ({"path": "Patient.name", "min": 1}, {}, "Patient.name: at least 1 expected, 0 found"),
        (
            {"path": "Patient.photo", "max": "0"},
            {"photo": [{"title": "x"}]},
            "Patient.photo[0]: at most 0 expected, 1 found",
        ),
        (
            {"path": "Patient.gender", "fixedCode": "female"},
            {"gender": "male"},
            "Patient.gender: exactly 'female' expected, 'male' found",
        ),
        (
            {"path": "Patient.maritalStatus", "patternCodeableConcept": {"text": "m"}},
            {"maritalStatus": {"text": "s"}},
            "Patient.maritalStatus: a value with {text: 'm'} expected, {text: 's'} found",
        ),
        (
            {"path": "Patient.multipleBirth[x]", "type": [{"code": "integer"}]},
            {"multipleBirthBoolean": True},
            "Patient.multipleBirth: integer expected, boolean found",
        ),
        (
            {"path": "Patient.name.family", "maxLength": 3},
            {"name": [{"family": "abcd"}]},
            "Patient.name[0].family: at most 3 characters expected, 4 found",
        ),
        (
            {"path": "Patient.multipleBirth[x]", "type": [{"code": "integer"}], "maxValueInteger": 5},
            {"multipleBirthInteger": 6},
            "Patient.multipleBirth: at most 5 expected, 6 found",
        ),
        ({"path": "Patient", "constraint": [MADE]}, {}, "Patient: p-1: has a name"),
        (
            {
                "path": "Patient.generalPractitioner",
                "type": [{"code": "Reference", "targetProfile": [BASE + "Organization"]}],
            },
            {"generalPractitioner": [{"reference": "Practitioner/1"}]},
            "Patient.generalPractitioner[0]: a reference to Organization expected, to Practitioner found",
        ),
    ],
)
def test_a_profile_is_held_to(
    definitions: Definitions, element: dict[str, Any], fields: dict[str, Any], expected: str
) -> None:
    assert by_profile(definitions, patient(**fields), element) == [expected]


def test_what_the_profile_allows_is_fine(definitions: Definitions) -> None:
    assert (
        by_profile(definitions, patient(gender="female"), {"path": "Patient.gender", "min": 1, "fixedCode": "female"})
        == []
    )


def test_a_quantity_is_compared_over_its_units(definitions: Definitions) -> None:
    ucum = "http://unitsofmeasure.org"
    least = {"value": 1, "system": ucum, "code": "kg"}
    element = {"path": "Observation.value[x]", "type": [{"code": "Quantity"}], "minValueQuantity": least}
    assert (
        by_profile(definitions, observation(valueQuantity={"value": 1500, "system": ucum, "code": "g"}), element) == []
    )
    assert (
        len(by_profile(definitions, observation(valueQuantity={"value": 500, "system": ucum, "code": "g"}), element))
        == 1
    )


def test_issues_of_a_profile_name_it(definitions: Definitions) -> None:
    made = profile("Patient", {"path": "Patient.name", "min": 1}, version="1.2")
    issues = judge(definitions, patient(), extra=[made], profiles=[PROFILE])
    assert [issue.profile for issue in issues if issue.is_error] == [f"{PROFILE}|1.2"]


def test_what_type_and_profile_say_alike_is_told_once(definitions: Definitions) -> None:
    resource = {"resourceType": "Observation", "status": "final"}
    made = profile("Observation", {"path": "Observation.subject", "min": 1})
    found = errors(judge(definitions, resource, extra=[made], profiles=[PROFILE]))
    assert found == [
        "Observation.code: at least 1 expected, 0 found",
        "Observation.subject: at least 1 expected, 0 found",
    ]


def test_a_claimed_profile_is_held_to(definitions: Definitions) -> None:
    made = profile("Patient", {"path": "Patient.name", "min": 1})
    found = errors(judge(definitions, patient(meta={"profile": [PROFILE]}), extra=[made]))
    assert found == ["Patient.name: at least 1 expected, 0 found"]


def test_an_unknown_claimed_profile_is_a_warning(definitions: Definitions) -> None:
    issues = judge(definitions, patient(meta={"profile": ["https://nowhere.test/p"]}))
    assert [(issue.severity, issue.code) for issue in issues if issue.rule == "profile"] == [("warning", "not-found")]


def test_a_claimed_profile_of_another_type_is_an_error(definitions: Definitions) -> None:
    found = errors(judge(definitions, patient(meta={"profile": [BASE + "bodyweight"]})))
    assert found == [f"Patient.meta.profile[0]: a profile of Patient expected, {BASE}bodyweight is one of Observation"]


def test_an_unknown_profile_that_is_asked_for_is_named(definitions: Definitions) -> None:
    with pytest.raises(NotFoundError, match=r"https://nowhere\.test/p"):
        Validator(definitions).validate(patient(), profiles=["https://nowhere.test/p"])


def test_a_broken_profile_that_is_asked_for_is_named_with_its_element(definitions: Definitions) -> None:
    broken = profile("Patient", {"path": "Patient.nonsense", "min": 1})
    with pytest.raises(DefinitionError, match=rf"{PROFILE} element Patient.nonsense"):
        Validator(definitions.with_resources([broken])).validate(patient(), profiles=[PROFILE])


def test_a_vital_sign_is_judged_by_its_profile_unasked(definitions: Definitions) -> None:
    weight = observation(code={"coding": [{"system": "http://loinc.org", "code": "29463-7"}]})
    issues = judge(definitions, weight)
    assert {issue.profile for issue in issues if issue.is_error} == {f"{BASE}bodyweight|4.0.1"}


def test_a_schema_holds_only_what_the_profile_adds(definitions: Definitions) -> None:
    made = profile("Patient", {"path": "Patient.name", "min": 1}, {"path": "Patient.name.family", "min": 1})
    schema = Validator(definitions.with_resources([made])).library.schema(PROFILE)
    printed = json.loads(json.dumps(schema_json(schema)))
    assert printed["root"]["children"] == {
        "name": {
            "id": "Patient.name",
            "name": "name",
            "min": 1,
            "is_list": True,
            "children": {"family": {"id": "Patient.name.family", "name": "family", "min": 1}},
        }
    }


def test_types_are_compiled_once_for_all_layers(definitions: Definitions) -> None:
    one = Validator(definitions.with_resources([profile("Patient", {"path": "Patient.name", "min": 1})]))
    other = Validator(definitions.with_resources([profile("Patient", {"path": "Patient.photo", "min": 1})]))
    assert one.library.node("Patient") is other.library.node("Patient")
    assert one.library.schema(PROFILE) is not other.library.schema(PROFILE)


@pytest.mark.parametrize("wrong", [True, "x", 1, [["x"]]])
def test_what_is_no_object_is_told_once_and_no_rule_of_the_profile_trips_over_it(
    definitions: Definitions, wrong: Any
) -> None:
    bound = {"strength": "extensible", "valueSet": "http://hl7.org/fhir/ValueSet/marital-status"}
    element = {"path": "Patient.maritalStatus", "min": 1, "binding": bound}
    places = {issue.split(":")[0] for issue in by_profile(definitions, patient(maritalStatus=wrong), element)}
    assert {"Patient.maritalStatus"} == places
