"""Every bad input and failure that the design of notifications lists, each under the name of its row.

What is a matter of notify alone is tested here. What needs a network, a disk, a database or another room has its test
there; `ELSEWHERE` says where, and a test sees to it that it is so.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.patience import becomes
from tests.unit.notify.lanes import START, Desk, Receiver, Time, a_lane, a_log, a_subscription, run_until
from tests.unit.notify.test_notifier import Post, Rules, a_record, discharge, subscribe, telling

from careloom.model.errors import ConflictError, InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry
from careloom.notify.courier import MOST_BYTES, Courier
from careloom.notify.extensions import CONTENT, FILTER, HEARTBEAT, MAX_COUNT, TIMEOUT
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.subscriptions import accept_subscription
from careloom.notify.topics import Topic, Trigger
from careloom.store import Match, SubscriptionEvent, Turn, Version

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
ROOT = Path(__file__).parents[3]

# Subscription


def asked(**changes: Any) -> dict[str, Any]:
    channel = {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"}
    made = {"resourceType": "Subscription", "status": "requested", "reason": "letters", "criteria": DISCHARGE}
    top = {key: value for key, value in changes.items() if key in ("criteria", "_criteria", "end")}
    return made | top | {"channel": channel | {key: value for key, value in changes.items() if key not in top}}


def filtered(text: str) -> dict[str, Any]:
    return asked(_criteria={"extension": [{"url": FILTER, "valueString": text}]})


def extended(url: str, key: str, value: object) -> dict[str, Any]:
    return asked(extension=[{"url": url, key: value}])


def accept(resource: dict[str, Any], topics: TopicRegistry) -> dict[str, Any]:
    policy = EndpointPolicy.of(["192.0.2.0/24"])
    return accept_subscription(resource, client="gp-system", purpose="TREAT", topics=topics, policy=policy, now=START)


FULL = {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]}
REFUSED: dict[str, dict[str, Any]] = {
    "unknown topic": asked(criteria="https://t.example/none"),
    "unknown filter": filtered("Encounter?shoe-size=9"),
    "unknown modifier": filtered("Encounter?patient:sounds-like=Patient/1"),
    "http endpoint with full-resource": asked(endpoint="http://192.0.2.1/hook", _payload=FULL),
    "endpoint to loopback": asked(endpoint="https://127.0.0.1/hook"),
    "endpoint to link-local": asked(endpoint="https://[fe80::1]/hook"),
    "endpoint to metadata": asked(endpoint="https://169.254.169.254/latest/meta-data"),
    "endpoint IPv6-mapped": asked(endpoint="https://[::ffff:127.0.0.1]/hook"),
    "header injection by CR/LF": asked(header=["X-Practice: a\r\nHost: inside.example"]),
    "endpoint with credentials in URL": asked(endpoint="https://gp:secret@gp.example/hook"),
    "0 heartbeat": extended(HEARTBEAT, "valueUnsignedInt", 0),
    "huge heartbeat": extended(HEARTBEAT, "valueUnsignedInt", 2**31 - 1),
    "0 timeout": extended(TIMEOUT, "valueUnsignedInt", 0),
    "huge timeout": extended(TIMEOUT, "valueUnsignedInt", 2**31 - 1),
    "0 maxCount": extended(MAX_COUNT, "valuePositiveInt", 0),
    "huge maxCount": extended(MAX_COUNT, "valuePositiveInt", 2**31 - 1),
    "criteria that matches everything": filtered("Encounter?"),
    "`end` in the past": asked(end="2020-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_subscription_is_refused(row: str, topics: TopicRegistry) -> None:
    with pytest.raises(InvalidError) as refused:
        accept(REFUSED[row], topics)
    assert all(issue.diagnostics.startswith("Subscription.") for issue in refused.value.issues)


def test_subscription_header_value_with_colons(topics: TopicRegistry) -> None:
    accepted = accept(asked(header=["X-Practice: A81001:main:2"]), topics)
    assert ["X-Practice: A81001:main:2"] == accepted["channel"]["header"]


@pytest.mark.parametrize("type", ["Subscription", "AuditEvent"])
def test_subscription_to_subscription_or_audit_event_loops(type: str, topics: TopicRegistry) -> None:
    topic = Topic("https://t.example/loop", "Loop", (Trigger(type),))
    with pytest.raises(InvalidError, match="can be told of"):
        TopicRegistry([topic], topics.parameters)


# Data


async def test_data_resource_deleted_between_match_and_send(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        channel = asked(_payload=FULL)["channel"]
        await subscribe(repository, notifier, channel=channel)
        await discharge(repository, "e1")
        await repository.commit(lambda turn: turn.delete("Encounter", "e1"), cause="acute-epr")
        await becomes(lambda: post.focuses() == ["Encounter/e1"])
    [entry] = [each for each in post.sent[-1][1]["entry"] if each["fullUrl"].endswith("Encounter/e1")]
    assert ("finished", "1") == (entry["resource"]["status"], entry["resource"]["meta"]["versionId"])


async def test_data_rolled_back_transaction_is_no_event(topics: TopicRegistry) -> None:
    def undone(turn: Turn) -> None:
        turn.update({"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"}})
        raise ConflictError("version conflict")

    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        with pytest.raises(ConflictError):
            await repository.commit(undone, cause="acute-epr")
        await discharge(repository, "e2")
        await becomes(lambda: bool(rules.told))
    assert ["Encounter/e2"] == rules.told


async def test_data_transaction_bundle_with_1000_entries(topics: TopicRegistry) -> None:
    def thousand(turn: Turn) -> None:
        for number in range(1000):
            turn.update(
                {
                    "resourceType": "Encounter",
                    "id": f"e{number}",
                    "status": "finished",
                    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
                }
            )

    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        channel = asked()["channel"] | {"extension": [{"url": MAX_COUNT, "valuePositiveInt": 100}]}
        await subscribe(repository, notifier, channel=channel)
        await repository.commit(thousand, cause="acute-epr")
        await becomes(lambda: len(rules.told) == 1000)
    assert [f"Encounter/e{number}" for number in range(1000)] == rules.told


async def test_data_resource_over_size_limit() -> None:
    subscription = a_subscription(content="full-resource")
    resource = {"resourceType": "Binary", "id": "1", "data": "A" * MOST_BYTES}
    version = Version("Binary", "1", "1", START, "create", resource, 1)
    event = SubscriptionEvent("gp", 1, 1, DISCHARGE, "Binary/1", "1", START)
    _, body = Courier(subscription, Receiver(), Desk(), Time()).written([Told(event, focus=version)])
    assert len(body) < 10_000 and b'"status":"413"' in body


async def test_data_clock_stepping_back_keeps_the_order() -> None:
    log, receiver, desk, time = await a_log(2), Receiver(), Desk(), Time()
    lane = a_lane(log, receiver, desk, time)
    time.now -= timedelta(days=365)
    await run_until(lane, lambda: desk.heard == [1, 2])


async def test_data_event_numbers_past_2_to_31() -> None:
    class Numbered(Receiver):
        async def send(self, endpoint: str, body: bytes, **more: Any) -> Outcome:
            self.bodies.append(body)
            return Outcome("accepted", 200)

    event = SubscriptionEvent("gp", 2**31 + 7, 1, DISCHARGE, "Encounter/1", "1", START)
    _, body = Courier(a_subscription(), Numbered(), Desk(), Time()).written([Told(event)])
    assert f'"valueString":"{2**31 + 7}"'.encode() in body


# Process


async def test_process_24_h_pause_then_resume() -> None:
    log, time = await a_log(1), Time()
    failing = Receiver(*[Outcome("retry", 503, "HTTP 503")] * 3)
    await run_until(a_lane(log, failing, Desk(), time), lambda: len(failing.bodies) == 1)
    time.now += timedelta(hours=24)
    await log.record_matches(2, [Match("gp", 2, DISCHARGE, "Encounter/2", "1", time.now)])
    again, desk = Receiver(), Desk()
    await run_until(a_lane(log, again, desk, time), lambda: desk.heard == [1, 2])
    assert failing.bodies[0] == again.bodies[0]


# what is tested elsewhere

HOOK = "tests/integration/test_rest_hook.py"
NOTIFIER = "tests/unit/notify/test_notifier.py"
FILE = "tests/integration/test_store_file.py"
MLLP = "tests/unit/connectors/hl7v2/test_mllp.py"
MESSAGE = "tests/unit/connectors/hl7v2/test_message.py"
LISTENER = "tests/integration/hl7v2/test_listener.py"
SIGNALS = "tests/unit/notify/signals/test_signals.py"
POLLER = "tests/unit/connectors/mesh/test_poller.py"
ELSEWHERE: dict[str, str] = {
    "Subscription: DNS rebinding between check and connect": f"{HOOK}::test_a_name_that_is_pointed_inside_between",
    "Subscription: redirect to inside": f'{HOOK}::id="redirect"',
    "Subscription: FHIRPath bomb": "tests/unit/notify/test_topics.py::test_an_expression_without_end_does_not_hold",
    "Subscription: a change of owner": "tests/unit/notify/test_subscriptions.py::test_a_client_cannot_stamp_another",
    "Subscription: a change of endpoint (must re-handshake)": f"{NOTIFIER}::test_a_changed_endpoint_shakes_hands",
    "Subscription: 10,000 equal ones": "tests/unit/notify/test_equals.py::test_one_too_many_is_refused",
    "Receiver: 200 with error body": f'{HOOK}::id="200-with-an-error-body"',
    "Receiver: 204": f'{HOOK}::id="204"',
    "Receiver: 3xx": f'{HOOK}::id="redirect"',
    "Receiver: 401": f'{HOOK}::id="401"',
    "Receiver: 410": f'{HOOK}::id="410"',
    "Receiver: 413": f'{HOOK}::id="413"',
    "Receiver: 429 with date and seconds": f'{HOOK}::id="429-date"',
    "Receiver: 1 byte/s response": f'{HOOK}::id="one-byte-at-a-time"',
    "Receiver: endless headers": f'{HOOK}::id="endless-headers"',
    "Receiver: closes before reading": f'{HOOK}::id="closes"',
    "Receiver: TLS expired": f"{HOOK}::test_a_certificate_that_has_expired",
    "Receiver: accepts then dies (duplicate)": f"{HOOK}::test_a_receiver_that_dies_before_it_answers",
    "Receiver: 100-continue": f'{HOOK}::id="100-continue"',
    "Receiver: gzip bomb": f'{HOOK}::id="gzip-bomb"',
    "Data: patient merged between match and send": "tests/unit/notify/test_contents.py::test_full_resource_is_never",
    "Data: consent withdrawn in between": f"{NOTIFIER}::test_consent_that_was_withdrawn_in_between",
    "Data: label raised": f"{NOTIFIER}::test_who_may_not_know_is_not_told",
    "MLLP: frame split at every byte": f"{MLLP}::test_one_byte_at_a_time_is_enough",
    "MLLP: two frames in a packet": f"{MLLP}::test_two_messages_cut_anywhere",
    "MLLP: missing start byte": f"{MLLP}::test_a_missing_start_byte",
    "MLLP: missing end byte": f"{MLLP}::test_a_missing_end",
    "MLLP: no MSH, wrong separators": f"{MESSAGE}::test_what_is_no_message_is_refused",
    "MLLP: LF instead of CR, doubled CR": f"{MESSAGE}::test_segments_may_end_in",
    "MLLP: Latin-1": f"{MESSAGE}::test_text_is_read_in_the_character_set",
    "MLLP: UTF-8 with BOM": f"{MESSAGE}::test_a_byte_order_mark",
    "MLLP: MSH-10 reused with different content": "tests/integration/hl7v2/test_answers.py::test_a_control_id_used",
    "MLLP: 50 MB message": f"{LISTENER}::test_a_message_over_the_limit",
    "MLLP: half-open connection": f"{LISTENER}::test_a_connection_that_stops_in_mid_message",
    "MLLP: A40 chain and cycle": "tests/integration/hl7v2/test_movements.py::test_a_chain_of_merges_is_followed",
    "MLLP: merge before admit": "tests/integration/hl7v2/test_movements.py::test_a_merge_may_come_before",
    "CloudEvents: same id different body": (
        "tests/unit/connectors/mesh/test_intake.py::test_the_same_name_for_something_else_is_a_conflict"
    ),
    "CloudEvents: unknown or null attribute, time without zone": f"{SIGNALS}::test_what_is_no_good_signal_is_refused",
    "CloudEvents: batch with one bad": f"{SIGNALS}::test_of_a_batch_with_one_bad_event",
    "CloudEvents: NHS number failing its check digit": f"{SIGNALS}::test_a_wrong_nhs_number",
    "MESH: acknowledge lost": f"{POLLER}::test_a_message_whose_acknowledgement_was_lost",
    "MESH: same message listed twice": f"{POLLER}::test_a_message_listed_twice",
    "MESH: report instead of data": f"{POLLER}::test_a_report_is_told",
    "Process: kill -9 at each step boundary": "tests/integration/test_notify_survives_kill.py::test_every_event",
    "Process: disk full": f"{FILE}::test_a_full_disk_is_told",
    "Process: read-only disk": f"{FILE}::test_a_file_that_became_read_only",
    "Process: fsync error (must stop, not carry on)": f"{FILE}::test_a_failed_synchronisation_is_final",
    "Process: database failover with two lane owners (fence)": (
        "tests/integration/test_notify_processes.py::test_a_process_that_was_paused_writes_nothing"
    ),
    "Process: NOTIFY lost": "tests/unit/notify/test_shifts.py::test_events_are_told_by_a_process_that_heard_no",
}


@pytest.mark.parametrize("row", ELSEWHERE)
def test_elsewhere(row: str) -> None:
    file, _, name = ELSEWHERE[row].partition("::")
    text = (ROOT / file).read_text()
    assert re.search(rf"def {re.escape(name)}" if name.startswith("test_") else re.escape(name), text), row


def test_no_row_is_refused_for_the_reason_of_another(topics: TopicRegistry) -> None:
    said = set()
    for resource in REFUSED.values():
        with pytest.raises(InvalidError) as refused:
            accept(resource, topics)
        said.add(str(refused.value))
    assert len(REFUSED) == len(said)
