"""Of whom a change tells, as it stands with the event and in the list that the patient can read."""

from typing import Any

import pytest

from careloom.notify import TopicRegistry
from careloom.notify.matcher import patient_of

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a patient tells of itself": ({"resourceType": "Patient", "id": "1"}, "Patient/1"),
    "a stay tells of its subject": (
        {"resourceType": "Encounter", "subject": {"reference": "Patient/1"}},
        "Patient/1",
    ),
    "a flag tells of whom it is about, whoever raised it": (
        {"resourceType": "Flag", "subject": {"reference": "Patient/1"}, "author": {"reference": "Patient/2"}},
        "Patient/1",
    ),
    "a device that is measured is no patient": (
        {"resourceType": "Observation", "subject": {"reference": "Device/1"}},
        "",
    ),
    "a group is no patient": ({"resourceType": "Task", "for": {"reference": "Group/1"}}, ""),
    "a ward tells of nobody": ({"resourceType": "Location", "id": "1"}, ""),
}


@pytest.mark.parametrize(("resource", "patient"), CASES.values(), ids=CASES)
def test_a_change_tells_of_the_patient_it_is_about(
    resource: dict[str, Any], patient: str, topics: TopicRegistry
) -> None:
    assert patient_of(resource, topics.parameters) == patient
