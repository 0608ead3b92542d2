"""Subscriptions that the design of notifications lists as bad: each is refused, and each for a reason of its own."""

from typing import Any

import pytest
from tests.unit.notify.lanes import START

from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry
from careloom.notify.extensions import CONTENT, FILTER, HEARTBEAT, MAX_COUNT, TIMEOUT
from careloom.notify.subscriptions import accept_subscription
from careloom.notify.topics import Topic, Trigger

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"


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
def test_a_bad_one_is_refused(row: str, topics: TopicRegistry) -> None:
    with pytest.raises(InvalidError) as refused:
        accept(REFUSED[row], topics)
    assert all(issue.diagnostics.startswith("Subscription.") for issue in refused.value.issues)


def test_a_header_may_hold_colons(topics: TopicRegistry) -> None:
    accepted = accept(asked(header=["X-Practice: A81001:main:2"]), topics)
    assert ["X-Practice: A81001:main:2"] == accepted["channel"]["header"]


@pytest.mark.parametrize("type", ["Subscription", "AuditEvent"])
def test_nothing_is_told_of_subscriptions_or_the_audit(type: str, topics: TopicRegistry) -> None:
    topic = Topic("https://t.example/loop", "Loop", (Trigger(type),))
    with pytest.raises(InvalidError, match="can be told of"):
        TopicRegistry([topic], topics.parameters)


def test_no_row_is_refused_for_the_reason_of_another(topics: TopicRegistry) -> None:
    said = set()
    for resource in REFUSED.values():
        with pytest.raises(InvalidError) as refused:
            accept(resource, topics)
        said.add(str(refused.value))
    assert len(REFUSED) == len(said)
