"""Subscriptions as MNS has them: understood where they can be told, and refused with the reason where not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.notify.channels.test_mesh import Outbox

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry
from careloom.notify.channels.mesh import Mesh
from careloom.notify.channels.mns import MnsMesh
from careloom.notify.extensions import CHANNEL_TYPE, CONTENT, HEARTBEAT, MAX_COUNT, ORDER
from careloom.notify.mns import KIND
from careloom.notify.signals.writer import SignalWriter
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import CHANNELS, Subscription, accept_subscription, read_subscription

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
OURS = frozenset({*CHANNELS, "message", "mesh", KIND})
NAMED = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": KIND}}]}


def as_at_mns(criteria: str = "eventType=pds-change-of-gp-2", **channel: Any) -> Resource:
    made = {
        "type": "message",
        "endpoint": "mesh://X26ABC2?workflow_id=MNS",
        "payload": "application/fhir+json",
        **channel,
    }
    return {"resourceType": "Subscription", "status": "requested", "reason": "", "criteria": criteria, "channel": made}


def accepted(resource: Resource, topics: TopicRegistry) -> Resource:
    mesh = Mesh(Outbox(), {"X26ABC2": "gp", "X26ABC3": "epr"}, "CARELOOM")
    channel = MnsMesh(mesh, SignalWriter({}, topics.parameters, "example.hub"), base_url="https://hub.example/fhir")
    return accept_subscription(
        resource,
        client="gp",
        purpose="TREAT",
        topics=topics,
        policy=EndpointPolicy(),
        now=NOW,
        channels=OURS,
        rules={KIND: channel.rules},
    )


def meant(resource: Resource, topics: TopicRegistry) -> Subscription:
    return read_subscription(accepted(resource, topics), topics)


def refused(resource: Resource, topics: TopicRegistry) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as error:
        accepted(resource, topics)
    return [(str(issue.expression), issue.diagnostics) for issue in error.value.issues]


def test_it_is_recorded_as_it_was_written(topics: TopicRegistry) -> None:
    recorded = accepted(as_at_mns(), topics)
    assert as_at_mns() == {key: recorded[key] for key in as_at_mns()}


@pytest.mark.parametrize("payload", ["application/fhir+json", "application/json"])
def test_it_is_one_to_the_topic_whose_events_are_called_so(topics: TopicRegistry, payload: str) -> None:
    found = meant(as_at_mns(payload=payload), topics)
    assert (KIND, payload, 1) == (found.channel, found.payload, found.delivering.max_count)
    assert "https://careloom.example/SubscriptionTopic/gp-change" == found.topic


@pytest.mark.parametrize(("event", "content"), [("discharge", "full-resource"), ("consent-change", "id-only")])
def test_it_is_told_as_much_as_the_topic_allows(topics: TopicRegistry, event: str, content: str) -> None:
    assert content == meant(as_at_mns(f"eventType={event}"), topics).delivering.content


def test_it_may_ask_for_less_and_for_an_order(topics: TopicRegistry) -> None:
    asked = as_at_mns(
        _payload={"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
        extension=[{"url": ORDER, "valueCode": "patient"}],
    )
    assert ("id-only", "patient") == (
        (found := meant(asked, topics).delivering).content,
        found.order,
    )


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ("eventType=discharge", ["a", "b"]),
        ("eventType='discharge' AND patient='Patient/2'", ["b"]),
        ("eventType=discharge AND patient=Patient/1,Patient/2", ["a", "b"]),
        ("eventType=discharge AND patient=Patient/1 AND patient=Patient/2", []),
    ],
)
def test_attributes_are_filters_of_the_topic(topics: TopicRegistry, criteria: str, told: list[str]) -> None:
    subscribers = Subscribers(topics)
    subscription = meant(as_at_mns(criteria), topics)
    subscribers.put(Subscriber(subscription, 0))
    stays = {
        "a": {"resourceType": "Encounter", "id": "a", "subject": {"reference": "Patient/1"}},
        "b": {"resourceType": "Encounter", "id": "b", "subject": {"reference": "Patient/2"}},
    }
    assert told == [id for id, stay in stays.items() if list(subscribers.find(subscription.topic, stay))]


def test_an_attribute_holds_for_every_type_of_the_topic(topics: TopicRegistry) -> None:
    filters = meant(as_at_mns("eventType=document-available AND type=http://loinc.org|1"), topics).filters
    assert {"Composition", "DocumentReference"} == {each.type for each in filters}


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ("eventType='discharge", "NAME=VALUE or NAME='VALUE' expected, found \"eventType='discharge\""),
        ("eventType=pds-change-of-gp-1", "an event type of address-change, admission, "),
        ("eventType=discharge AND colour=red", "discharge: an attribute of patient expected, found 'colour'"),
        (
            "eventType=pds-change-of-gp-2 AND generalpractitioner=Y12345",
            "an attribute of _id, general-practitioner, identifier expected, found 'generalpractitioner'",
        ),
    ],
)
def test_criteria_that_cannot_be_told_are_refused_with_the_reason(
    topics: TopicRegistry, criteria: str, told: str
) -> None:
    [(path, text)] = refused(as_at_mns(criteria), topics)
    assert "Subscription.criteria" == path and told in text


@pytest.mark.parametrize(
    ("channel", "path", "told"),
    [
        ({"type": "rest-hook", "endpoint": "https://gp.example"}, "criteria", "type 'message' expected, found 'rest-h"),
        ({"_type": {"extension": []}}, "criteria", "type 'message' expected, found another by extension"),
        ({"endpoint": "arn:aws:sqs:eu-west-2:1:queue"}, "channel.endpoint", "since queues are not supported"),
        ({"endpoint": "mesh://X26ABC3"}, "channel.endpoint", "a mailbox expected that the hub knows as the client's"),
        ({"endpoint": "https://gp.example"}, "channel.endpoint", "mesh://MAILBOX"),
        ({"payload": "application/fhir+xml"}, "channel.payload", "application/fhir+json or application/json expected"),
        ({"extension": [{"url": MAX_COUNT, "valuePositiveInt": 2}]}, "channel", "max-count 1 expected"),
        ({"extension": [{"url": HEARTBEAT, "valueUnsignedInt": 60}]}, "channel", "no heartbeat-period expected"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_channel_that_is_not_that_of_mns_is_refused(
    topics: TopicRegistry, channel: dict[str, Any], path: str, told: str
) -> None:
    [(found, text)] = refused(as_at_mns(**channel), topics)
    assert f"Subscription.{path}" == found and told in text


def test_without_a_mailbox_there_is_none(topics: TopicRegistry) -> None:
    with pytest.raises(InvalidError) as error:
        accept_subscription(
            as_at_mns(),
            client="gp",
            purpose="TREAT",
            topics=topics,
            policy=EndpointPolicy(),
            now=NOW,
            channels=CHANNELS,
        )
    [issue] = error.value.issues
    assert ("Subscription.channel.type", "not-supported") == (issue.expression, issue.code)
    assert "this hub does not take criteria as MNS has them, by message to a mailbox of MESH" in issue.diagnostics


@pytest.mark.parametrize("channel", [{"_type": NAMED}, {"type": KIND}])
def test_nobody_names_the_kind_of_channel_that_it_has(topics: TopicRegistry, channel: dict[str, Any]) -> None:
    resource = as_at_mns("https://careloom.example/SubscriptionTopic/discharge", **channel)
    assert any("mesh or message or rest-hook" in text for _, text in refused(resource, topics))
