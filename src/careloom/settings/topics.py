"""The sections ``[[topics]]``, and the folders with a locality's own that ``[notify]`` names."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

from careloom.notify import STANDARD_TOPICS, Topic
from careloom.notify.topics import Filter, Interaction, Trigger, named_apart, topics_in
from careloom.notify.topics.topic import EVENT_TYPE, EVENT_TYPE_FORM
from careloom.settings.forms import CANONICAL, TYPE
from careloom.settings.tables import Table

_CHANGE: Final = re.compile("create|update|delete")
_USUAL: Final = Trigger("")


def read_topics(root: Table, folders: Sequence[Path]) -> tuple[Topic, ...]:
    """The topics in force; what is wrong with them becomes a complaint.

    Args:
        root: The whole file: its own topics take the place of the standard ones.
        folders: With more topics, each in a file.
    """
    own = tuple(_topic(table) for table in root.tables("topics"))
    return named_apart((*(own or STANDARD_TOPICS), *_of_locality(root, folders)))


def _of_locality(root: Table, folders: Sequence[Path]) -> tuple[Topic, ...]:
    none: tuple[Topic, ...] = ()
    found = (root.attempt("notify.topics", partial(topics_in, folder), none) for folder in folders)
    return tuple(topic for topics in found for topic in topics)


def _topic(table: Table) -> Topic:
    with table:
        return Topic(
            url=table.text("url", pattern=CANONICAL, form="a canonical URL"),
            title=table.text("title"),
            triggers=(_trigger(table),),
            event_type=table.text("event_type", "", pattern=EVENT_TYPE, form=EVENT_TYPE_FORM),
            filters=tuple(Filter(parameter) for parameter in table.texts("filter_by", ("patient",))),
        )


def _trigger(table: Table) -> Trigger:
    changes = table.texts("interactions", sorted(_USUAL.interactions), pattern=_CHANGE, form="create, update, delete")
    return Trigger(
        resource=table.text("resource", pattern=TYPE, form="the name of a resource type"),
        interactions=frozenset(cast("tuple[Interaction, ...]", changes)),
        previous=table.text("previous", _USUAL.previous),
        current=table.text("current", _USUAL.current),
        fhirpath=table.text("fhirpath", _USUAL.fhirpath),
    )
