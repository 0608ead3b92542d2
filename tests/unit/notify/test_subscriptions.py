"""What a hub takes as a subscription, and what it says to the rest."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry, with_backport
from careloom.notify.extensions import (
    CHANNEL_TYPE,
    CONTENT,
    CROSS_VERSION,
    FILTER,
    HEARTBEAT,
    MAX_COUNT,
    ON_POISON,
    ORDER,
    TIMEOUT,
    Delivering,
)
from careloom.notify.subscriptions import accept_subscription, read_subscription, with_status
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"


CONSENT = "https://careloom.example/SubscriptionTopic/consent-change"
APPOINTMENT = "https://careloom.example/SubscriptionTopic/appointment"


def a_subscription(**changes: Any) -> dict[str, Any]:
    resource = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "letters for our patients",
        "criteria": DISCHARGE,
        "channel": {
            "type": "rest-hook",
            "endpoint": "https://gp.example/hook",
            "payload": "application/fhir+json",
            "header": ["X-Practice: A81001:main"],
        },
    }
    return resource | changes


def with_channel(**changes: Any) -> dict[str, Any]:
    resource = a_subscription()
    resource["channel"] = resource["channel"] | changes
    return resource


def accept(resource: dict[str, Any], topics: TopicRegistry) -> dict[str, Any]:
    return accept_subscription(
        resource,
        client="gp-system",
        purpose="TREAT",
        topics=topics,
        policy=EndpointPolicy.of(["192.0.2.0/24"]),
        now=NOW,
    )


def test_an_accepted_subscription_is_requested_and_stamped(topics: TopicRegistry) -> None:
    asked = a_subscription(status="active", error="made up")
    read = read_subscription(accept(asked, topics), topics)
    assert ("requested", "gp-system", "TREAT") == (read.status, read.owner, read.purpose)
    assert (("X-Practice", "A81001:main"),) == read.headers


def test_accepting_leaves_what_was_asked_as_it_was(topics: TopicRegistry) -> None:
    asked = a_subscription()
    before = deepcopy(asked)
    accept(asked, topics)
    assert before == asked


def test_a_client_cannot_stamp_another_client(topics: TopicRegistry) -> None:
    forged = {"tag": [{"system": "https://careloom.example/subscription-owner", "code": "somebody-else"}]}
    assert "gp-system" == read_subscription(accept(a_subscription(meta=forged), topics), topics).owner


def test_a_filter_narrows_by_a_parameter_of_the_topic(topics: TopicRegistry) -> None:
    filtered = a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Encounter?patient=Patient/1"}]})
    assert read_subscription(accept(filtered, topics), topics).filters != ()


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (a_subscription(criteria="https://t.example/none"), "Subscription.criteria: the URL of a topic expected"),
        (with_channel(type="email"), "rest-hook or server-sent-events or websocket expected, found 'email'"),
        (with_channel(payload="application/fhir+xml"), "application/fhir.json or application/json expected"),
        (with_channel(endpoint="https://10.0.0.1/hook"), "not a public address"),
        (with_channel(endpoint="http://gp.example/hook"), "https expected"),
        (with_channel(header=["No colon"]), "'Name: value'"),
        (with_channel(header=["X: a\r\nHost: b"]), "'Name: value'"),
        (with_channel(header=["webhook-id: 1"]), "the hub's to set"),
        (with_channel(_payload={"extension": [{"url": CONTENT, "valueCode": "everything"}]}), "empty, id-only or full"),
        (with_channel(extension=[{"url": MAX_COUNT, "valuePositiveInt": 10_000}]), "max-count from 1 to 100"),
        (a_subscription(end="2026-11-22T10:00:00Z"), "an instant to come"),
        (with_channel(endpoint="https://127.0.0.1/hook"), "not a public address"),
        (with_channel(endpoint="https://[::1]/hook"), "not a public address"),
        (with_channel(endpoint="https://[::ffff:10.0.0.1]/hook"), "not a public address"),
        (with_channel(endpoint="https://169.254.169.254/latest/meta-data"), "not a public address"),
        (with_channel(endpoint="https://gp:secret@gp.example/hook"), "no credentials"),
        (with_channel(endpoint="https://gp.example/hook\r\nHost: x"), "white space|not a URL"),
        (with_channel(header=["Host: inside"]), "the hub's to set"),
        (with_channel(header=["Content-Length: 0"]), "the hub's to set"),
        (with_channel(header=["X: caf\u0000e"]), "'Name: value'"),
        (with_channel(header=["X: " + "a" * 9000]), "'Name: value'"),
        (with_channel(header=["X Y: a"]), "'Name: value'"),
        (with_channel(extension=[{"url": HEARTBEAT, "valueUnsignedInt": 0}]), "heartbeat-period from 10 to 604800"),
        (with_channel(extension=[{"url": HEARTBEAT, "valueUnsignedInt": 10**9}]), "heartbeat-period from 10"),
        (with_channel(extension=[{"url": TIMEOUT, "valueUnsignedInt": 0}]), "timeout from 1 to 300"),
        (with_channel(extension=[{"url": TIMEOUT, "valueUnsignedInt": 86400}]), "timeout from 1 to 300"),
        (with_channel(extension=[{"url": MAX_COUNT, "valuePositiveInt": 0}]), "max-count from 1 to 1000"),
        (with_channel(extension=[{"url": MAX_COUNT, "valuePositiveInt": 1}] * 2), "max-count from 1 to 1000"),
        (with_channel(extension=[{"url": ORDER, "valueCode": "random"}]), "subscription or patient"),
        (
            with_channel(extension=[{"url": ORDER, "valueCode": "patient"}, {"url": MAX_COUNT, "valuePositiveInt": 5}]),
            "max-count 1 expected",
        ),
        (
            with_channel(
                endpoint="http://192.0.2.7/hook",
                _payload={"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
            ),
            "an https endpoint expected",
        ),
        (
            a_subscription(
                criteria=CONSENT,
                channel={
                    "type": "websocket",
                    "_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
                },
            ),
            "with content id-only at most",
        ),
        (with_channel(_type={"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": "zulip"}}]}), "found 'zulip'"),
        (
            a_subscription(
                extension=[{"url": f"{CROSS_VERSION}topic", "valueUri": DISCHARGE}],
            ),
            "the guide's own extension",
        ),
        (
            a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Encounter?patient:missing=true"}]}),
            "no modifier expected, found :missing",
        ),
        (
            a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Encounter?patient.name=Ann"}]}),
            "found patient.name",
        ),
        (
            a_subscription(
                criteria=APPOINTMENT,
                _criteria={"extension": [{"url": FILTER, "valueString": "Appointment?date=sa2026-01-01"}]},
            ),
            "date with eq, ge, gt, le, lt expected, found sa",
        ),
        (a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Encounter?"}]}), "found nothing"),
        (a_subscription(criteria="Encounter?status=finished"), "the URL of a topic expected"),
        (
            a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Encounter?status=x"}]}),
            "filtered by patient, found status",
        ),
        (
            a_subscription(_criteria={"extension": [{"url": FILTER, "valueString": "Patient?patient=x"}]}),
            "a filter such as Encounter",
        ),
    ],
)
def test_what_the_hub_cannot_serve_is_refused_with_the_reason(
    topics: TopicRegistry, resource: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        accept(resource, topics)


def test_every_problem_is_told_at_once(topics: TopicRegistry) -> None:
    with pytest.raises(InvalidError) as caught:
        accept(with_channel(type="email", endpoint="ftp://x") | {"criteria": "none"}, topics)
    assert {"Subscription.criteria", "Subscription.channel.type", "Subscription.channel.endpoint"} == {
        issue.expression for issue in caught.value.issues
    }


def test_a_status_is_written_with_its_error_and_without_the_old_one() -> None:
    failed = with_status(a_subscription(), "error", "HTTP 503")
    assert ("error", "HTTP 503") == (failed["status"], failed["error"])
    assert "error" not in with_status(failed, "active")


def test_the_guide_s_extensions_validate_without_its_package(definitions: Definitions, topics: TopicRegistry) -> None:
    resource = with_channel(
        _payload={"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
        extension=[{"url": MAX_COUNT, "valuePositiveInt": 10}],
    )
    resource["_criteria"] = {"extension": [{"url": FILTER, "valueString": "Encounter?patient=Patient/1"}]}
    issues = Validator(with_backport(definitions)).validate(accept(resource, topics))
    assert [] == [issue for issue in issues if issue.is_error]


def test_how_a_subscription_wants_to_be_told_is_read_from_the_guide_s_extensions(topics: TopicRegistry) -> None:
    asked = with_channel(
        payload="application/json",
        _payload={"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
        extension=[
            {"url": MAX_COUNT, "valuePositiveInt": 20},
            {"url": HEARTBEAT, "valueUnsignedInt": 86400},
            {"url": TIMEOUT, "valueUnsignedInt": 60},
            {"url": ON_POISON, "valueCode": "dead-letter"},
        ],
    )
    read = read_subscription(accept(asked, topics), topics)
    expected = Delivering("full-resource", 20, 86400, 60, on_poison="dead-letter")
    assert (expected, "application/json") == (read.delivering, read.payload)


def test_a_custom_channel_is_taken_where_the_hub_has_it(topics: TopicRegistry) -> None:
    coding = {"system": "https://t.example/channels", "code": "mesh"}
    asked = with_channel(_type={"extension": [{"url": CHANNEL_TYPE, "valueCoding": coding}]})
    policy = EndpointPolicy()
    taken = accept_subscription(
        asked, client="gp", purpose="TREAT", topics=topics, policy=policy, now=NOW, channels={"mesh"}
    )
    assert "mesh" == read_subscription(taken, topics).channel


def test_a_filter_may_have_the_comparators_of_its_topic(topics: TopicRegistry) -> None:
    texts = ["Appointment?date=ge2026-01-01,2025-05", "Appointment?status=booked"]
    asked = a_subscription(
        criteria=APPOINTMENT, _criteria={"extension": [{"url": FILTER, "valueString": text} for text in texts]}
    )
    [query] = read_subscription(accept(asked, topics), topics).filters
    assert 2 == len(query.conditions)
