"""Topics: a change is told when the version before was not so, and the version after is."""

from pathlib import Path
from typing import Any

import pytest

from careloom.model.errors import InvalidError
from careloom.notify import STANDARD_TOPICS, Topic, TopicRegistry
from careloom.notify.topics import Trigger, named_apart, read_topics, topics_in
from careloom.notify.topics.topic import last_part
from careloom.search import SearchParameters

IMP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
EMER = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"}
AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
LABORATORY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}]
NHS = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
FORMAL = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus",
    "extension": [{"url": "deathNotificationStatus", "valueCodeableConcept": {"coding": [{"code": "2"}]}}],
}


def an_encounter(status: str, kind: dict[str, str] = IMP, ward: str = "") -> dict[str, Any]:
    place = {"location": [{"location": {"reference": f"Location/{ward}"}}]} if ward else {}
    return {"resourceType": "Encounter", "status": status, "class": kind, **place}


def a_patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def of(type: str, status: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": type, "status": status, **elements}


def told(topics: TopicRegistry, before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    interaction = "create" if before is None else "update" if after is not None else "delete"
    type = (after or before or {})["resourceType"]
    tests = topics.of_change(type, interaction)
    return sorted({test.topic.url.rsplit("/", 1)[1] for test in tests if test.is_met(before, after)})


def merged(id: str) -> dict[str, Any]:
    return a_patient(link=[{"other": {"reference": f"Patient/{id}"}, "type": "replaced-by"}])


def numbered(value: str) -> dict[str, Any]:
    return a_patient(identifier=[{"system": NHS, "value": value}])


def registered(practice: str, **more: str) -> dict[str, Any]:
    return a_patient(generalPractitioner=[{"reference": f"Organization/{practice}", **more}])


def coded(practice: str, **more: str) -> dict[str, Any]:
    return a_patient(generalPractitioner=[{"identifier": {"system": ODS, "value": practice}, **more}])


def report(status: str = "corrected", **elements: Any) -> dict[str, Any]:
    return of("DiagnosticReport", status, **elements)


def result(id: str) -> list[dict[str, Any]]:
    return [{"reference": f"Observation/{id}"}]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, an_encounter("in-progress"), ["admission"]),
        (an_encounter("planned"), an_encounter("in-progress"), ["admission"]),
        (an_encounter("in-progress", EMER), an_encounter("in-progress"), ["admission"]),
        (an_encounter("in-progress", EMER), an_encounter("finished", EMER), []),
        (an_encounter("in-progress"), an_encounter("onleave"), []),
        (an_encounter("onleave"), an_encounter("in-progress"), []),
        (an_encounter("in-progress"), an_encounter("finished"), ["discharge"]),
        (None, an_encounter("finished"), ["discharge"]),
        (an_encounter("finished"), an_encounter("finished"), []),
        (an_encounter("in-progress", AMB), an_encounter("finished", AMB), []),
        (an_encounter("in-progress"), an_encounter("cancelled"), []),
        (an_encounter("finished"), None, []),
        (an_encounter("in-progress", ward="1"), an_encounter("in-progress", ward="2"), ["transfer"]),
        (an_encounter("in-progress", ward="1"), an_encounter("in-progress", ward="1"), []),
        (an_encounter("in-progress"), an_encounter("in-progress", ward="1"), ["transfer"]),
        (an_encounter("in-progress", ward="1"), an_encounter("in-progress"), []),
        (a_patient(), merged("9"), ["patient-merge"]),
        (None, merged("9"), ["patient-merge"]),
        (merged("9"), merged("9"), []),
        (a_patient(), a_patient(link=[{"other": {"reference": "Patient/9"}, "type": "seealso"}]), []),
        (registered("A81001"), registered("A81002"), ["gp-change"]),
        (registered("A81001"), registered("A81001", display="High Street Surgery"), []),
        (registered("A81001"), a_patient(), ["gp-change"]),
        (coded("A81001"), coded("A81002"), ["gp-change"]),
        (coded("A81001"), coded("A81001", display="High Street Surgery"), []),
        (None, registered("A81001"), []),
        (a_patient(address=[{"line": ["1 Row"]}]), a_patient(address=[{"line": ["2 Row"]}]), ["address-change"]),
        (a_patient(address=[{"line": ["1 Row"]}]), a_patient(address=[{"line": ["1 Row"]}]), []),
        (a_patient(), a_patient(deceasedDateTime="2026-11-01"), ["death"]),
        (None, a_patient(deceasedBoolean=True), ["death"]),
        (a_patient(deceasedBoolean=True), a_patient(deceasedBoolean=True), []),
        (a_patient(deceasedBoolean=True), a_patient(deceasedBoolean=True, extension=[FORMAL]), ["death"]),
        (a_patient(deceasedBoolean=True), a_patient(deceasedBoolean=False), ["death-removed"]),
        (a_patient(deceasedDateTime="2026-11-01"), a_patient(), ["death-removed"]),
        (numbered("9000000009"), numbered("9000000017"), ["nhs-number-change"]),
        (a_patient(), numbered("9000000009"), ["nhs-number-change"]),
        (numbered("9000000009"), numbered("9000000009"), []),
        (of("DiagnosticReport", "preliminary"), of("DiagnosticReport", "final"), ["result-stored"]),
        (None, of("DiagnosticReport", "final"), ["result-stored"]),
        (of("DiagnosticReport", "final"), of("DiagnosticReport", "corrected"), ["result-stored"]),
        (of("DiagnosticReport", "final"), of("DiagnosticReport", "final"), []),
        (report(conclusion="benign"), report(conclusion="malignant"), ["result-stored"]),
        (report(issued="2026-11-01T09:00:00Z"), report(issued="2026-11-02T09:00:00Z"), ["result-stored"]),
        (report(result=result("1")), report(result=result("2")), ["result-stored"]),
        (report(), report(presentedForm=[{"url": "Binary/1"}]), ["result-stored"]),
        (None, report(category=LABORATORY), ["laboratory-result-stored", "result-stored"]),
        (report(), report(category=LABORATORY), ["laboratory-result-stored"]),
        (None, report("preliminary", category=LABORATORY), []),
        (report(conclusion="benign"), report(conclusion="benign", category=[{"text": "histology"}]), []),
        (report(conclusion="benign"), report("entered-in-error"), []),
        (None, of("DiagnosticReport", "registered"), []),
        (None, of("Composition", "final"), ["document-available"]),
        (of("Composition", "final"), of("Composition", "amended"), ["document-available"]),
        (of("Composition", "amended"), of("Composition", "amended", title="Letter"), []),
        (of("Composition", "amended"), of("Composition", "entered-in-error"), []),
        (None, of("DocumentReference", "current"), ["document-available"]),
        (of("DocumentReference", "current"), of("DocumentReference", "superseded"), []),
        (None, of("ServiceRequest", "active"), ["referral-status"]),
        (of("ServiceRequest", "active"), of("ServiceRequest", "revoked"), ["referral-status"]),
        (of("ServiceRequest", "active"), of("ServiceRequest", "active", priority="urgent"), []),
        (of("Task", "requested"), of("Task", "accepted"), ["task-status"]),
        (of("Task", "accepted"), of("Task", "accepted", businessStatus={"text": "triaged"}), ["task-status"]),
        (of("Task", "accepted"), of("Task", "accepted"), []),
        (None, of("Appointment", "booked"), ["appointment"]),
        (
            of("Appointment", "booked", start="2026-12-01T09:00:00Z"),
            of("Appointment", "booked", start="2026-12-02T09:00:00Z"),
            ["appointment"],
        ),
        (of("Appointment", "booked"), of("Appointment", "booked", comment="bring a list"), []),
        (None, of("Flag", "active"), ["flag-change", "flag-raised"]),
        (of("Flag", "active"), of("Flag", "inactive"), ["flag-change", "flag-ended"]),
        (of("Flag", "active"), None, ["flag-change", "flag-ended"]),
        (of("Flag", "active"), of("Flag", "active", code={"text": "falls"}), ["flag-change"]),
        (of("Flag", "inactive"), None, ["flag-change"]),
        (None, of("Consent", "active"), ["consent-change"]),
        (of("Consent", "active"), None, ["consent-change"]),
    ],
)
def test_a_standard_topic_tells_of_the_change_it_names(
    topics: TopicRegistry, before: dict[str, Any] | None, after: dict[str, Any] | None, expected: list[str]
) -> None:
    assert expected == told(topics, before, after)


