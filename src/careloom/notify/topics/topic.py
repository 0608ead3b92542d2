"""What a topic says: the meaning of an R5 SubscriptionTopic, as plain values.

Source: FHIR R5, SubscriptionTopic.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from careloom.model.records import dataclass, replace

Interaction = Literal["create", "update", "delete"]
Content = Literal["empty", "id-only", "full-resource"]

BASE: Final = "https://careloom.example/SubscriptionTopic"
LEVELS: Final[tuple[Content, ...]] = ("empty", "id-only", "full-resource")
"""How much a notification may say, the least first."""

EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
EVENT_TYPE_FORM: Final = "letters, digits, dots, hyphens and _"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What has to happen to a resource of one type; every test that is given has to hold.

    Attributes:
        resource: Type of the focus.
        interactions: Which changes are looked at.
        previous: Search string that the version before must match; empty for no test.
        current: Search string that the version after must match; empty for no test.
        passes_on_create: What the test on the version before comes to where there was none.
        passes_on_delete: What the test on the version after comes to where there is none any more.
        fhirpath: Expression on ``%previous`` and ``%current`` that must be true; empty for no test.
    """

    resource: str
    interactions: frozenset[Interaction] = frozenset({"create", "update"})
    previous: str = ""
    current: str = ""
    passes_on_create: bool = True
    passes_on_delete: bool = False
    fhirpath: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A search parameter that a subscription may filter by.

    Attributes:
        parameter: Its code.
        resource: The type it is for; empty for all types of the topic that have it.
        comparators: Prefixes that a value may have beside ``eq``, which it always may.
        modifiers: Modifiers that the parameter may have.
    """

    parameter: str
    resource: str = ""
    comparators: frozenset[str] = frozenset()
    modifiers: frozenset[str] = frozenset()


PATIENT: Final = Filter("patient")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as a locality writes it.

    Attributes:
        url: Canonical URL.
        title: For people.
        triggers: At least one; the topic tells of what any of them finds.
        filters: What a subscription may filter by.
        include: References of the focus that are told along, ``Encounter:patient``.
        content: The most that a notification may say.
        description: For people, in a sentence or two.
        event_type: What its events are called in signals; empty for the last part of its URL.
        is_classic: Whether it stands for everything that happens to a type, and any search of that type filters it.
    """

    url: str
    title: str
    triggers: tuple[Trigger, ...]
    filters: tuple[Filter, ...] = (PATIENT,)
    include: tuple[str, ...] = ()
    content: Content = "full-resource"
    description: str = ""
    event_type: str = ""
    is_classic: bool = False

    @property
    def resources(self) -> tuple[str, ...]:
        """The types that may be in focus, each once."""
        return tuple(dict.fromkeys(trigger.resource for trigger in self.triggers))

    @property
    def event(self) -> str:
        """What its events are called in signals."""
        return self.event_type or last_part(self.url)

    def filters_of(self, resource: str) -> Iterator[Filter]:
        """What may be filtered by where the focus is of a type."""
        return (each for each in self.filters if each.resource in ("", resource))

    def allows(self, content: Content) -> bool:
        """Whether a notification may say so much."""
        return LEVELS.index(content) <= LEVELS.index(self.content)


def named_apart(topics: Sequence[Topic]) -> tuple[Topic, ...]:
    """The topics, of which those whose events would be called like another's call them by their whole URL.

    An event type that is given stands as it is.
    """
    taken = {topic.event_type for topic in topics if topic.event_type}
    found = []
    for topic in topics:
        is_alike = not topic.event_type and topic.event in taken
        found.append(replace(topic, event_type=topic.url) if is_alike else topic)
        taken.add(topic.event)
    return tuple(found)


def last_part(url: str) -> str:
    """The last part of the URL of a topic, by which its events are called where nothing else is said."""
    return url.rstrip("/").rpartition("/")[2]
