"""Topics out of files: those that come with Careloom, and a locality's own, in the same form.

    [[topics]]
    url = "https://north.example/SubscriptionTopic/fall"
    title = "A patient has fallen"
    event_type = "north-fall-1"
    include = ["Observation:patient"]

    [[topics.triggers]]
    resource = "Observation"
    current = "code=http://snomed.info/sct|217082002"

    [[topics.filters]]
    parameter = "date"
    comparators = ["ge", "le"]

Without filters of its own a topic can be filtered by patient; without an event type its events are called by the last
part of its URL.
"""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

from careloom.model.errors import InvalidError
from careloom.notify.topics.topic import (
    EVENT_TYPE,
    EVENT_TYPE_FORM,
    LEVELS,
    PATIENT,
    Content,
    Filter,
    Interaction,
    Topic,
    Trigger,
)
from careloom.search import MODIFIERS
from careloom.search.kinds.prefixes import PREFIXES

_INTERACTIONS: Final = frozenset(get_args(Interaction))
_TOPIC: Final = frozenset({"url", "title", "description", "content", "event_type", "include", "triggers", "filters"})
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
    return tuple(topic for file in sorted(folder.glob("*.toml")) for topic in read_topics(_read(file), file.name))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidError(f"{file}: UTF-8 expected: {error}") from error
    except OSError as error:
        raise InvalidError(f"{file}: cannot be read: {error.strerror or error}") from error


def read_topics(text: str, place: str) -> tuple[Topic, ...]:
    """The topics of a file.

    Args:
        text: TOML.
        place: Name of the file, for messages.

    Raises:
        InvalidError: It cannot be read, or says something that no topic has.
    """
    try:
        file = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidError(f"{place}: {error}") from error
    _check_names(file, {"topics"}, place)
    return tuple(
        _topic(table, f"{place}: topics[{number}]")
        for number, table in enumerate(_tables(file, "topics", f"{place}: "))
    )


def _topic(table: Mapping[str, Any], place: str) -> Topic:
    _check_names(table, _TOPIC, place)
    triggers = tuple(_trigger(each, f"{place}.triggers") for each in _tables(table, "triggers", f"{place}."))
    if not triggers:
        raise InvalidError(f"{place}.triggers: at least one expected, 0 found")
    content = table.get("content", "full-resource")
    if content not in LEVELS:
        raise InvalidError(f"{place}.content: one of {', '.join(LEVELS)} expected, found {content!r}")
    filters = tuple(_filter(each, f"{place}.filters") for each in _tables(table, "filters", f"{place}."))
    return Topic(
        url=_text(table, "url", place),
        title=_text(table, "title", place),
        triggers=triggers,
        filters=filters or (PATIENT,),
        include=_texts(table, "include", place),
        content=_content(content),
        description=_line(table, "description", place),
        event_type=_event_type(table, place),
    )


def _event_type(table: Mapping[str, Any], place: str) -> str:
    name = _text_if_any(table, "event_type", place)
    if name and not EVENT_TYPE.fullmatch(name):
        raise InvalidError(f"{place}.event_type: {EVENT_TYPE_FORM} expected, found {name!r}")
    return name


def _trigger(table: Mapping[str, Any], place: str) -> Trigger:
    _check_names(table, _TRIGGER, place)
    on = frozenset(_texts(table, "on", place, ("create", "update")))
    if not on or on - _INTERACTIONS:
        raise InvalidError(f"{place}.on: some of create, update, delete expected, found {sorted(on)}")
    return Trigger(
        resource=_text(table, "resource", place),
        interactions=frozenset(each for each in get_args(Interaction) if each in on),
        previous=_text_if_any(table, "previous", place),
        current=_text_if_any(table, "current", place),
        passes_on_create=_flag(table, "passes_on_create", place, usual=True),
        passes_on_delete=_flag(table, "passes_on_delete", place, usual=False),
        fhirpath=_line(table, "fhirpath", place),
    )


def _filter(table: Mapping[str, Any], place: str) -> Filter:
    _check_names(table, _FILTER, place)
    return Filter(
        parameter=_text(table, "parameter", place),
        resource=_text_if_any(table, "resource", place),
        comparators=_some_of(table, "comparators", place, tuple(PREFIXES)),
        modifiers=_some_of(table, "modifiers", place, tuple(modifier.name for modifier in MODIFIERS)),
    )


def _content(text: str) -> Content:
    return LEVELS[LEVELS.index(text)]  # which was checked just before


def _text(table: Mapping[str, Any], name: str, place: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidError(f"{place}.{name}: a text expected, found {value!r}")
    return value


def _text_if_any(table: Mapping[str, Any], name: str, place: str) -> str:
    return _text(table, name, place) if table.get(name, "") != "" else ""


def _line(table: Mapping[str, Any], name: str, place: str) -> str:
    """A text that may be missing and may be broken into lines, on one line."""
    return " ".join(_text_if_any(table, name, place).split())


def _flag(table: Mapping[str, Any], name: str, place: str, *, usual: bool) -> bool:
    value = table.get(name, usual)
    if not isinstance(value, bool):
        raise InvalidError(f"{place}.{name}: true or false expected, found {value!r}")
    return value


def _texts(table: Mapping[str, Any], name: str, place: str, usual: tuple[str, ...] = ()) -> tuple[str, ...]:
    values = table.get(name, list(usual))
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidError(f"{place}.{name}: a list of texts expected, found {values!r}")
    return tuple(values)


def _some_of(table: Mapping[str, Any], name: str, place: str, known: tuple[str, ...]) -> frozenset[str]:
    values = frozenset(_texts(table, name, place))
    if values - set(known):
        raise InvalidError(f"{place}.{name}: some of {', '.join(known)} expected, found {sorted(values)}")
    return values


def _tables(table: Mapping[str, Any], name: str, place: str) -> list[Mapping[str, Any]]:
    values = table.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise InvalidError(f"{place}{name}: tables expected, found {values!r}")
    return values


def _check_names(table: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    if unknown := sorted(set(table) - set(known)):
        raise InvalidError(f"{place}: known are {', '.join(sorted(known))}; found {', '.join(unknown)}")