def test_every_standard_topic_is_told_of_in_these_tests(topics: TopicRegistry) -> None:
    mark = next(m for m in test_a_standard_topic_tells_of_the_change_it_names.pytestmark if m.name == "parametrize")
    named = {name for _, _, expected in mark.args[1] for name in expected}
    assert {topic.url.rsplit("/", 1)[1] for topic in topics} == named


def a_topic(**trigger: Any) -> Topic:
    return Topic("https://t.example/x", "x", (Trigger(**({"resource": "Encounter"} | trigger)),))


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (a_topic(current="staus=finished"), "staus"),
        (a_topic(current="patient.name=Ann"), "not a search on Encounter"),
        (a_topic(fhirpath="%current.status ="), "not FHIRPath"),
        (a_topic(resource="Subscription"), "'Subscription'"),
        (a_topic(resource="AuditEvent"), "'AuditEvent'"),
        (a_topic(resource="Encountre"), "'Encountre'"),
    ],
)
def test_a_topic_that_cannot_be_read_is_refused_by_name(parameters: SearchParameters, topic: Topic, said: str) -> None:
    with pytest.raises(InvalidError, match=rf"https://t\.example/x.*{said}"):
        TopicRegistry([topic], parameters)


def test_two_topics_by_one_url_are_refused(parameters: SearchParameters) -> None:
    with pytest.raises(InvalidError, match="twice"):
        TopicRegistry([a_topic(), a_topic()], parameters)


