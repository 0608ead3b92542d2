"""A Subscription as MNS has them, put into terms of a topic.

Its criteria name a type of event and what else must hold, ``eventType='flag-raised' AND patient=Patient/1``, and its
channel is of type ``message`` and leads to a mailbox of MESH. The topic is the one whose events are called so, and
attributes are parameters that the topic can be filtered by. A lane tells it like any other, and the channel makes
signals of that (`careloom.notify.channels.mns`), with the NHS number where the topic lets resources be told.

Source: NHS England, Multicast Notification Service, subscriptions.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.notify.extensions import CHANNEL_TYPE, CONTENT, FILTER, extension_values
from careloom.notify.signals.criteria import Criteria, read_criteria
from careloom.notify.topics import Topic, TopicRegistry

KIND: Final = "mns-message"
"""The kind of channel that such a subscription has; nobody can name it."""


def in_terms_of_topics(resource: Resource, topics: TopicRegistry) -> Resource:
    """The same subscription, its criteria those of a topic; as it is where they are of another grammar.

    Raises:
        InvalidError: They are of this one, and nothing that can be told; the message is about the criteria.
    """
    criteria = read_criteria(resource.get("criteria", ""))
    if criteria is None:
        return resource
    channel = resource.get("channel", {})
    if channel.get("type") != "message" or "_type" in channel:
        found = "another by extension" if "_type" in channel else repr(channel.get("type"))
        raise InvalidError(f"eventType with a channel of type 'message' expected, found {found}")
    topic = topics.of_event(criteria.event)
    if topic is None:
        raise InvalidError(f"an event type of {', '.join(topics.events)} expected, found {criteria.event!r}")
    given = resource.get("_criteria", {}).get("extension", [])
    filters = [{"url": FILTER, "valueString": text} for text in _filters(criteria, topic, topics)]
    kind = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": KIND}}]}
    told = channel | {"_type": kind}
    if not extension_values(channel.get("_payload"), CONTENT, "valueCode"):
        content = "full-resource" if topic.allows("full-resource") else "id-only"
        told["_payload"] = {"extension": [{"url": CONTENT, "valueCode": content}]}
    return resource | {"criteria": topic.url, "_criteria": {"extension": [*given, *filters]}, "channel": told}


def _filters(criteria: Criteria, topic: Topic, topics: TopicRegistry) -> Iterator[str]:
    """The attributes as filters of the topic, for each of its types."""
    may = _attributes(topic, topics)
    for name, value in criteria.attributes:
        if name not in may:
            known = ", ".join(sorted(may)) or "nothing"
            raise InvalidError(f"{criteria.event}: an attribute of {known} expected, found {name!r}")
        yield from (f"{type}?{quote(name)}={quote(value, safe='')}" for type in topic.resources)


def _attributes(topic: Topic, topics: TopicRegistry) -> frozenset[str]:
    """What every event of a topic can be filtered by, whatever type its focus has."""
    by_type = [
        {each.parameter for each in topic.filters_of(type) if each.parameter in topics.parameters.of(type)}
        for type in topic.resources
    ]
    return frozenset(set.intersection(*by_type))
