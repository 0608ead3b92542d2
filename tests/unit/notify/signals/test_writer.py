"""What a signal says of a notification, and above all what it does not."""

from typing import Any

import pytest
from tests.unit.notify.channels.test_mesh import TOPIC, an_event
from tests.unit.notify.lanes import START, a_subscription

from careloom.model import Resource, serialize_json
from careloom.model.nhs_number import NHS_NUMBER
from careloom.model.records import replace
from careloom.notify.extensions import Delivering
from careloom.notify.notification import Told, event_notification, handshake, heartbeat
from careloom.notify.signals.signal import Signal
from careloom.notify.signals.writer import SignalWriter, usual_source
from careloom.notify.topics import Content
from careloom.search import SearchParameters
from careloom.store import Version

BASE = "https://hub.example/fhir"
SUBSCRIPTION = a_subscription()
NUMBER = "9990548609"
OTHER = "9912003888"


@pytest.fixture(scope="module")
def writer(parameters: SearchParameters) -> SignalWriter:
    return SignalWriter({TOPIC: "stay-ended-1"}, parameters, "example.hub")


def a_version(resource: Resource | None, type: str = "Encounter", id: str = "7") -> Version:
    return Version(
        type=type, id=id, version_id="3", sequence=1, last_updated=START, interaction="update", resource=resource
    )


def a_patient(id: str = "1", number: str = NUMBER, **more: Any) -> Resource:
    identifier = {"system": NHS_NUMBER, "value": number, **more}
    return {"resourceType": "Patient", "id": id, "name": [{"family": "Okafor"}], "identifier": [identifier]}


def a_stay(**elements: Any) -> Resource:
    stay = {"resourceType": "Encounter", "id": "7", "status": "finished", "reasonCode": [{"text": "a fall"}]}
    return stay | {"subject": {"reference": "Patient/1"}} | elements


def told(focus: Resource | None = None, *along: Resource, content: Content = "full-resource", **more: Any) -> Resource:
    """The notification of an event with that focus, and what is told along."""
    context = tuple(a_version(each, each["resourceType"], each["id"]) for each in along)
    subscription = replace(SUBSCRIPTION, delivering=Delivering(content=content))
    type = focus["resourceType"] if focus else "Encounter"
    event = replace(an_event(7), focus=f"{type}/7", version_id="3")
    version = a_version(focus, type)
    return event_notification(BASE, subscription, [Told(event, focus=version, context=context, **more)])


def subject(writer: SignalWriter, notification: Resource) -> str:
    signal = writer.signal(notification)
    assert signal is not None
    return signal.subject


def test_a_signal_says_what_happened_when_to_whom_and_where_to_read_it(writer: SignalWriter) -> None:
    notification = told(a_stay(), a_patient())
    assert Signal(
        id=notification["id"],
        source="example.hub",
        type="stay-ended-1",
        time="2026-11-22T11:00:00.000000Z",
        dataref=f"{BASE}/Encounter/7",
        subject=NUMBER,
        version_id='W/"3"',
    ) == writer.signal(notification)


def test_nothing_of_a_resource_is_in_it_but_number_reference_and_version(writer: SignalWriter) -> None:
    event = writer.cloud_event(told(a_stay(), a_patient()))
    assert {
        "specversion": "1.0",
        "id": event["id"],
        "source": "example.hub",
        "type": "stay-ended-1",
        "time": "2026-11-22T11:00:00.000000Z",
        "dataref": f"{BASE}/Encounter/7",
        "subject": NUMBER,
        "versionid": 'W/"3"',
        "subscription": f"{BASE}/Subscription/gp",
        "sequence": "0000000000000000007",
    } == event
    for word in (b"Okafor", b"a fall", b"finished", b"Patient/1"):
        assert word not in serialize_json(event)


@pytest.mark.parametrize("silence", ["denied", "dead-letter"])
def test_what_may_not_be_told_any_more_leaves_type_and_time(writer: SignalWriter, silence: str) -> None:
    signal = writer.signal(told(a_stay(), a_patient(), silence=silence))
    assert signal is not None
    assert ("stay-ended-1", "", "", "") == (signal.type, signal.dataref, signal.subject, signal.version_id)


