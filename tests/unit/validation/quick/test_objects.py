"""Objects judged in place: whatever stood there first, what comes next is judged as it is."""

from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.validation import Validator

LOINC = {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}
SNOMED = {"coding": [{"system": "http://snomed.info/sct", "code": "38082009"}]}
PLAIN = {"reference": "Patient/1"}
IDENTIFIED = {"identifier": {"system": "http://a.test/ids", "value": "1"}, "display": "x"}
ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}
VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CONFIRMED, IN_ERROR = (
    {"coding": [{"system": VERIFICATION, "code": code}]} for code in ("confirmed", "entered-in-error")
)


@pytest.fixture(scope="module")
def tiers(definitions: Definitions) -> tuple[Validator, Validator]:
    return Validator(definitions), Validator(definitions, quick=False)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("meta", [{"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"}, {"versionId": "1", "source": "urn:a:b"}]),
        ("meta", [{"versionId": "1", "lastUpdated": "2026-01-01T00:00:00Z"}, {"lastUpdated": "x", "versionId": "1"}]),
        ("meta", [{"versionId": "1"}, ["versionId"], "versionId", {"versionId": None}, {}]),
        ("subject", [IDENTIFIED, PLAIN, {"reference": "Medication/1"}, {"reference": "#x"}, PLAIN | {"type": "Group"}]),
        ("subject", [PLAIN, IDENTIFIED, {"display": "x"}, {"reference": ""}, ["reference"], IDENTIFIED | PLAIN]),
        (
            "component",
            [[{"code": LOINC, "valueCodeableConcept": SNOMED}], [{"valueCodeableConcept": SNOMED, "code": LOINC}]],
        ),
        ("component", [[{"code": LOINC, "valueString": "x"}], [{"code": LOINC, "valueString": " "}, {"code": LOINC}]]),
    ],
)
def test_what_comes_second_is_judged_as_it_is(tiers: tuple[Validator, Validator], key: str, values: list[Any]) -> None:
    quick, slow = tiers
    observations = [_observation(**{key: value}) for value in (values[0], values[0], *values, values[0])]

    assert [slow.validate(one) for one in observations] == [quick.validate(one) for one in observations]


def test_an_identifier_assigned_by_what_has_an_identifier_is_judged_to_its_end(
    tiers: tuple[Validator, Validator],
) -> None:
    quick, slow = tiers
    subject: dict[str, Any] = {"display": 1}
    for _ in range(100):
        subject = {"identifier": {"value": "1", "assigner": subject}}
    observations = [_observation(subject=one) for one in (IDENTIFIED, IDENTIFIED, subject, subject)]

    told = [slow.validate(one) for one in observations]

    assert told == [quick.validate(one) for one in observations]
    assert any(issue.is_error for issue in told[-1])


def test_an_invariant_over_two_concepts_is_not_settled_by_their_texts_in_other_places(
    tiers: tuple[Validator, Validator],
) -> None:
    quick, slow = tiers
    start = {"resourceType": "AllergyIntolerance", "patient": PLAIN}
    allergies = [
        start | {"clinicalStatus": ACTIVE, "verificationStatus": CONFIRMED},
        {"verificationStatus": CONFIRMED, "clinicalStatus": ACTIVE} | start,
        start | {"verificationStatus": IN_ERROR},
        start | {"clinicalStatus": ACTIVE},
        start | {"clinicalStatus": ACTIVE, "verificationStatus": IN_ERROR},
        start | {"verificationStatus": CONFIRMED},
    ]

    told = [slow.validate(one) for one in allergies * 2]

    assert told == [quick.validate(one) for one in allergies * 2]
    assert [False, False, False, False, True, True] == [any(one.is_error for one in issues) for issues in told[:6]]


def test_what_two_profiles_say_alike_is_told_once_where_it_came_first(tiers: tuple[Validator, Validator]) -> None:
    quick, _ = tiers
    profiles = tuple(f"http://hl7.org/fhir/StructureDefinition/{name}" for name in ("vitalsigns", "bodyweight"))
    first, second = ([one.diagnostics for one in quick.validate(_observation(), profiles=(url,))] for url in profiles)

    told = [one.diagnostics for one in quick.validate(_observation(), profiles=profiles)]

    assert len(set(first) & set(second)) > 1
    assert [*first, *(one for one in second if one not in first)] == told


def _observation(**rest: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": LOINC, **rest}
