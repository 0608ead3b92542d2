"""Topics: what may happen to a record that others want to be told of."""

from careloom.notify.topics.compiled import NEVER_A_FOCUS, TopicTest
from careloom.notify.topics.files import read_topics, standard_topics, topics_in
from careloom.notify.topics.registry import TopicRegistry
from careloom.notify.topics.topic import BASE, LEVELS, Content, Filter, Interaction, Topic, Trigger, named_apart

STANDARD_TOPICS = standard_topics()
"""Those that come with Careloom."""

__all__ = [
    "BASE",
    "LEVELS",
    "NEVER_A_FOCUS",
    "STANDARD_TOPICS",
    "Content",
    "Filter",
    "Interaction",
    "Topic",
    "TopicRegistry",
    "TopicTest",
    "Trigger",
    "named_apart",
    "read_topics",
    "standard_topics",
    "topics_in",
]
