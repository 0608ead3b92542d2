"""What a notification holds: as much as was asked for, allowed and recorded then."""

from datetime import UTC, datetime
from typing import Any

import pytest

from careloom.notify import TopicRegistry
from careloom.notify.contents import MOST_CONTEXT, Contents
from careloom.notify.extensions import Delivering
from careloom.notify.notification import event_notification
from careloom.notify.subscriptions import Subscription
from careloom.store import MemoryRepository, Repository, SubscriptionEvent, Turn, Version

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
TRANSFER = "https://careloom.example/SubscriptionTopic/transfer"
CONSENT = "https://careloom.example/SubscriptionTopic/consent-change"
BASE = "https://hub.example/fhir"


def a_subscription(**delivering: Any) -> Subscription:
    made = Delivering(**delivering)
    return Subscription("gp", DISCHARGE, (), "https://gp.example/", (), "active", None, "gp", "TREAT", delivering=made)


def an_event(number: int, focus: str, version: str = "1", **more: Any) -> SubscriptionEvent:
    sequence, interaction = more.get("sequence", number), more.get("interaction", "update")
    return SubscriptionEvent("gp", number, sequence, DISCHARGE, focus, version, NOW, interaction=interaction)


@pytest.fixture
def repository(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: NOW)


def contents(repository: Repository, topics: TopicRegistry, *hidden: str) -> Contents:
    return Contents(repository, topics, lambda _, focus: focus not in hidden)


