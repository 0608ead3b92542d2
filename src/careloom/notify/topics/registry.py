"""The topics in force, found by their URL, by what their events are called and by the change they look at."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from careloom.model.errors import InvalidError
from careloom.notify.topics.compiled import NEVER_A_FOCUS, TopicTest
from careloom.notify.topics.topic import BASE, Topic, Trigger
from careloom.search import SearchParameters


class TopicRegistry:
    """The topics in force; what a change costs depends on those that look at its type, not on how many there are."""

    def __init__(self, topics: Iterable[Topic], parameters: SearchParameters, *, classic: bool = False) -> None:
        """Read every topic's tests.

        Args:
            topics: Those in force.
            parameters: By which tests are judged.
            classic: Whether there is a topic besides for everything that happens to each type, for subscriptions
                whose criteria are a search; they are found by URL and not listed.

        Raises:
            InvalidError: A test cannot be read, a filter or include is no search parameter, or two topics share a URL
                or what their events are called.
        """
        self.parameters = parameters
        self._topics: dict[str, Topic] = {}
        self._named: dict[str, Topic] = {}
        self._classic: dict[str, Topic] = {}
        self._tests: dict[tuple[str, str], list[TopicTest]] = defaultdict(list)
        for topic in topics:
            if topic.url in self._topics:
                raise InvalidError(f"topic {topic.url}: defined twice")
            self._topics[topic.url] = topic
            self._name(topic)
            self._read(topic)
            _check_filters(topic, parameters)
            _check_includes(topic, parameters)

        for type in sorted(parameters.types.resource_types() - NEVER_A_FOCUS) if classic else ():
            self._classic[type] = topic = classic_topic(type)
            self._read(topic)

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics.values())

    def find(self, url: str) -> Topic | None:
        """The topic by that canonical URL."""
        return self._topics.get(url) or self._classic.get(url.removeprefix(f"{BASE}/r4-"))

    def of_event(self, name: str) -> Topic | None:
        """The topic whose events are called so."""
        return self._named.get(name)

    @property
    def events(self) -> Sequence[str]:
        """What events are called, in the order of names."""
        return sorted(self._named)

    def of_type(self, type: str) -> Topic | None:
        """The topic for everything that happens to a type; None where there are none such."""
        return self._classic.get(type)

    def types(self, urls: Iterable[str]) -> frozenset[str]:
        """The resource types that some topics look at."""
        topics = filter(None, map(self.find, urls))
        return frozenset(trigger.resource for topic in topics for trigger in topic.triggers)

    def of_change(self, type: str, interaction: str) -> Sequence[TopicTest]:
        """The triggers that look at such a change."""
        return self._tests.get((type, interaction), ())

    def _name(self, topic: Topic) -> None:
        other = self._named.setdefault(topic.event, topic)
        if other is not topic:
            raise InvalidError(
                f"topic {topic.url}: an event type of its own expected, found {topic.event!r}, which is that of "
                f"{other.url}; event_type gives it another"
            )

    def _read(self, topic: Topic) -> None:
        for trigger in topic.triggers:
            test = TopicTest.of(topic, trigger, self.parameters)
            for interaction in trigger.interactions:
                self._tests[trigger.resource, interaction].append(test)


def classic_topic(type: str) -> Topic:
    """The topic for everything that happens to a type, for subscriptions whose criteria are a search."""
    return Topic(f"{BASE}/r4-{type}", f"{type} is new or was changed", (Trigger(type),), (), is_classic=True)


def _check_filters(topic: Topic, parameters: SearchParameters) -> None:
    for each in topic.filters:
        types = (each.resource,) if each.resource else topic.resources
        if not any(type in topic.resources and each.parameter in parameters.of(type) for type in types):
            raise InvalidError(
                f"topic {topic.url}: a search parameter of {' or '.join(types)} expected, found {each.parameter!r}"
            )


def _check_includes(topic: Topic, parameters: SearchParameters) -> None:
    for text in topic.include:
        type, _, code = text.partition(":")
        parameter = parameters.of(type).get(code) if type in topic.resources else None
        if parameter is None or parameter.kind != "reference":
            raise InvalidError(f"topic {topic.url}: an include such as Encounter:patient expected, found {text!r}")
