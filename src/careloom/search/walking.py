"""Plain paths walked through JSON: what nearly all search parameters of R4 need of FHIRPath.

``Patient.name.family``, ``Observation.value.ofType(Quantity)``, ``Patient.telecom.where(system='email')`` and
``Patient.extension('http://…').value`` name elements and nothing more. Once the types are known, such a path is a few
JSON keys to be taken one after another, which costs a tenth of an evaluation. `walk_along` makes a function of it, or
says that it takes the whole language. What it finds is what FHIRPath finds; a property test sees to that.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from careloom.definitions import TypeModel
from careloom.model.records import dataclass, replace

Found = list[tuple[Any, str]]
"""Elements with their types, none of them None: ``[({"family": "Smith"}, "HumanName")]``."""

Walk = Callable[[Any], Found]
"""From a resource or an element to the elements of a path; what is not of the shape of its type is passed over."""

_STEP = re.compile(
    r"\.(?:ofType\((?P<type>\w+)\)"
    r"|where\(\s*(?P<key>[a-z]\w*)\s*=\s*'(?P<text>[^'\\]*)'\s*\)"
    r"|extension\('(?P<url>[^'\\]*)'\)"
    r"|(?P<name>[a-z]\w*)(?![\w(]))"
)
_MOST_WAYS = 60
"""Types of a choice multiply: a path with more ways than this is left to FHIRPath."""


def walk_along(text: str, type: str, types: TypeModel) -> Walk | None:
    """The function that a path is; None where it is no plain path.

    Args:
        text: FHIRPath, with or without the type in front, or several paths with ``|`` between.
        type: The type of what it will be called with: ``Patient``, ``Observation.component``.
        types: What the types of FHIR look like.
    """
    walks: list[Walk] = []
    for member in text.split("|"):
        ways = _ways(member.strip(), type, types)
        if ways is None:
            return None
        walks += [_walk(way) for way in ways]
    return walks[0] if len(walks) == 1 else _together(walks)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to take, from key to key.

    Attributes:
        steps: What is taken from each element.
        type: What the elements at its end are.
        choice: The types that these may have, while it is not said which.
    """

    steps: tuple["_Step", ...]
    type: str
    choice: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """A key to take, with the value that another key of what is found there must have, if any."""

    key: str
    where: str = ""
    text: str = ""


def _ways(member: str, type: str, types: TypeModel) -> list[_Way] | None:
    """The ways that a path is, one for each type of each choice on it; None where that cannot be told."""
    rest = member.removeprefix(type) if member == type or member.startswith(f"{type}.") else f".{member}"
    ways, at = [_Way((), type)], 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        taken = found and _taken(ways, found, types)
        if not found or taken is None or len(taken) > _MOST_WAYS:
            return None
        ways, at = taken, found.end()
    settled = [each for way in ways for each in _settled(way)]
    return settled if all(way.type != "Resource" or not way.steps for way in settled) else None


def _taken(ways: list[_Way], found: re.Match[str], types: TypeModel) -> list[_Way] | None:
    if wanted := found["type"]:
        return [kept for way in ways for kept in _of_type(way, wanted, types)]
    settled = [each for way in ways for each in _settled(way)]
    if found["key"]:
        known = [_where(way, found["key"], found["text"], types) for way in settled]
    elif found["url"] is not None:
        below = [_below(way, "extension", types) for way in settled]
        known = [way and _only(way, "url", found["url"]) for way in below]
    else:
        known = [_below(way, found["name"], types) for way in settled]
    return None if None in known else [way for way in known if way is not None]


def _settled(way: _Way) -> Iterator[_Way]:
    """The ways for each type of a choice."""
    if not way.choice:
        yield way
    for type in way.choice:
        key = way.name + type[:1].upper() + type[1:]
        yield _Way((*way.steps, _Step(key)), type)


def _of_type(way: _Way, wanted: str, types: TypeModel) -> Iterator[_Way]:
    """What builds on a type is of it, too, but for primitives: a ``code`` is not what ``ofType(string)`` picks."""
    for each in _settled(way):
        node = types.node(each.type)
        is_plain = node is not None and node.kind == "primitive"
        if each.type == wanted or (not is_plain and types.is_a(each.type, wanted)):
            yield each


def _below(way: _Way, name: str, types: TypeModel) -> _Way | None:
    node = types.node(way.type)
    element = node.elements.get(name) if node and node.kind != "primitive" else None
    if element is None or way.type in ("Resource", "DomainResource"):
        return None
    if element.is_choice:
        return _Way(way.steps, "", element.types, name)
    return _Way((*way.steps, _Step(name)), element.types[0]) if len(element.types) == 1 else None


def _where(way: _Way, key: str, text: str, types: TypeModel) -> _Way | None:
    node = types.node(way.type)
    element = node.elements.get(key) if node else None
    if element is None or element.is_list or element.is_choice or len(element.types) != 1:
        return None
    of = types.node(element.types[0])
    return _only(way, key, text) if of and of.kind == "primitive" else None


def _only(way: _Way, key: str, text: str) -> _Way | None:
    """The same way, to what has a text under a key."""
    if not way.steps or way.steps[-1].where:
        return None
    return replace(way, steps=(*way.steps[:-1], replace(way.steps[-1], where=key, text=text)))


# walking


def _walk(way: _Way) -> Walk:
    *before, last = way.steps or (None,)
    if last is None:
        return lambda node: [(node, way.type)]
    if not before and not last.where:
        return _of_key(last.key, way.type)
    steps, type = tuple(way.steps), way.type

    def walk(node: Any) -> Found:
        nodes = [node]
        for step in steps:
            nodes = _stepped(nodes, step)
            if not nodes:
                break
        return [(each, type) for each in nodes]

    return walk


def _of_key(key: str, type: str) -> Walk:
    """By far the most: an element of what it is called with."""

    def walk(node: Any) -> Found:
        value = node.get(key) if node.__class__ is dict else None
        if value is None:
            return []
        if value.__class__ is list:
            return [(each, type) for each in value if each is not None]
        return [(value, type)]

    return walk


def _stepped(nodes: list[Any], step: _Step) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        value = node.get(step.key) if node.__class__ is dict else None
        if value.__class__ is list:
            found += [each for each in value if each is not None]
        elif value is not None:
            found.append(value)
    if step.where:
        return [each for each in found if each.__class__ is dict and each.get(step.where) == step.text]
    return found


def _together(walks: list[Walk]) -> Walk:
    parts = tuple(walks)
    return lambda node: [each for walk in parts for each in walk(node)]