def test_events_are_called_by_the_last_part_of_the_url_where_nothing_else_is_said(topics: TopicRegistry) -> None:
    found = {name: topic.url.rpartition("/")[2] for name in topics.events if (topic := topics.of_event(name))}
    named = {name: topic for name, topic in found.items() if name != topic}
    assert {
        "nhs-number-change-2": "nhs-number-change",
        "pathology-laboratory-reporting-test-result-stored-1": "laboratory-result-stored",
        "patientflags-change-1": "flag-change",
        "pds-change-of-gp-2": "gp-change",
        "pds-death-notification-2": "death",
    } == named
    assert len(list(topics)) == len(found)


def test_the_last_part_of_a_url_is_never_empty() -> None:
    assert ["x", "x", "urn:topic:x"] == [last_part(url) for url in ("https://t/x", "https://t/x/", "urn:topic:x")]


def test_topics_whose_urls_end_alike_are_told_apart_by_the_whole(parameters: SearchParameters) -> None:
    def ending(url: str, event_type: str = "") -> Topic:
        return Topic(url, "t", (Trigger("Encounter"),), event_type=event_type)

    topics = named_apart(
        [
            ending("https://a.example/discharge"),
            ending("https://b.example/discharge"),
            ending("https://c.example/death"),
            ending("https://d.example/y", "death"),
        ]
    )
    assert ["discharge", "https://b.example/discharge", "https://c.example/death", "death"] == [
        topic.event for topic in topics
    ]
    assert TopicRegistry(topics, parameters).of_event("https://b.example/discharge") == topics[1]


