"""Who listens, found by topic and by what they filter for.

A thousand practices that each ask for the discharges of their own patients are a thousand filters, and every discharge
meets one or two. So a subscription is filed under a value that a focus must have for it to match: one comparison of its
filter by a reference or a code. A change looks up the values that its focus has, and judges what it finds there; how
many others listen is of no matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator

from careloom.model import Resource
from careloom.model.records import dataclass, field
from careloom.notify.subscriptions import Subscription
from careloom.notify.topics import TopicRegistry
from careloom.search import IndexValues, Query, holds_all, index_values
from careloom.search.conditions import Comparison
from careloom.search.match import parameters_of
from careloom.search.operands import ReferenceOperand, TokenOperand

_Key = tuple[str, str, str]
"""Type, parameter, and the target or code that a value must have."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription that is listening, and since when.

    Attributes:
        subscription: As its resource says.
        since: Sequence of the version that made it; earlier changes are none of its business.
    """

    subscription: Subscription
    since: int


@dataclass(slots=True)
class _Listeners:
    """Those of one topic: by type the ones that any focus may concern, and the rest by a value it must have."""

    of_type: dict[str, dict[str, Subscriber]] = field(default_factory=lambda: defaultdict(dict))
    by_key: dict[_Key, dict[str, Subscriber]] = field(default_factory=lambda: defaultdict(dict))
    wanted: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))


class Subscribers:
    """Those who listen; `put` and `drop` keep it in step with their subscriptions."""

    def __init__(self, topics: TopicRegistry) -> None:
        self._registry = topics
        self._parameters = topics.parameters
        self._topics: dict[str, _Listeners] = defaultdict(_Listeners)
        self._known: dict[str, Subscriber] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, id: str) -> Subscriber | None:
        """One by the id of its subscription."""
        return self._known.get(id)

    def put(self, subscriber: Subscriber) -> None:
        """Take in one who listens, in the place of what was known of that subscription."""
        subscription = subscriber.subscription
        self.drop(subscription.id)
        self._known[subscription.id] = subscriber
        listeners = self._topics[subscription.topic]
        for type, keys in self._places(subscription):
            if keys is None:
                listeners.of_type[type][subscription.id] = subscriber
            for key in keys or ():
                listeners.by_key[key][subscription.id] = subscriber
        self._count(subscription, 1)

    def drop(self, id: str) -> None:
        """Forget one who listens no more."""
        subscriber = self._known.pop(id, None)
        if subscriber is None:
            return
        subscription = subscriber.subscription
        listeners = self._topics[subscription.topic]
        for type, keys in self._places(subscription):
            listeners.of_type[type].pop(id, None)
            for key in keys or ():
                listeners.by_key[key].pop(id, None)
                if not listeners.by_key[key]:
                    del listeners.by_key[key]
        self._count(subscription, -1)
        if not (any(listeners.of_type.values()) or listeners.by_key):
            del self._topics[subscription.topic]

    @property
    def topics(self) -> Collection[str]:
        """Topics that anybody listens to."""
        return self._topics.keys()

    def has_any(self, topic: str) -> bool:
        """Whether anybody listens to a topic."""
        return topic in self._topics

    def find(self, topic: str, focus: Resource) -> list[Subscriber]:
        """Those who listen to a topic and whose filters a focus passes, in the order of subscription ids."""
        listeners = self._topics.get(topic)
        if listeners is None:
            return []
        type = focus["resourceType"]
        only = [code for code, count in listeners.wanted[type].items() if count]
        values = index_values(focus, self._parameters, only=only)
        found = dict(listeners.of_type.get(type, {}))
        for key in _values(type, values):
            found.update(listeners.by_key.get(key, ()))
        return [each for _, each in sorted(found.items()) if _passes(each.subscription, values)]

    def _places(self, subscription: Subscription) -> Iterator[tuple[str, list[_Key] | None]]:
        """By type, where a subscription is filed; None where a focus may concern it whatever its values are."""
        topic = self._registry.find(subscription.topic)
        filters = {query.type: query for query in subscription.filters}
        for type in topic.resources if topic else ():
            yield type, _keys(filters[type]) if type in filters else None

    def _count(self, subscription: Subscription, by: int) -> None:
        """Keep count of the parameters whose values filters look at."""
        wanted = self._topics[subscription.topic].wanted
        for query in subscription.filters:
            codes = {
                code
                for condition in query.conditions
                for code in parameters_of(condition, query.type, self._parameters)
            }
            for code in codes:
                wanted[query.type][code] += by


def _passes(subscription: Subscription, values: IndexValues) -> bool:
    return all(query.type != values.type or holds_all(query, values) for query in subscription.filters)


def _keys(query: Query) -> list[_Key] | None:
    """Values of which a focus must have one; None where the filter names none."""
    for condition in query.conditions:
        if not isinstance(condition, Comparison) or condition.key != condition.parameter:
            continue
        named = [_operand_keys(operand) for operand in condition.operands]
        if named and all(named):
            return [(query.type, condition.parameter, text) for texts in named for text in texts]
    return None


def _operand_keys(operand: object) -> tuple[str, ...]:
    """What a value must be equal to in order to fit; nothing where that is not one of a few texts."""
    if isinstance(operand, ReferenceOperand):
        return operand.targets
    if isinstance(operand, TokenOperand) and operand.code:
        return (operand.code,)
    return ()


def _values(type: str, values: IndexValues) -> Iterator[_Key]:
    for parameter, references in values.references.items():
        yield from ((type, parameter, each.target) for each in references)
    for parameter, tokens in values.tokens.items():
        yield from ((type, parameter, each.code) for each in tokens)
