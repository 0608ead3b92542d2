"""A receiver takes every event once and in order, whatever the network does."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model.errors import InvalidError, LoginError, MalformedError
from careloom.notify.signature import new_secret, signed_headers
from careloom.receiver import Event, FileMemory, GapError, Receiver, VolatileMemory, read_notification

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SUBSCRIPTION = "https://hub.example/fhir/Subscription/s"


def notification(*numbers: int, kind: str = "event-notification", count: int | None = None, **changes: Any) -> bytes:
    told = [
        {
            "name": "notification-event",
            "part": [
                {"name": "event-number", "valueString": str(number)},
                {"name": "focus", "valueReference": {"reference": f"https://hub.example/fhir/Encounter/{number}"}},
            ],
        }
        for number in numbers
    ]
    newest = max(numbers, default=0) if count is None else count
    parameters = [
        {"name": "subscription", "valueReference": {"reference": SUBSCRIPTION}},
        {"name": "topic", "valueCanonical": "https://topics.example/discharge"},
        {"name": "status", "valueCode": "active"},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(newest)},
        *told,
    ]
    status = {"resourceType": "Parameters", "parameter": parameters}
    return json.dumps(
        {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}], **changes}
    ).encode()


class Hub:
    """Answers ``$events`` with what it holds."""

    def __init__(self, *held: int) -> None:
        self.held = held
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        query = dict(part.split("=") for part in url.partition("?")[2].split("&"))
        first, last = int(query["eventsSinceNumber"]), int(query["eventsUntilNumber"])
        return notification(*(number for number in self.held if first <= number <= last), kind="query-event")


class Program:
    """Keeps the numbers of the events that it was given."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, event: Event) -> None:
        self.numbers.append(event.number)


def a_receiver(hub: Hub | None = None, **changes: Any) -> Receiver:
    parts: dict[str, Any] = {"secret": None, "memory": VolatileMemory(), "fetch": (hub or Hub()).fetch}
    return Receiver(**{**parts, **changes}, clock=lambda: NOW)


def test_an_event_is_taken_once() -> None:
    receiver, program = a_receiver(), Program()
    receiver.take({}, notification(kind="handshake"), program)
    receiver.take({}, notification(1), program)
    again = receiver.take({}, notification(1), program)
    assert program.numbers == [1]
    assert (again.dropped, again.events) == (1, ())


def test_what_is_missing_is_fetched_first() -> None:
    hub, program = Hub(*range(1, 10)), Program()
    receiver = a_receiver(hub)
    receiver.take({}, notification(kind="handshake"), program)
    taken = receiver.take({}, notification(4, 5), program)
    assert program.numbers == [1, 2, 3, 4, 5]
    assert taken.fetched == 3
    assert hub.asked == [f"{SUBSCRIPTION}/$events?eventsSinceNumber=1&eventsUntilNumber=3"]


def test_what_is_missing_within_a_notification_is_fetched_too_and_what_stands_there_twice_is_taken_once() -> None:
    hub, program = Hub(*range(1, 10)), Program()
    receiver = a_receiver(hub)
    receiver.take({}, notification(kind="handshake"), program)
    taken = receiver.take({}, notification(2, 5, 5, 6), program)
    assert program.numbers == [1, 2, 3, 4, 5, 6]
    assert (taken.fetched, taken.dropped) == (3, 1)


def test_nothing_is_fetched_from_anywhere_but_the_hub() -> None:
    hub = Hub(1, 2)
    elsewhere = notification(2).replace(b"https://hub.example/fhir/Sub", b"https://hub.example.evil/fhir/Sub")
    memory, address = VolatileMemory(), "https://hub.example/fhir"
    receiver = Receiver(secret=None, memory=memory, fetch=hub.fetch, hub=address, clock=lambda: NOW)
    with pytest.raises(InvalidError, match="a subscription of"):
        receiver.take({}, elsewhere, Program())
    receiver.take({}, notification(2), Program())
    assert hub.asked == []


def test_a_heartbeat_shows_what_was_missed_too() -> None:
    program = Program()
    receiver = a_receiver(Hub(1, 2))
    receiver.take({}, notification(kind="handshake"), program)
    receiver.take({}, notification(kind="heartbeat", count=2), program)
    assert program.numbers == [1, 2]


def test_a_word_that_tells_no_count_is_no_reason_to_fetch() -> None:
    hub, program = Hub(1, 2), Program()
    receiver, silent = a_receiver(hub), json.loads(notification(kind="heartbeat"))
    parameters = silent["entry"][0]["resource"]["parameter"]
    parameters[:] = [each for each in parameters if each["name"] != "events-since-subscription-start"]
    receiver.take({}, notification(1), program)
    taken = receiver.take({}, json.dumps(silent).encode(), program)
    assert (taken.kind, taken.events, program.numbers, hub.asked) == ("heartbeat", (), [1], [])


def test_a_gap_that_cannot_be_filled_takes_nothing() -> None:
    program = Program()
    receiver = a_receiver(Hub(1, 3))
    receiver.take({}, notification(kind="handshake"), program)
    with pytest.raises(GapError, match="events 1 to 3 expected"):
        receiver.take({}, notification(4), program)
    assert program.numbers == []