def test_two_topics_whose_events_are_called_the_same_are_refused(parameters: SearchParameters) -> None:
    other = Topic("https://t.example/y", "y", (Trigger("Encounter"),), event_type="x")
    with pytest.raises(InvalidError, match=r"t\.example/y: an event type of its own expected, found 'x'.*t\.example/x"):
        TopicRegistry([a_topic(), other], parameters)


def test_an_expression_without_end_does_not_hold_and_stops_nobody(parameters: SearchParameters) -> None:
    bomb = "(1).repeat($this + 1).count() > 0"
    registry = TopicRegistry([a_topic(fhirpath=bomb)], parameters)
    assert [] == told(registry, None, an_encounter("planned"))


LOCAL = """
[[topics]]
url = "https://north.example/SubscriptionTopic/fall"
title = "A patient has fallen"
include = ["Observation:patient"]
content = "id-only"
event_type = "north-fall-1"

[[topics.triggers]]
resource = "Observation"
current = "code=http://snomed.info/sct|217082002"

[[topics.filters]]
parameter = "date"
comparators = ["ge", "le"]
"""


def test_a_locality_adds_its_own_as_a_file(parameters: SearchParameters) -> None:
    registry = TopicRegistry([*STANDARD_TOPICS, *read_topics(LOCAL, "north.toml")], parameters)
    coded = {"code": {"coding": [{"system": "http://snomed.info/sct", "code": "217082002"}]}}
    assert ["fall"] == told(registry, None, of("Observation", "final", **coded))
    fall = registry.of_event("north-fall-1")
    assert fall and "https://north.example/SubscriptionTopic/fall" == fall.url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[topics]", "north.toml: "),
        (LOCAL.replace("title", "tilte"), "known are content.*found tilte"),
        (LOCAL.replace("id-only", "everything"), "one of empty, id-only, full-resource expected"),
        (LOCAL.replace("[[topics.triggers]]", "[[topics.filters]]", 1), "triggers: at least one expected|known are"),
        (LOCAL.replace('resource = "Observation"', 'on = ["read"]\nresource = "Observation"'), "found .'read'"),
        (LOCAL.replace("[[topics]]", "[[topic]]", 1), "known are topics; found topic"),
        (LOCAL.replace('"ge", "le"', '"ge", "gee"'), "comparators: some of eq, .* expected, found .'ge', 'gee'"),
        (LOCAL.replace('comparators = ["ge", "le"]', 'modifiers = ["nott"]'), "modifiers: some of missing, .*'nott'"),
        (LOCAL.replace('["Observation:patient"]', '"Observation:patient"'), "include: a list of texts expected"),
        (LOCAL.replace("current =", "passes_on_create = 1\ncurrent ="), "passes_on_create: true or false expected"),
        (LOCAL.replace("current =", "previous = 3\ncurrent ="), "previous: a text expected, found 3"),
        (
            LOCAL.replace("north-fall-1", "a fall"),
            "event_type: letters, digits, dots, hyphens and _ expected.*'a fall'",
        ),
        (LOCAL.replace('"north-fall-1"', "1"), "event_type: a text expected, found 1"),
        ("topics = 3", "north.toml: topics: tables expected, found 3"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        read_topics(text, "north.toml")


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "north.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidError, match=r"north\.toml: UTF-8 expected"):
        topics_in(tmp_path)
    (tmp_path / "north.toml").unlink()
    (tmp_path / "north.toml").mkdir()
    with pytest.raises(InvalidError, match=r"north\.toml: cannot be read: Is a directory"):
        topics_in(tmp_path)


@pytest.mark.parametrize("part", ['parameter = "dat"', 'include = ["Observation:status"]'])
def test_filters_and_includes_are_search_parameters(parameters: SearchParameters, part: str) -> None:
    text = (
        LOCAL.replace('parameter = "date"', part)
        if "parameter" in part
        else LOCAL.replace('include = ["Observation:patient"]', part)
    )
    with pytest.raises(InvalidError, match="fall"):
        TopicRegistry(read_topics(text, "north.toml"), parameters)
