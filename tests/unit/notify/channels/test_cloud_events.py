"""Notifications as CloudEvents, where a subscription asks for them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.notify.channels.test_mesh import a_notification
from tests.unit.notify.lanes import Receiver

from careloom.model import parse_json
from careloom.model.errors import InvalidError
from careloom.notify import EndpointPolicy, TopicRegistry
from careloom.notify.channels.cloud_events import InCloudEvents, also_in_cloud_events
from careloom.notify.channels.xml import XML
from careloom.notify.extensions import CONTENT, MAX_COUNT
from careloom.notify.signals import STRUCTURED
from careloom.notify.signals.writer import SignalWriter
from careloom.notify.subscriptions import PAYLOADS, ChannelRules, accept_subscription
from careloom.search import SearchParameters

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
FULL = {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]}


async def sent(parameters: SearchParameters, payload: str) -> bytes:
    receiver = Receiver()
    channel = InCloudEvents(receiver, SignalWriter({}, parameters, "example.hub"))
    headers = (("Content-Type", payload),)
    await channel.send("https://gp.example", a_notification(7), webhook_id="w", secret="", headers=headers)
    return receiver.bodies[0]


async def test_an_event_goes_as_a_cloud_event_where_that_is_asked_for(parameters: SearchParameters) -> None:
    event = parse_json(await sent(parameters, STRUCTURED))
    assert ("discharge", "0000000000000000007") == (event["type"], event["sequence"])


async def test_what_is_asked_for_otherwise_goes_as_it_was(parameters: SearchParameters) -> None:
    assert a_notification(7) == await sent(parameters, PAYLOADS[0])


def accept(topics: TopicRegistry, **channel: Any) -> None:
    made = {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": STRUCTURED, **channel}
    criteria = "https://careloom.example/SubscriptionTopic/discharge"
    accept_subscription(
        {"resourceType": "Subscription", "status": "requested", "criteria": criteria, "channel": made},
        client="gp",
        purpose="TREAT",
        topics=topics,
        policy=EndpointPolicy.of(["10.0.0.1"]),
        now=NOW,
        rules={"rest-hook": also_in_cloud_events(ChannelRules(payloads=(*PAYLOADS, *XML)))},
    )


def test_one_event_each_is_taken(topics: TopicRegistry) -> None:
    accept(topics)
    accept(topics, _payload=FULL, extension=[{"url": MAX_COUNT, "valuePositiveInt": 1}])
    accept(topics, endpoint="http://10.0.0.1/hook")


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ({"extension": [{"url": MAX_COUNT, "valuePositiveInt": 2}]}, "max-count 1 expected where each event is a sig"),
        ({"_payload": FULL, "endpoint": "http://10.0.0.1/hook"}, "an https endpoint expected"),
        ({"type": "websocket"}, r"channel\.payload: application/fhir\+json or application/json expected"),
    ],
)
def test_several_events_patients_in_the_clear_and_other_channels_are_refused(
    topics: TopicRegistry, channel: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidError, match=told):
        accept(topics, **channel)
