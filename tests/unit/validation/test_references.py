"""References: what they say they lead to, and what they lead to."""

import pytest
from tests.unit.validation.builders import bundle, by_profile, errors, judge, observation, patient

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.validation import Validator

TARGET = "http://hl7.org/fhir/StructureDefinition/Patient"
EXTERNAL = observation(subject={"reference": "Patient/1"})
CONTAINED = observation(subject={"reference": "#p"}, contained=[patient(id="p")])


@pytest.mark.parametrize("type", ["Patient", "Resource", "http://example.org/Thing"])
def test_a_type_that_fits_is_fine(definitions: Definitions, type: str) -> None:
    assert errors(judge(definitions, observation(subject={"reference": "Patient/1", "type": type}))) == []


def test_a_type_that_says_otherwise_is_told(definitions: Definitions) -> None:
    found = errors(judge(definitions, observation(subject={"reference": "Patient/1", "type": "Group"})))
    assert found == ["Observation.subject: a reference to Group expected by its type, to Patient found"]


@pytest.mark.parametrize(
    ("resource", "allowed", "is_fine"),
    [
        (CONTAINED, ["contained"], True),
        (CONTAINED, ["referenced"], False),
        (CONTAINED, ["contained", "bundled"], True),
        (EXTERNAL, ["contained"], False),
        (EXTERNAL, ["referenced"], True),
        (EXTERNAL, ["bundled"], False),
    ],
)
def test_how_a_reference_leads_there_is_what_the_profile_allows(
    definitions: Definitions, resource: Resource, allowed: list[str], is_fine: bool
) -> None:
    subject = {"code": "Reference", "targetProfile": [TARGET], "aggregation": allowed}
    found = by_profile(definitions, resource, {"path": "Observation.subject", "type": [subject]})
    assert (found == []) is is_fine


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        ({"reference": "Patient/1", "type": TARGET}, "Patient alone expected"),
        ({"reference": "Patient/1", "type": "patient"}, "a resource type expected"),
        ({"reference": "Patient?name=x"}, "a conditional reference expected in a transaction only"),
    ],
)
def test_a_reference_says_its_type_and_its_target_as_fhir_has_it(
    definitions: Definitions, subject: dict[str, str], what: str
) -> None:
    assert any(what in message for message in errors(judge(definitions, observation(subject=subject))))


def test_a_reference_by_search_is_told_however_often_its_type_was_judged_before(definitions: Definitions) -> None:
    validator = Validator(definitions)
    for number in range(4):
        validator.validate(observation(subject={"reference": f"Patient/{number}"}))
    found = errors(validator.validate(observation(subject={"reference": "Patient?name=x"})))
    assert ["a conditional reference expected in a transaction only" in message for message in found] == [True]


def test_a_reference_by_search_is_of_the_type_it_is_known_to_lead_to(definitions: Definitions) -> None:
    validator = Validator(definitions)
    sought: dict[str, Resource] = {
        "Patient?name=x": {"resourceType": "Patient"},
        "Claim?use=x": {"resourceType": "Claim"},
    }
    fitting, other = (observation(subject={"reference": text}) for text in sought)
    for _ in range(4):
        assert errors(validator.validate(fitting, resolve=sought.get)) == []
        (message,) = errors(validator.validate(other, resolve=sought.get))
        assert message.endswith("to Claim found")


UUID = "c757873d-ec9a-4326-a141-556f43239520"


@pytest.mark.parametrize(("type", "is_fine"), [("Patient", True), ("Group", False)])
def test_a_reference_by_the_uuid_of_an_entry_names_its_type(definitions: Definitions, type: str, is_fine: bool) -> None:
    reading = observation(subject={"reference": f"{type}/{UUID}"})
    entries = [
        {"fullUrl": "urn:uuid:d757873d-ec9a-4326-a141-556f43239521", "resource": reading},
        {"fullUrl": f"urn:uuid:{UUID}", "resource": patient(gender="male")},
    ]
    told = errors(judge(definitions, bundle(*entries)))
    assert any("expected at urn:uuid" in message for message in told) is not is_fine


def test_two_contained_resources_have_two_ids(definitions: Definitions) -> None:
    twice = observation(subject={"reference": "#p"}, contained=[patient(id="p"), patient(id="p")])
    told = errors(judge(definitions, twice))
    assert told == ["Observation.contained[1]: an id of its own expected, 'p' found a second time"]


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("http://hl7.org/fhir/ValueSet/administrative-gender", True),
        ("http://hl7.org/fhir/OperationDefinition/Patient-everything", False),
        ("https://somewhere.test/PlanDefinition/p", False),
    ],
)
@pytest.mark.parametrize("quick", [True, False])
def test_a_canonical_should_lead_to_what_its_place_is_for(
    definitions: Definitions, address: str, is_told: bool, quick: bool
) -> None:
    plan = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "subject": {"display": "x"},
        "instantiatesCanonical": [address],
    }
    issues = Validator(definitions, quick=quick).validate(plan)
    assert [issue.severity for issue in issues if issue.rule == "canonical-target"] == ["warning"] * is_told
