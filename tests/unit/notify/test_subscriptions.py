"""What a hub takes as a subscription, and what it says to the rest."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry, with_backport
from careloom.notify.extensions import CONTENT, FILTER, MAX_COUNT
from careloom.notify.subscriptions import accept_subscription, read_subscription, with_status
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"


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
        resource, client="gp-system", purpose="TREAT", topics=topics, policy=EndpointPolicy(), now=NOW
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
        (with_channel(type="email"), "rest-hook or websocket expected, found 'email'"),
        (with_channel(payload="application/fhir+xml"), "application/fhir.json expected"),
        (with_channel(endpoint="https://10.0.0.1/hook"), "not a public address"),
        (with_channel(endpoint="http://gp.example/hook"), "https expected"),
        (with_channel(header=["No colon"]), "'Name: value'"),
        (with_channel(header=["X: a\r\nHost: b"]), "'Name: value'"),
        (with_channel(header=["webhook-id: 1"]), "the hub's to set"),
        (with_channel(_payload={"extension": [{"url": CONTENT, "valueCode": "everything"}]}), "empty, id-only or full"),
        (with_channel(extension=[{"url": MAX_COUNT, "valuePositiveInt": 10_000}]), "max-count from 1 to 100"),
        (a_subscription(end="2026-11-22T10:00:00Z"), "an instant to come"),
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
