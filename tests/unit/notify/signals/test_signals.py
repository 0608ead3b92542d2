"""Signals come in as CloudEvents and go out in the shape of MNS; the SDK of CloudEvents reads what we write."""

import json
from decimal import Decimal
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from careloom.model import serialize_json
from careloom.model.errors import InvalidError, MalformedError, NotSupportedError, TooCostlyError
from careloom.model.nhs_number import is_nhs_number
from careloom.notify.signals import (
    Signal,
    read_cloud_events,
    read_signal_bundle,
    signal_bundle,
    written_cloud_event,
)

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "236a1d4a-5d69-4fa9-9c7f-e72bf505aa5b",
    "source": "uk.nhs.personal-demographics-service",
    "type": "pds-change-of-gp-2",
    "time": "2026-11-22T10:15:00Z",
    "dataref": "https://hub.example/fhir/Patient/p",
    "subject": "9990548609",
}
FILTERING = {"flags": ["NRAF", 7], "generalpractitioner": "Y12345", "score": Decimal("1.50"), "subjectage": 45}
BESIDES = {
    "sampledrate": 3,
    "sequence": "0007",
    "subscription": "https://hub.example/fhir/Subscription/1",
    "test": True,
}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def read(**changes: Any) -> Signal:
    event = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    (signal,) = read_cloud_events(STRUCTURED, serialize_json(event))
    return signal


def test_a_structured_event_is_read() -> None:
    signal = read()
    assert (signal.type, signal.subject) == ("pds-change-of-gp-2", "9990548609")


def test_a_binary_event_is_read() -> None:
    headers = {f"ce-{name}": value for name, value in GOOD.items()}
    assert read_cloud_events(headers, b"") == [read()]


def test_headers_of_a_binary_event_are_in_percents() -> None:
    more = {"dataref": "https://e.example/a%2520b", "source": "urn:%7Ex", "subject": "Zo%C3%AB"}
    (signal,) = read_cloud_events({f"ce-{name}": value for name, value in (GOOD | more).items()}, b"")
    assert ("https://e.example/a%20b", "urn:~x", "Zoë") == (signal.dataref, signal.source, signal.subject)
    with pytest.raises(InvalidError, match="by percents"):
        read_cloud_events({f"ce-{name}": value for name, value in (GOOD | {"subject": "%ff"}).items()}, b"")


def test_what_is_written_is_read_as_it_was() -> None:
    signal = read(versionid="3", dataref=..., filtering=FILTERING, **BESIDES)
    assert read_cloud_events(STRUCTURED, serialize_json(written_cloud_event(signal))) == [signal]


def test_what_the_sender_says_besides_is_kept_as_it_came() -> None:
    signal = read(**BESIDES)
    assert tuple(BESIDES.items()) == signal.attributes
    assert BESIDES.items() <= written_cloud_event(signal).items()
    headers = {f"ce-{name}": value for name, value in (GOOD | {"sequence": "0007"}).items()}
    assert read_cloud_events(headers, b"") == [read(sequence="0007")]
    assert isinstance(hash(signal), int)


@pytest.mark.parametrize("number", (-(2**31), 2**31 - 1))
def test_an_integer_has_32_bits(number: int) -> None:
    assert (("sampledrate", number),) == read(sampledrate=number).attributes


@pytest.mark.parametrize("name", ["dataref", "subject", "filtering", "sequence"])
def test_what_is_null_is_as_good_as_missing(name: str) -> None:
    assert read(**{name: ...}) == read(**{name: None})


def test_an_empty_text_says_nothing() -> None:
    assert read() == read(sequence="")


def test_an_event_about_which_there_is_nothing_to_read_has_no_dataref() -> None:
    assert "" == read(dataref=...).dataref
    assert "dataref" not in written_cloud_event(read(dataref=...))


def test_what_may_be_filtered_by_is_kept_as_it_is_written() -> None:
    signal = read(filtering=FILTERING)
    assert FILTERING == written_cloud_event(signal)["filtering"]
    assert isinstance(hash(signal), int)
    assert "filtering" not in written_cloud_event(read(filtering={}))


