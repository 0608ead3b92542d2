"""Topics: a change is told when the version before was not so, and the version after is."""

from typing import Any

import pytest

from careloom.model.errors import InvalidError
from careloom.notify import Topic, TopicRegistry
from careloom.search import SearchParameters

IMP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
AMB = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


def an_encounter(status: str, kind: dict[str, str] = IMP) -> dict[str, Any]:
    return {"resourceType": "Encounter", "status": status, "class": kind}


def told(topics: TopicRegistry, before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    interaction = "create" if before is None else "update" if after is not None else "delete"
    type = (after or before or {})["resourceType"]
    tests = topics.of_change(type, interaction)
    return [test.topic.url.rsplit("/", 1)[1] for test in tests if test.is_met(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, an_encounter("in-progress"), ["admission"]),
        (an_encounter("planned"), an_encounter("in-progress"), ["admission"]),
        (an_encounter("in-progress"), an_encounter("finished"), ["discharge"]),
        (None, an_encounter("finished"), ["discharge"]),
        (an_encounter("finished"), an_encounter("finished"), []),
        (an_encounter("in-progress", AMB), an_encounter("finished", AMB), []),
        (an_encounter("in-progress"), an_encounter("cancelled"), []),
        (an_encounter("finished"), None, []),
        (None, {"resourceType": "Composition", "status": "final"}, ["document-available"]),
        (
            {"resourceType": "Composition", "status": "preliminary"},
            {"resourceType": "Composition", "status": "amended"},
            [],
        ),
    ],
)
def test_a_standard_topic_tells_of_the_change_it_names(
    topics: TopicRegistry, before: dict[str, Any] | None, after: dict[str, Any] | None, expected: list[str]
) -> None:
    assert expected == told(topics, before, after)


def test_a_topic_whose_test_is_no_search_is_refused_by_name(parameters: SearchParameters) -> None:
    with pytest.raises(InvalidError, match=r"https://t\.example/x.*staus"):
        TopicRegistry([Topic("https://t.example/x", "x", "Encounter", current="staus=finished")], parameters)


def test_two_topics_by_one_url_are_refused(parameters: SearchParameters) -> None:
    topic = Topic("https://t.example/x", "x", "Encounter")
    with pytest.raises(InvalidError, match="twice"):
        TopicRegistry([topic, topic], parameters)