def test_an_event_that_could_not_be_handled_comes_again() -> None:
    receiver, program = a_receiver(), Program()

    def fails(event: Event) -> None:
        raise OSError("disk full")

    receiver.take({}, notification(kind="handshake"), program)
    with pytest.raises(OSError, match="disk full"):
        receiver.take({}, notification(1, 2), fails)
    receiver.take({}, notification(1, 2), program)
    assert program.numbers == [1, 2]


def test_a_subscription_met_in_the_middle_begins_there() -> None:
    program = Program()
    a_receiver().take({}, notification(7), program)
    assert program.numbers == [7]


def test_events_before_the_handshake_are_none_of_ours() -> None:
    receiver, program = a_receiver(), Program()
    receiver.take({}, notification(kind="handshake", count=6), program)
    receiver.take({}, notification(7), program)
    assert program.numbers == [7]


def test_catching_up_fetches_all_that_was_told_meanwhile() -> None:
    hub, program = Hub(*range(1, 2_346)), Program()
    receiver = a_receiver(hub)
    receiver.catch_up(SUBSCRIPTION, program)
    assert program.numbers == list(range(1, 2_346))
    assert len(hub.asked) == 3


def test_memory_in_a_file_lasts(tmp_path: Path) -> None:
    path, program = tmp_path / "told.db", Program()
    first = FileMemory(path)
    a_receiver(memory=first).take({}, notification(1), program)
    first.close()
    a_receiver(memory=FileMemory(path)).take({}, notification(1, 2), program)
    assert program.numbers == [1, 2]


def test_numbers_may_be_large() -> None:
    program = Program()
    a_receiver().take({}, notification(2**40), program)
    assert program.numbers == [2**40]


def test_a_signature_is_asked_for_in_headers_of_any_case() -> None:
    secret, body = new_secret(), notification(1)
    headers = {name.title(): value for name, value in signed_headers(secret, "id", NOW, body).items()}
    receiver, program = a_receiver(secret=secret), Program()
    receiver.take(headers, body, program)
    assert program.numbers == [1]
    with pytest.raises(LoginError):
        receiver.take(headers, body + b" ", program)
    with pytest.raises(LoginError):
        receiver.take(signed_headers(secret, "id", NOW - timedelta(minutes=6), body), body, program)
    with pytest.raises(LoginError):
        receiver.take({}, body, program)


def test_a_cloud_event_is_known_to_be_the_hub_s_and_is_no_notification() -> None:
    secret, body = new_secret(), b'{"specversion":"1.0","id":"1","source":"example.hub","type":"discharge"}'
    headers, receiver, program = signed_headers(secret, "1", NOW, body), a_receiver(secret=secret), Program()
    assert (400, 401) == (receiver.answer(headers, body, program), receiver.answer(headers, body + b" ", program))
    assert [] == program.numbers


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", MalformedError),
        (b'{"resourceType":"Patient"}', InvalidError),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]}', InvalidError),
        (b'{"resourceType":"Bundle","entry":["status"]}', InvalidError),
        (notification(1).replace(b'"1"', b'"one"'), InvalidError),
        (notification(1).replace(b'"1"', b'"' + b"1" * 5000 + b'"'), InvalidError),
        (notification(1).replace(b"event-number", b"number"), InvalidError),
        (notification(kind="handshake").replace(b'"subscription"', b'"s"'), InvalidError),
    ],
    ids=["no JSON", "no Bundle", "no status", "no entry", "no number", "endless", "unnumbered", "no subscription"],
)
def test_what_is_no_notification_is_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        a_receiver().take({}, body, Program())


@pytest.mark.parametrize(
    ("body", "held", "status"),
    [
        (notification(1), [], 200),
        (notification(3), [1, 2], 200),
        (notification(3), [1], 503),
        (b"{", [], 400),
        (b'{"resourceType": "Patient"}', [], 422),
    ],
    ids=["taken", "taken with what was missing", "something is missing", "no json", "no notification"],
)
def test_the_answer_tells_the_hub_what_to_do(body: bytes, held: list[int], status: int) -> None:
    receiver = a_receiver(Hub(*held))
    receiver.take({}, notification(kind="handshake"), Program())
    assert receiver.answer({}, body, Program()) == status


def test_who_cannot_prove_to_be_the_hub_is_answered_401_and_what_a_program_raises_is_its_own() -> None:
    def fails(event: Event) -> None:
        raise ZeroDivisionError

    assert a_receiver(secret=new_secret()).answer({}, notification(1), Program()) == 401
    with pytest.raises(ZeroDivisionError):
        a_receiver().answer({}, notification(1), fails)


def test_resources_sent_along_are_found_by_their_address() -> None:
    body = json.loads(notification(3))
    body["entry"].append({"fullUrl": "https://hub.example/fhir/Encounter/3", "resource": {"resourceType": "Encounter"}})
    (event,) = read_notification(json.dumps(body).encode()).events
    assert event.resource == {"resourceType": "Encounter"}


@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=4).map(sorted), max_size=12))
def test_whatever_arrives_in_whatever_order_every_event_is_taken_once_and_in_order(
    told: Sequence[Sequence[int]],
) -> None:
    receiver, program = a_receiver(Hub(*range(1, 13))), Program()
    receiver.take({}, notification(kind="handshake"), program)
    for numbers in told:
        receiver.take({}, notification(*numbers), program)
    assert program.numbers == list(range(1, max((numbers[-1] for numbers in told), default=0) + 1))
