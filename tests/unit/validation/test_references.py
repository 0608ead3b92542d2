"""References: what they say they lead to, and what they lead to."""

import pytest
from tests.unit.validation.builders import by_profile, errors, judge, observation, patient

from careloom.definitions import Definitions
from careloom.model import Resource

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
