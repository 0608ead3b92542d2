"""Who listens is found by what they filter for, and whoever is found by looking at all is found by the index."""

import time
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.notify.test_subscriptions import DISCHARGE, a_subscription, accept

from careloom.notify import Topic, TopicRegistry
from careloom.notify.extensions import FILTER
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import read_subscription
from careloom.notify.topics import Filter, Trigger
from careloom.search import SearchParameters, match, parse_query

DOCUMENT = "https://careloom.example/SubscriptionTopic/document-available"


def a_subscriber(topics: TopicRegistry, id: str, *filters: str, topic: str = DISCHARGE) -> Subscriber:
    asked = a_subscription(id=id, criteria=topic)
    if filters:
        asked["_criteria"] = {"extension": [{"url": FILTER, "valueString": each} for each in filters]}
    return Subscriber(read_subscription(accept(asked, topics), topics), since=0)


def an_encounter(patient: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "status": "finished", "subject": {"reference": patient}, **elements}


def found(subscribers: Subscribers, focus: dict[str, Any], topic: str = DISCHARGE) -> list[str]:
    return [each.subscription.id for each in subscribers.find(topic, focus)]


def test_those_are_found_whose_filter_the_focus_passes(topics: TopicRegistry) -> None:
    subscribers = Subscribers(topics)
    for id, filters in (
        ("everything", ()),
        ("one", ("Encounter?patient=Patient/1",)),
        ("two", ("Encounter?patient=Patient/2",)),
        ("either", ("Encounter?patient=Patient/1,Patient/2",)),
        ("never", ("Encounter?patient=Patient/1", "Encounter?patient=Patient/2")),
    ):
        subscribers.put(a_subscriber(topics, id, *filters))
    assert ["either", "everything", "one"] == found(subscribers, an_encounter("Patient/1"))
    assert ["everything"] == found(subscribers, an_encounter("Patient/3"))
    assert ["everything"] == found(subscribers, {"resourceType": "Encounter", "status": "finished"})


def test_a_filter_on_one_type_lets_the_others_pass(topics: TopicRegistry) -> None:
    subscribers = Subscribers(topics)
    subscribers.put(a_subscriber(topics, "letters", "Composition?type=http://loinc.org|1", topic=DOCUMENT))
    letter = {"resourceType": "Composition", "type": {"coding": [{"system": "http://loinc.org", "code": "1"}]}}
    other = {"resourceType": "Composition", "type": {"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}}
    assert ["letters"] == found(subscribers, letter, DOCUMENT)
    assert [] == found(subscribers, other, DOCUMENT)
    assert ["letters"] == found(subscribers, {"resourceType": "DocumentReference"}, DOCUMENT)


def test_who_is_dropped_or_changed_is_found_no_more_as_before(topics: TopicRegistry) -> None:
    subscribers = Subscribers(topics)
    subscribers.put(a_subscriber(topics, "gp", "Encounter?patient=Patient/1"))
    subscribers.put(a_subscriber(topics, "gp", "Encounter?patient=Patient/2"))
    assert [] == found(subscribers, an_encounter("Patient/1"))
    assert ["gp"] == found(subscribers, an_encounter("Patient/2"))
    subscribers.drop("gp")
    subscribers.drop("gp")
    assert [] == found(subscribers, an_encounter("Patient/2"))
    assert (0, False) == (len(subscribers), subscribers.has_any(DISCHARGE))


def test_the_index_finds_what_the_search_language_matches(parameters: SearchParameters) -> None:
    filters = tuple(
        Filter(name, modifiers=frozenset({"not", "missing"}), comparators=frozenset({"ge"}))
        for name in ("patient", "class", "date", "status", "_id", "identifier")
    )
    topic = Topic("https://t.example/x", "x", (Trigger("Encounter"),), filters)
    topics = TopicRegistry([topic], parameters)
    queries = [
        "patient=Patient/1", "patient=Patient/1,Patient/2", "class=IMP", "class=http://s|IMP", "class=|IMP",
        "class=http://s|", "status:not=planned", "class:missing=true", "date=ge2026-01-01", "_id=e1",
        "patient=Patient/1&class=IMP", "identifier=urn:x|7", "status=planned,finished", "patient=1",
    ]  # fmt: skip
    subscribers = Subscribers(topics)
    for number, query in enumerate(queries):
        subscribers.put(a_subscriber(topics, f"{number:02}", f"Encounter?{query}", topic=topic.url))
    foci = [
        an_encounter("Patient/1", id="e1", **{"class": {"system": "http://s", "code": "IMP"}}),
        an_encounter("Patient/2", status="planned", period={"start": "2026-02-01"}),
        an_encounter("Patient/9", identifier=[{"system": "urn:x", "value": "7"}], **{"class": {"code": "IMP"}}),
        {"resourceType": "Encounter"},
    ]
    for focus in foci:
        expected = [
            id
            for id in (f"{number:02}" for number in range(len(queries)))
            for one in [subscribers.get(id)]
            if one and match(one.subscription.filters[0], focus, parameters)
        ]
        assert expected == found(subscribers, focus, topic.url)


@pytest.mark.parametrize("many", [10_000])
def test_ten_thousand_who_listen_cost_a_change_less_than_a_millisecond(topics: TopicRegistry, many: int) -> None:
    subscribers = Subscribers(topics)
    one = a_subscriber(topics, "s").subscription
    for number in range(many):
        filters = (parse_query("Encounter", [("patient", f"Patient/{number}")], topics.parameters),)
        subscribers.put(Subscriber(replace(one, id=f"s{number}", filters=filters), since=0))
    focus = an_encounter("Patient/77")
    found(subscribers, focus)
    started = time.process_time()
    for _ in range(200):
        assert ["s77"] == found(subscribers, focus)
    assert (time.process_time() - started) / 200 < 0.001
