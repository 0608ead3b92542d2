"""Subscriptions as R4 had them before topics: taken where the settings say so, and judged by their search."""

from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry
from careloom.notify.classic import KIND
from careloom.notify.extensions import CHANNEL_TYPE
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import CHANNELS, accept_subscription, read_subscription

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def classic(criteria: str = "Encounter?status=finished", **channel: Any) -> Resource:
    made = {"type": "rest-hook", "endpoint": "https://gp.example/fhir", **channel}
    return {"resourceType": "Subscription", "status": "requested", "reason": "", "criteria": criteria, "channel": made}


@pytest.fixture
def open_(topics: TopicRegistry) -> TopicRegistry:
    """The same topics, and searches besides."""
    return TopicRegistry(topics, topics.parameters, classic=True)


def accepted(resource: Resource, topics: TopicRegistry) -> Resource:
    return accept_subscription(
        resource,
        client="gp",
        purpose="TREAT",
        topics=topics,
        policy=EndpointPolicy(),
        now=NOW,
        channels={*CHANNELS, KIND},
    )


def test_nobody_names_the_kind_of_channel_that_it_has(open_: TopicRegistry) -> None:
    named = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": KIND}}]}
    resource = classic("https://careloom.example/SubscriptionTopic/discharge", _type=named)
    with pytest.raises(InvalidError, match=r"channel\.type: rest-hook or server-sent-events or websocket expected"):
        accepted(resource, open_)


def test_it_is_recorded_as_it_was_written(open_: TopicRegistry) -> None:
    resource = classic(payload="application/fhir+json")
    recorded = accepted(resource, open_)
    assert (resource["criteria"], resource["channel"]) == (recorded["criteria"], recorded["channel"])


@pytest.mark.parametrize(
    ("payload", "content"), [({"payload": "application/fhir+json"}, "full-resource"), ({}, "empty")]
)
def test_its_payload_says_what_is_told(open_: TopicRegistry, payload: dict[str, str], content: str) -> None:
    subscription = read_subscription(accepted(classic(**payload), open_), open_)
    assert (KIND, content) == (subscription.channel, subscription.delivering.content)


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ("Encounter?status=finished", ["a"]),
        ("Encounter?status=finished,in-progress", ["a", "b"]),
        ("Encounter?status:not=finished", ["b"]),
        ("Encounter?patient=Patient/2", ["b"]),
        ("Encounter", ["a", "b"]),
        ("Encounter?", ["a", "b"]),
    ],
)
def test_its_criteria_are_judged_as_a_search(open_: TopicRegistry, criteria: str, told: list[str]) -> None:
    subscribers = Subscribers(open_)
    subscription = read_subscription(accepted(classic(criteria), open_), open_)
    subscribers.put(Subscriber(subscription, 0))
    stays = {
        "a": {"resourceType": "Encounter", "id": "a", "status": "finished", "subject": {"reference": "Patient/1"}},
        "b": {"resourceType": "Encounter", "id": "b", "status": "in-progress", "subject": {"reference": "Patient/2"}},
    }
    assert told == [id for id, stay in stays.items() if list(subscribers.find(subscription.topic, stay))]


@pytest.mark.parametrize(
    "criteria",
    ["Encounter?colour=red", "Encounter?patient.name=Ashe", "Nothing?a=b", "Subscription?status=off", ""],
)
def test_what_is_no_search_on_a_type_is_refused(open_: TopicRegistry, criteria: str) -> None:
    with pytest.raises(InvalidError):
        accepted(classic(criteria), open_)


def test_without_the_setting_it_is_refused_for_its_topic(topics: TopicRegistry) -> None:
    with pytest.raises(InvalidError, match="the URL of a topic expected"):
        accepted(classic(), topics)


def test_a_resource_goes_nowhere_in_the_clear(open_: TopicRegistry) -> None:
    with pytest.raises(InvalidError, match="https"):
        accepted(classic(payload="application/fhir+json", endpoint="http://gp.example/fhir"), open_)


def test_nobody_can_name_its_channel(open_: TopicRegistry) -> None:
    resource = classic("https://careloom.example/SubscriptionTopic/discharge", type=KIND)
    with pytest.raises(InvalidError):
        accept_subscription(
            resource, client="gp", purpose="TREAT", topics=open_, policy=EndpointPolicy(), now=NOW, channels=CHANNELS
        )


def test_such_topics_are_not_listed(open_: TopicRegistry, topics: TopicRegistry) -> None:
    assert [topic.url for topic in topics] == [topic.url for topic in open_]