def entries(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bundle["entry"][1:]
    return found


async def test_empty_says_that_something_happened_and_nothing_of_what(
    repository: Repository, topics: TopicRegistry
) -> None:
    subscription = a_subscription(content="empty")
    told = await contents(repository, topics).told(subscription, [an_event(1, "Encounter/1")], "empty")
    bundle = event_notification(BASE, subscription, told)
    assert [] == entries(bundle)
    assert "Encounter" not in str(bundle)
    assert "topic" not in [one["name"] for one in bundle["entry"][0]["resource"]["parameter"]]


async def test_id_only_says_where_and_not_what(repository: Repository, topics: TopicRegistry) -> None:
    subscription = a_subscription()
    told = await contents(repository, topics).told(subscription, [an_event(1, "Encounter/1", "3")], "id-only")
    [entry] = entries(event_notification(BASE, subscription, told))
    assert ("GET", f"{BASE}/Encounter/1") == (entry["request"]["method"], entry["fullUrl"])
    assert "resource" not in entry


async def test_full_resource_is_never_the_latest_but_what_matched(
    repository: Repository, topics: TopicRegistry
) -> None:
    first = {"resourceType": "Encounter", "id": "1", "status": "finished", "subject": {"reference": "Patient/1"}}
    old = await repository.commit(lambda turn: turn.update(first))
    await repository.commit(lambda turn: turn.update(first | {"status": "entered-in-error"}))
    gone = await repository.commit(lambda turn: turn.delete("Encounter", "1"))
    assert gone is not None
    subscription = a_subscription(content="full-resource", max_count=9)
    events = [
        an_event(1, "Encounter/1", "1", interaction="create", sequence=old.sequence),
        an_event(2, "Encounter/1", "3", interaction="delete", sequence=gone.sequence),
        an_event(3, "Encounter/erased", "1", sequence=gone.sequence),
    ]
    told = await contents(repository, topics).told(subscription, events, "full-resource")
    created, deleted, erased = entries(event_notification(BASE, subscription, told))
    assert ("POST", "finished") == (created["request"]["method"], created["resource"]["status"])
    assert ("DELETE", "204", False) == (
        deleted["request"]["method"],
        deleted["response"]["status"],
        "resource" in deleted,
    )
    assert ("410", False) == (erased["response"]["status"], "resource" in erased)


async def test_what_is_told_along_is_asked_for_by_itself(repository: Repository, topics: TopicRegistry) -> None:
    await repository.commit(lambda turn: turn.update({"resourceType": "Patient", "id": "1", "gender": "female"}))
    encounter = {"resourceType": "Encounter", "id": "1", "subject": {"reference": "Patient/1"}}
    stay = await repository.commit(lambda turn: turn.update(encounter))
    event = an_event(1, "Encounter/1", sequence=stay.sequence)
    subscription = a_subscription(content="full-resource")
    [open_] = await contents(repository, topics).told(subscription, [event], "full-resource")
    [closed] = await contents(repository, topics, "Patient/1").told(subscription, [event], "full-resource")
    assert (["Patient/1"], []) == ([each.reference for each in open_.context], list(closed.context))


async def test_what_is_told_along_is_as_it_was_when_it_happened(repository: Repository, topics: TopicRegistry) -> None:
    patient = {"resourceType": "Patient", "id": "1"}
    encounter = {"resourceType": "Encounter", "id": "1", "subject": {"reference": "Patient/1"}}
    await repository.commit(lambda turn: turn.update(patient | {"address": [{"city": "Leeds"}]}))
    stay = await repository.commit(lambda turn: turn.update(encounter))
    await repository.commit(lambda turn: turn.update(patient | {"address": [{"city": "York"}]}))
    event = an_event(1, "Encounter/1", sequence=stay.sequence)
    subscription = a_subscription(content="full-resource")
    [told] = await contents(repository, topics).told(subscription, [event], "full-resource")
    assert [(each.resource or {})["address"] for each in told.context] == [[{"city": "Leeds"}]]


async def test_what_is_told_along_may_be_written_behind_the_focus_in_the_same_unit(
    repository: Repository, topics: TopicRegistry
) -> None:
    def admit(turn: Turn) -> Version:
        stay = turn.update({"resourceType": "Encounter", "id": "1", "subject": {"reference": "Patient/1"}})
        turn.update({"resourceType": "Patient", "id": "1", "address": [{"city": "Leeds"}]})
        return stay

    event = an_event(1, "Encounter/1", sequence=(await repository.commit(admit)).sequence)
    await repository.commit(lambda turn: turn.update({"resourceType": "Patient", "id": "1", "active": True}))
    [told] = await contents(repository, topics).told(a_subscription(content="full-resource"), [event], "full-resource")
    assert [(each.resource or {}).get("address") for each in told.context] == [[{"city": "Leeds"}]]


async def test_no_more_is_told_along_than_may_be(repository: Repository, topics: TopicRegistry) -> None:
    def admit(turn: Turn) -> Version:
        places = [f"Location/{number}" for number in range(MOST_CONTEXT + 1)]
        for place in places:
            turn.update({"resourceType": "Location", "id": place.removeprefix("Location/")})
        stay = {
            "resourceType": "Encounter",
            "id": "1",
            "location": [{"location": {"reference": each}} for each in places],
        }
        return turn.update(stay)

    stay = await repository.commit(admit)
    event = SubscriptionEvent("gp", 1, stay.sequence, TRANSFER, "Encounter/1", "1", NOW)
    [told] = await contents(repository, topics).told(a_subscription(content="full-resource"), [event], "full-resource")
    assert [f"Location/{number}" for number in range(MOST_CONTEXT)] == [each.reference for each in told.context]


async def test_a_topic_says_how_much_at_most(repository: Repository, topics: TopicRegistry) -> None:
    event = SubscriptionEvent("gp", 1, 1, CONSENT, "Consent/1", "1", NOW)
    assert "id-only" == contents(repository, topics).level("full-resource", [event])
    assert "empty" == contents(repository, topics).level("empty", [event])


async def test_events_are_coalesced_where_the_subscriber_asks_for_it_by_name(
    repository: Repository, topics: TopicRegistry
) -> None:
    events = [an_event(1, "Encounter/1"), an_event(2, "Encounter/2"), an_event(3, "Encounter/1", "2")]
    plain = await contents(repository, topics).told(a_subscription(), events, "id-only")
    asked = await contents(repository, topics).told(a_subscription(coalesce=True), events, "id-only")
    assert ["", "", ""] == [each.silence for each in plain]
    assert ["coalesced", "", ""] == [each.silence for each in asked]


async def test_the_same_events_give_the_same_bytes(repository: Repository, topics: TopicRegistry) -> None:
    events = [an_event(n, f"Encounter/{n}") for n in (2**31, 2**31 + 1)]
    subscription = a_subscription(max_count=2)
    made = [
        event_notification(BASE, subscription, await contents(repository, topics).told(subscription, events, "id-only"))
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert "2147483649" in str(made[0])