def test_without_resources_nobody_is_named(writer: SignalWriter) -> None:
    signal = writer.signal(told(content="id-only"))
    assert signal is not None
    assert (f"{BASE}/Encounter/7", "", 'W/"3"') == (signal.dataref, signal.subject, signal.version_id)


def test_word_alone_is_of_a_type_of_our_own(writer: SignalWriter) -> None:
    signal = writer.signal(told(content="empty"))
    assert signal is not None
    assert ("org.careloom.subscription.event-notification", "") == (signal.type, signal.dataref)


def test_what_is_too_large_is_referred_to(writer: SignalWriter) -> None:
    signal = writer.signal(told(a_stay(), a_patient(), is_too_large=True))
    assert signal is not None
    assert (f"{BASE}/Encounter/7", "") == (signal.dataref, signal.subject)


@pytest.mark.parametrize(
    ("focus", "along", "number"),
    [
        (a_patient("7"), (), NUMBER),
        (a_patient("7"), (a_patient("2", OTHER),), NUMBER),
        (a_patient("7", "9990548600"), (), ""),
        (a_patient("7", use="old"), (), ""),
        (a_patient("7", system="https://acute.example/Id"), (), ""),
        (a_stay(), (a_patient("1"), a_patient("11", OTHER)), NUMBER),
        (a_stay(), (a_patient("2", OTHER),), ""),
        (a_stay(), (), ""),
        (None, (a_patient(),), ""),
        (a_stay(subject={"reference": f"{BASE}/Patient/1"}), (), ""),
        (a_stay(subject={"identifier": {"system": NHS_NUMBER, "value": NUMBER}}), (), NUMBER),
        (a_stay(subject={"identifier": {"value": NUMBER}}), (), ""),
        (
            {"resourceType": "Task", "id": "7", "for": {"identifier": {"system": NHS_NUMBER, "value": NUMBER}}},
            (),
            NUMBER,
        ),
        ({"resourceType": "Organization", "id": "7"}, (a_patient(),), ""),
        (
            {
                "resourceType": "Appointment",
                "id": "7",
                "participant": [{"actor": {"reference": "Patient/1"}}, {"actor": {"reference": "Patient/2"}}],
            },
            (a_patient("1"), a_patient("2", OTHER)),
            "",
        ),
    ],
)
def test_the_subject_is_the_one_patient_that_the_focus_is_or_refers_to(
    writer: SignalWriter, focus: Resource | None, along: tuple[Resource, ...], number: str
) -> None:
    assert number == subject(writer, told(focus, *along))


def test_a_topic_that_is_not_in_force_any_more_is_called_by_its_url(parameters: SearchParameters) -> None:
    signal = SignalWriter({}, parameters, "example.hub").signal(told(a_stay()))
    assert signal is not None and "discharge" == signal.type


@pytest.mark.parametrize("kind", ["handshake", "heartbeat"])
def test_what_is_about_the_subscription_is_no_signal_and_an_event_of_our_own(writer: SignalWriter, kind: str) -> None:
    if kind == "handshake":
        notification = handshake(BASE, SUBSCRIPTION, "1", START, 12)
    else:
        notification = heartbeat(BASE, SUBSCRIPTION, START, 12)
    assert writer.signal(notification) is None
    assert {
        "specversion": "1.0",
        "id": notification["id"],
        "source": "example.hub",
        "type": f"org.careloom.subscription.{kind}",
        "time": "2026-11-22T11:00:00.000000Z",
        "subscription": f"{BASE}/Subscription/gp",
        "lastsequence": "0000000000000000012",
    } == writer.cloud_event(notification)


@pytest.mark.parametrize(
    ("base_url", "source"),
    [
        ("https://hub.north.example/fhir", "example.north.hub"),
        ("https://hub.north.example:8443/fhir", "example.north.hub"),
        ("http://localhost:8080/fhir", "http://localhost:8080/fhir"),
        ("http://127.0.0.1:8080/fhir", "http://127.0.0.1:8080/fhir"),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir"),
    ],
)
def test_the_usual_source_is_the_name_of_the_host_from_the_end(base_url: str, source: str) -> None:
    assert source == usual_source(base_url)
    assert Signal("1", source, "t", "2026-11-22T11:00:00Z").source == source
