"""Topics out of files: those that come with Careloom, and a locality's own, in the same form.

    [[topics]]
    url = "https://north.example/SubscriptionTopic/fall"
    title = "A patient has fallen"
    include = ["Observation:patient"]

    [[topics.triggers]]
    resource = "Observation"
    current = "code=http://snomed.info/sct|217082002"

    [[topics.filters]]
    parameter = "date"
    comparators = ["ge", "le"]

Without filters of its own a topic can be filtered by patient.
"""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

from careloom.model.errors import InvalidError
from careloom.notify.topics.topic import LEVELS, PATIENT, Content, Filter, Interaction, Topic, Trigger

_INTERACTIONS: Final = frozenset(get_args(Interaction))
_TOPIC: Final = frozenset({"url", "title", "description", "content", "include", "triggers", "filters"})
_TRIGGER: Final = frozenset(
    {"resource", "on", "previous", "current", "passes_on_create", "passes_on_delete", "fhirpath"}
)
_FILTER: Final = frozenset({"parameter", "resource", "comparators", "modifiers"})


def standard_topics() -> tuple[Topic, ...]:
    """The topics that come with Careloom, those of the United Kingdom."""
    text = (files("careloom.notify.topics") / "uk.toml").read_text("utf-8")
    return read_topics(text, "uk.toml")


def topics_in(folder: Path) -> tuple[Topic, ...]:
    """The topics in the ``.toml`` files of a folder, by the names of the files.

    Raises:
        InvalidError: There is no such folder, or a file in it is not as it should be; the message names both.
    """
    if not folder.is_dir():
        raise InvalidError(f"{folder}: a folder of topics expected")
    return tuple(
        topic for file in sorted(folder.glob("*.toml")) for topic in read_topics(file.read_text("utf-8"), file.name)
    )


def read_topics(text: str, place: str) -> tuple[Topic, ...]:
    """The topics of a file.

    Args:
        text: TOML.
        place: Name of the file, for messages.

    Raises:
        InvalidError: It cannot be read, or says something that no topic has.
    """
    try:
        tables = tomllib.loads(text).get("topics", [])
    except tomllib.TOMLDecodeError as error:
        raise InvalidError(f"{place}: {error}") from error
    return tuple(_topic(table, f"{place}: topics[{number}]") for number, table in enumerate(tables))


def _topic(table: Mapping[str, Any], place: str) -> Topic:
    _check_names(table, _TOPIC, place)
    triggers = tuple(_trigger(each, f"{place}.triggers") for each in table.get("triggers", ()))
    if not triggers:
        raise InvalidError(f"{place}.triggers: at least one expected, 0 found")
    content = table.get("content", "full-resource")
    if content not in LEVELS:
        raise InvalidError(f"{place}.content: one of {', '.join(LEVELS)} expected, found {content!r}")
    filters = tuple(_filter(each, f"{place}.filters") for each in table.get("filters", ()))
    return Topic(
        url=_text(table, "url", place),
        title=_text(table, "title", place),
        triggers=triggers,
        filters=filters or (PATIENT,),
        include=tuple(table.get("include", ())),
        content=_content(content),
        description=" ".join(str(table.get("description", "")).split()),
    )


def _trigger(table: Mapping[str, Any], place: str) -> Trigger:
    _check_names(table, _TRIGGER, place)
    on = frozenset(table.get("on", ("create", "update")))
    if not on or on - _INTERACTIONS:
        raise InvalidError(f"{place}.on: some of create, update, delete expected, found {sorted(on)}")
    return Trigger(
        resource=_text(table, "resource", place),
        interactions=on,
        previous=table.get("previous", ""),
        current=table.get("current", ""),
        passes_on_create=table.get("passes_on_create", True),
        passes_on_delete=table.get("passes_on_delete", False),
        fhirpath=" ".join(str(table.get("fhirpath", "")).split()),
    )


def _filter(table: Mapping[str, Any], place: str) -> Filter:
    _check_names(table, _FILTER, place)
    return Filter(
        parameter=_text(table, "parameter", place),
        resource=table.get("resource", ""),
        comparators=frozenset(table.get("comparators", ())),
        modifiers=frozenset(table.get("modifiers", ())),
    )


def _content(text: str) -> Content:
    return LEVELS[LEVELS.index(text)]  # which was checked just before


def _text(table: Mapping[str, Any], name: str, place: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidError(f"{place}.{name}: a text expected, found {value!r}")
    return value


def _check_names(table: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    if unknown := sorted(set(table) - set(known)):
        raise InvalidError(f"{place}: known are {', '.join(sorted(known))}; found {', '.join(unknown)}")
