"""What is filled in is what would have been written."""

from datetime import timedelta

import pytest
from tests.unit.notify.lanes import START, a_subscription

from careloom.model import serialize_json
from careloom.notify.notification import Told, event_notification
from careloom.notify.stencil import Stencil
from careloom.notify.topics import Content
from careloom.store import SubscriptionEvent

BASE = "https://hub.example/fhir"
TOPIC = 'https://careloom.example/SubscriptionTopic/"odd"\\topic'


def told(*numbers: int, focus: str = "Encounter/e.{}-x") -> list[Told]:
    moments = (START + timedelta(seconds=each % 1000) for each in numbers)
    events = (
        SubscriptionEvent("gp", each, each, TOPIC, focus.format(each), str(each), moment)
        for each, moment in zip(numbers, moments, strict=True)
    )
    return [Told(each) for each in events]


@pytest.mark.parametrize("content", ["id-only", "empty"])
@pytest.mark.parametrize("numbers", [(1,), (2**40,), (7, 8, 9), tuple(range(1, 101))], ids=len)
def test_a_filled_in_notification_has_the_bytes_of_a_written_one(content: Content, numbers: tuple[int, ...]) -> None:
    subscription = a_subscription(content=content, id="7-n.3")
    events = told(*numbers)
    written = event_notification(BASE, subscription, events)
    assert (written["id"], serialize_json(written)) == Stencil(BASE, subscription, TOPIC).written(events)


def test_what_holds_resources_or_keeps_silent_is_not_filled_in() -> None:
    assert Stencil.fits(a_subscription(), told(1, 2))
    assert not Stencil.fits(a_subscription(content="full-resource"), told(1))
    assert not Stencil.fits(a_subscription(), [*told(1), Told(told(2)[0].event, "denied")])
    assert not Stencil.fits(a_subscription(), told(1, focus='Encounter/"{}'))
