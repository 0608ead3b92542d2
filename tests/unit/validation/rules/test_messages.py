"""Messages judged by their MessageDefinition: which focus, which profile, how many."""

from typing import Any

import pytest
from tests.unit.validation.builders import bundle, errors, judge, patient, profile

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.issues import Issue

EVENT = {"system": "http://example.org/events", "code": "admit"}
DEFINITION = "http://example.org/MessageDefinition/admit"
NAMED = "http://example.org/StructureDefinition/named-patient"


def focus(code: str, min: int = 1, max: str = "1", **fields: Any) -> dict[str, Any]:
    return {"code": code, "min": min, "max": max, **fields}


def definition(*foci: dict[str, Any], url: str = DEFINITION, **fields: Any) -> Resource:
    return {
        "resourceType": "MessageDefinition",
        "url": url,
        "status": "active",
        "date": "2026-01-01",
        "eventCoding": EVENT,
        "focus": list(foci),
        **fields,
    }


def entry(resource: Resource) -> dict[str, Any]:
    name = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"http://x.org/{name}", "resource": resource}


def message(*resources: Resource, foci: list[str] | None = None, **fields: Any) -> Resource:
    named = [f"{one['resourceType']}/{one['id']}" for one in resources] if foci is None else foci
    header = {
        "resourceType": "MessageHeader",
        "id": "h",
        "eventCoding": EVENT,
        "source": {"endpoint": "http://x.org/a"},
        **({"focus": [{"reference": name} for name in named]} if named else {}),
        **fields,
    }
    return bundle(*map(entry, (header, *resources)), kind="message")


def found(definitions: Definitions, resource: Resource, *extra: Resource) -> list[tuple[str, str]]:
    issues: list[Issue] = judge(definitions, resource, extra=extra)
    return [(issue.expression, issue.severity) for issue in issues if issue.rule != "dom-6"]


ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "planned",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
}


def test_a_message_as_defined_is_fine(definitions: Definitions) -> None:
    sent = message(patient(id="p"), definition=DEFINITION)
    assert found(definitions, sent, definition(focus("Patient"))) == []


def test_a_missing_focus_is_told_at_the_header(definitions: Definitions) -> None:
    sent = message(patient(id="p"), definition=DEFINITION)
    issues = judge(definitions, sent, extra=[definition(focus("Patient"), focus("Encounter"))])
    assert errors(issues) == ["Bundle.entry[0].resource.focus: at least 1 of Encounter expected, 0 found"]


def test_a_surplus_focus_is_told_at_its_reference(definitions: Definitions) -> None:
    sent = message(patient(id="p"), patient(id="q"), definition=DEFINITION)
    assert found(definitions, sent, definition(focus("Patient"))) == [("Bundle.entry[0].resource.focus[1]", "error")]


def test_a_focus_of_another_type_is_told_at_its_reference(definitions: Definitions) -> None:
    sent = message(patient(id="p"), ENCOUNTER, definition=DEFINITION)
    assert found(definitions, sent, definition(focus("Patient"))) == [("Bundle.entry[0].resource.focus[1]", "error")]


def test_what_the_profile_of_a_focus_asks_for_is_told_in_the_entry(definitions: Definitions) -> None:
    named = profile("Patient", {"path": "Patient.name", "min": 1}, url=NAMED)
    sent = message(patient(id="p"), definition=DEFINITION)
    told = found(definitions, sent, definition(focus("Patient", profile=NAMED)), named)
    assert told == [("Bundle.entry[1].resource.name", "error")]


def test_foci_of_one_type_are_told_apart_by_their_profiles(definitions: Definitions) -> None:
    named = profile("Patient", {"path": "Patient.name", "min": 1}, url=NAMED)
    wanted = definition(focus("Patient", profile=NAMED), focus("Patient"))
    right = message(patient(id="p"), patient(id="q", name=[{"text": "Ada"}]), definition=DEFINITION)
    assert found(definitions, right, wanted, named) == []


def test_the_definition_is_found_by_the_event(definitions: Definitions) -> None:
    sent = message(patient(id="p"))
    assert found(definitions, sent, definition(focus("Encounter"))) == [
        ("Bundle.entry[0].resource.focus[0]", "error"),
        ("Bundle.entry[0].resource.focus", "error"),
    ]


def test_with_several_definitions_of_an_event_one_must_hold(definitions: Definitions) -> None:
    sent = message(patient(id="p"))
    several = [definition(focus("Encounter")), definition(focus("Patient"), url=f"{DEFINITION}-2")]
    assert found(definitions, sent, *several) == []


def test_the_event_must_be_that_of_the_definition(definitions: Definitions) -> None:
    sent = message(patient(id="p"), definition=DEFINITION, eventCoding={**EVENT, "code": "discharge"})
    assert found(definitions, sent, definition(focus("Patient"))) == [("Bundle.entry[0].resource.event", "error")]


def test_a_definition_that_is_not_there_is_a_warning(definitions: Definitions) -> None:
    sent = message(patient(id="p"), definition=DEFINITION)
    assert found(definitions, sent) == [("Bundle.entry[0].resource.definition", "warning")]


def test_an_event_without_definition_asks_for_nothing(definitions: Definitions) -> None:
    assert found(definitions, message(foci=[])) == []


@pytest.mark.parametrize(("code", "told"), [("ok", 1), ("fatal-error", 0)])
def test_a_response_that_failed_needs_no_focus(definitions: Definitions, code: str, told: int) -> None:
    response = {"identifier": "m1", "code": code}
    sent = message(definition=DEFINITION, response=response)
    assert len(found(definitions, sent, definition(focus("Patient")))) == told


def test_a_focus_that_is_not_in_the_message_is_told(definitions: Definitions) -> None:
    sent = message(foci=["Patient/gone"], definition=DEFINITION)
    assert found(definitions, sent, definition(focus("Patient"))) == [("Bundle.entry[0].resource.focus[0]", "error")]
