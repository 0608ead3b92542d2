"""A Subscription whose criteria are a search, as R4 had it before topics, put into terms of a topic.

``Encounter?status=finished`` is the topic of everything that happens to Encounters, filtered by the search. What it
asks to be sent follows from its payload: without one, word that something matched; with one, the resource.
"""

from typing import Final

from careloom.model import Resource
from careloom.notify.extensions import CHANNEL_TYPE, CONTENT, FILTER
from careloom.notify.topics import TopicRegistry

KIND: Final = "r4-rest-hook"
"""The kind of channel that such a subscription has; nobody can name it."""


def in_terms_of_topics(resource: Resource, topics: TopicRegistry) -> Resource:
    """The same subscription, its criteria those of a topic; as it is where they are, or where there are none such."""
    channel, criteria = resource.get("channel", {}), resource.get("criteria", "")
    topic = topics.of_type(criteria.partition("?")[0])
    if topic is None or channel.get("type") != "rest-hook" or "_type" in channel:
        return resource
    content = "full-resource" if channel.get("payload") else "empty"
    plain = {name: value for name, value in channel.items() if name != "extension"}
    told = {
        "_type": {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": KIND}}]},
        "_payload": {"extension": [{"url": CONTENT, "valueCode": content}]},
    }
    filters = {"extension": [{"url": FILTER, "valueString": criteria}]} if "?" in criteria else {}
    return resource | {"criteria": topic.url, "_criteria": filters, "channel": plain | told}