def test_another_library_reads_what_we_write() -> None:
    event = JSONFormat().read(CloudEvent, json.dumps(written_cloud_event(read())))
    assert (event.get_id(), event.get_source(), event.get_subject()) == (GOOD["id"], GOOD["source"], GOOD["subject"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": ...}, "specversion"),
        ({"id": ...}, "id: a text expected"),
        ({"id": ""}, "id: a text expected"),
        ({"id": None}, "id: a text expected, none"),
        ({"id": 7}, "id: a text expected, 7"),
        ({"source": "two words"}, "source: a URI reference"),
        ({"time": "2026-11-22T10:15:00"}, "time: a time of RFC 3339 with its offset"),
        ({"time": "2026-02-30T10:15:00Z"}, "time"),
        ({"dataref": "Patient/p"}, "dataref: an http"),
        ({"subject": "9990548600"}, "check digit"),
        ({"type": "a\nb"}, "control characters"),
        ({"type": "x" * 3000}, "at most 2000"),
        ({"Colour": "red"}, "lower-case letters and digits expected, 'Colour' found"),
        ({"data_ref": "red"}, "'data_ref' found"),
        ({"colour": 1.5}, "colour: a text, a boolean or an integer of 32 bits expected, 1.5 found"),
        ({"colour": 2**31}, "colour: .* expected, 2147483648 found"),
        ({"colour": {"code": "red"}}, "colour: .* found"),
        ({"colour": ["red"]}, "colour: .* found"),
        ({"colour": "a\nb"}, "colour: text without control characters"),
        ({"colour": "x" * 3000}, "colour: at most 2000 characters expected, 3000 found"),
        ({f"colour{number}": "red" for number in range(51)}, "at most 50 extension attributes expected, 51 found"),
        ({"data_base64": "cmVk"}, "'data_base64' found"),
        ({"data": {"name": "Okafor"}}, "'data' found"),
        ({"filtering": "generalpractitioner"}, "filtering: an object of options by name expected, a text found"),
        ({"filtering": {"gp": None}}, "filtering.gp: a text, a number or a list of texts or integers expected"),
        ({"filtering": {"gp": True}}, "filtering.gp: .* a boolean found"),
        ({"filtering": {"gp": {"code": "Y"}}}, "filtering.gp: .* an object found"),
        ({"filtering": {"gp": []}}, "filtering.gp: .* an empty one found"),
        ({"filtering": {"gp": [1.5]}}, "filtering.gp: .* a decimal found"),
        ({"filtering": {"gp": [["Y"]]}}, "filtering.gp: a text or an integer expected, a list found"),
        ({"filtering": {"gp": ["Y"] * 51}}, "filtering.gp: at most 50 values expected, 51 found"),
        ({"filtering": {"gp": ""}}, "filtering.gp: a text of 1 to 200 characters expected, 0 found"),
        ({"filtering": {"": "Y"}}, "filtering: a text of 1 to 200 characters expected, 0 found"),
        ({"filtering": {"gp": "a\nb"}}, "filtering.gp: text without control characters"),
        ({"filtering": {"gp": 10**18}}, "filtering.gp: a number of at most 18 digits"),
        ({"filtering": {"gp": 1e-200}}, "filtering.gp: a number of at most 18 digits"),
        ({"filtering": {str(number): 1 for number in range(51)}}, "filtering: at most 50 options expected, 51 found"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_good_signal_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        read(**change)


def test_a_wrong_nhs_number_is_not_repeated() -> None:
    with pytest.raises(InvalidError) as error:
        read(subject="9990548600")
    assert "9990548600" not in str(error.value)


def test_of_a_batch_with_one_bad_event_none_counts_and_the_bad_one_is_named() -> None:
    with pytest.raises(InvalidError, match="event 2: id"):
        read_cloud_events(BATCH, json.dumps([GOOD, {**GOOD, "id": ""}]).encode())


def test_a_batch_has_an_end() -> None:
    with pytest.raises(TooCostlyError, match="1001 found"):
        read_cloud_events(BATCH, json.dumps([GOOD] * 1001).encode())


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        (STRUCTURED, b"{", MalformedError),
        (STRUCTURED, b"[" * 100_000, MalformedError),
        (STRUCTURED, b"[]", InvalidError),
        (BATCH, b"{}", InvalidError),
        ({"content-type": "text/plain"}, b"{}", NotSupportedError),
        ({}, b"{}", NotSupportedError),
        ({f"ce-{name}": value for name, value in GOOD.items()}, b"data", InvalidError),
    ],
    ids=["no JSON", "deep", "a list", "no list", "text", "untyped", "with data"],
)
def test_what_is_no_event_is_refused(headers: dict[str, str], body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_cloud_events(headers, body)


def test_the_bundle_has_the_parts_of_mns_in_their_order() -> None:
    bundle = signal_bundle(read(versionid="3"), "https://hub.example/fhir/Subscription")
    (entry,) = bundle["entry"]
    parameters = entry["resource"]["parameter"]
    assert [each["name"] for each in parameters] == [
        "subscription",
        "status",
        "type",
        "notification-event",
        "additional-context",
    ]
    assert [part["name"] for part in parameters[3]["part"]] == ["event-number", "timestamp", "focus"]
    assert parameters[3]["part"][0]["valueString"] == "1"
    assert [part["name"] for part in parameters[4]["part"]] == ["event-type", "source", "subject", "version-id"]
    assert parameters[4]["part"][3]["valueString"] == "3"
    assert entry["fullUrl"] == f"urn:uuid:{bundle['id']}" == f"urn:uuid:{entry['resource']['id']}"


def test_a_hydrated_signal_has_the_resource_beside_it() -> None:
    signal = read()
    bundle = signal_bundle(signal, "https://hub.example/fhir/Subscription", hydrated={"resourceType": "Patient"})
    assert [entry["fullUrl"] for entry in bundle["entry"]][1] == signal.dataref


def test_nothing_is_hydrated_that_stands_nowhere() -> None:
    with pytest.raises(InvalidError, match="dataref"):
        signal_bundle(read(dataref=...), "https://hub.example/s", hydrated={"resourceType": "Patient"})


@pytest.mark.parametrize("change", [{}, {"subject": ...}, {"dataref": ...}, {"versionid": 'W/"4"'}])
def test_a_bundle_reads_as_the_signal_it_was_made_of(change: dict[str, Any]) -> None:
    signal = read(**change)
    assert read_signal_bundle(signal_bundle(signal, "https://hub.example/s")) == signal


def test_a_signal_whose_id_is_no_uuid_gets_the_same_one_every_time() -> None:
    first, second = (signal_bundle(read(id="event-7"), "https://hub.example/s")["id"] for _ in range(2))
    assert first == second != signal_bundle(read(id="event-8"), "https://hub.example/s")["id"]


def test_a_bundle_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidError, match="notification-event"):
        read_signal_bundle({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Parameters"}}]})


@pytest.mark.parametrize(
    ("number", "is_one"),
    [("9990548609", True), ("9990548608", False), ("999054860", False), ("99905486O9", False), ("4010232137", True)],
)
def test_nhs_numbers_have_a_check_digit(number: str, is_one: bool) -> None:
    assert is_nhs_number(number) is is_one
