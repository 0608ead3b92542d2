"""Subscriptions in other clothes than those of the Backport guide, put into terms of topics; the one list of them.

Each is told by a kind of channel of its own, which nobody can name: it is made known by how the criteria are written.
"""

from collections.abc import Mapping
from typing import Final

from careloom.model import Resource
from careloom.notify import classic, mns
from careloom.notify.topics import TopicRegistry

UNNAMED: Final[Mapping[str, str]] = {
    classic.KIND: "criteria that are a search, by rest-hook",
    mns.KIND: "criteria as MNS has them, by message to a mailbox of MESH",
}
"""Kinds of channel that nobody can name, and by what they are asked for."""

_CLOTHES: Final = (classic.in_terms_of_topics, mns.in_terms_of_topics)


def in_terms_of_topics(resource: Resource, topics: TopicRegistry) -> Resource:
    """The same subscription, its criteria those of a topic; as it is where it is in no such clothes.

    Raises:
        InvalidError: It is, and nothing that can be told; the message is about the criteria.
    """
    for understood in _CLOTHES:
        resource = understood(resource, topics)
    return resource
