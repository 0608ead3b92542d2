"""Topics: what may happen to a record that others want to be told of.

A topic has the meaning of an R5 SubscriptionTopic with one resource trigger. It is a test on a resource before and
after a change, written in the search language: "status was not finished, and now is".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.search import Query, SearchParameters, match, parse_query

Trigger = Literal["create", "update", "delete"]
BASE = "https://careloom.example/SubscriptionTopic"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as a locality writes it.

    Attributes:
        url: Canonical URL.
        title: For people.
        resource: Type of the focus.
        interactions: Which changes are looked at.
        previous: Search string that the version before must match; empty for no test.
        current: Search string that the version after must match; empty for no test.
        filter_by: Search parameters that a subscription may filter by.
    """

    url: str
    title: str
    resource: str
    interactions: frozenset[Trigger] = frozenset({"create", "update"})
    previous: str = ""
    current: str = ""
    filter_by: frozenset[str] = frozenset({"patient"})


STANDARD_TOPICS = (
    Topic(
        url=f"{BASE}/admission",
        title="A patient is admitted",
        resource="Encounter",
        previous="status:not=in-progress",
        current="class=IMP&status=in-progress",
    ),
    Topic(
        url=f"{BASE}/discharge",
        title="A patient is discharged",
        resource="Encounter",
        previous="status:not=finished",
        current="class=IMP&status=finished",
    ),
    Topic(
        url=f"{BASE}/document-available",
        title="A document is available",
        resource="Composition",
        previous="status:not=final",
        current="status=final",
        filter_by=frozenset({"patient", "type"}),
    ),
)


@dataclass(frozen=True, slots=True)
class TopicTest:
    """A topic with its two tests read once."""

    topic: Topic
    previous: Query | None
    current: Query | None
    parameters: SearchParameters

    def is_met(self, before: Resource | None, after: Resource | None) -> bool:
        """Whether a change from one version to the next is what the topic tells of.

        A test on the version before is passed where there was none: a resource created as finished has become finished.
        """
        return self._passes(self.previous, before, absent=True) and self._passes(self.current, after, absent=False)

    def _passes(self, query: Query | None, version: Resource | None, *, absent: bool) -> bool:
        if query is None:
            return True
        return absent if version is None else match(query, version, self.parameters)


class TopicRegistry:
    """The topics in force, by canonical URL and by the type they look at."""

    def __init__(self, topics: Iterable[Topic], parameters: SearchParameters) -> None:
        """Read every topic's tests.

        Raises:
            InvalidError: A test is not a search on the topic's type, or two topics share a URL.
        """
        self.parameters = parameters
        self._by_url: dict[str, TopicTest] = {}
        for topic in topics:
            if topic.url in self._by_url:
                raise InvalidError(f"topic {topic.url}: defined twice")
            self._by_url[topic.url] = TopicTest(
                topic, self._query(topic, topic.previous), self._query(topic, topic.current), parameters
            )

    def __iter__(self) -> Iterator[Topic]:
        return (test.topic for test in self._by_url.values())

    def find(self, url: str) -> Topic | None:
        """The topic by that canonical URL."""
        test = self._by_url.get(url)
        return test.topic if test else None

    def of_change(self, type: str, interaction: str) -> list[TopicTest]:
        """The topics that look at such a change."""
        return [
            test
            for test in self._by_url.values()
            if test.topic.resource == type and interaction in test.topic.interactions
        ]

    def _query(self, topic: Topic, text: str) -> Query | None:
        if not text:
            return None
        try:
            return parse_query(topic.resource, parse_qsl(text, strict_parsing=True), self.parameters, strict=True)
        except (InvalidError, ValueError) as error:
            raise InvalidError(f"topic {topic.url}: {text!r} is not a search on {topic.resource}: {error}") from error
