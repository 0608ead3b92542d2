"""From a resource to what it can be found by; never an error for bad data."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from careloom.fhirpath import Budget, Environment, Node
from careloom.model import Resource, resource_type
from careloom.model.errors import InvalidError, NotSupportedError, TooCostlyError
from careloom.model.records import dataclass, field
from careloom.search.content import content_words, narrative_words
from careloom.search.kinds import KINDS, Aside, Place, Reader
from careloom.search.parameters import Path, SearchParameter
from careloom.search.references import target_type
from careloom.search.registry import SearchParameters
from careloom.search.values import (
    CompositeValue,
    DateValue,
    IndexValue,
    IndexValues,
    NumberValue,
    PositionValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
    UriValue,
)
from careloom.search.walking import Found

MOST_STEPS = 50_000
"""Items that one expression may walk over in one resource, some tens of milliseconds: anybody who may record a
SearchParameter writes expressions that every write then waits for."""

LONGEST_TIME = 1.0
"""Seconds that it may take, for what its steps do not tell."""


@dataclass(frozen=True, slots=True)
class Way:
    """A path of a parameter with all that it takes to go along it.

    Attributes:
        parameter: The parameter.
        path: One of its ways.
        place: What readers need to know.
        readers: By type, what makes values of elements.
        components: For a composite, the ways to its parts.
    """

    parameter: SearchParameter
    path: Path
    place: Place
    readers: Mapping[str, Reader]
    components: tuple["Way", ...]


@dataclass(slots=True)
class Gathered:
    """What some ways have led to in one resource.

    Attributes:
        type: Resource type.
        values: By parameter code, or ``code:side``, values in the order in which they were met, none of them twice.
        present: Codes of the parameters whose element the resource has.
    """

    type: str
    values: dict[str, dict[IndexValue, None]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def keep(self, key: str, value: IndexValue) -> None:
        """Take a value."""
        known = self.values.get(key)
        if known is None:
            self.values[key] = {value: None}
        else:
            known[value] = None


def index_values(resource: Resource, registry: SearchParameters, only: Collection[str] | None = None) -> IndexValues:
    """Everything a resource can be found by.

    Args:
        resource: As parsed JSON.
        registry: Search parameters.
        only: Codes of the parameters wanted; all by default.

    Raises:
        NotFoundError: ``resourceType`` is not a resource type.
    """
    type = resource_type(resource)
    parameters = registry.of(type)
    ways = (
        way_of(parameters[code], path, registry)
        for code, paths in registry.paths(type).items()
        if only is None or code in only
        for path in paths
        if not path.keys or not path.keys.isdisjoint(resource)
    )
    texts = (
        code
        for code in FULL_TEXT
        if (only is None or code in only) and code in parameters and parameters[code].is_indexed
    )
    found = Gathered(type)
    gather(resource, ways, texts, found)
    return _by_family(found, resource, registry)


def ways_of(type: str, codes: Collection[str], registry: SearchParameters) -> tuple[Way, ...]:
    """The ways to the values of some parameters of a type."""
    parameters = registry.of(type)
    return tuple(
        way_of(parameters[code], path, registry)
        for code, paths in registry.paths(type).items()
        if code in codes
        for path in paths
    )


def references_of(resource: Resource, ways: Iterable[Way]) -> IndexValues:
    """What a resource refers to along some ways, and nothing else of it: much less work than `index_values`."""
    found = Gathered(resource_type(resource))
    gather(resource, (way for way in ways if not way.path.keys or not way.path.keys.isdisjoint(resource)), (), found)
    references = {
        code: tuple(value for value in values if isinstance(value, ReferenceValue))
        for code, values in found.values.items()
    }
    return IndexValues(type=found.type, id="", references=references)


class Keeper(Protocol):
    """Takes what ways lead to: `Gathered`, or what makes something else of it at once."""

    @property
    def present(self) -> set[str]:
        """Codes of the parameters whose element the resource has."""
        ...

    def keep(self, key: str, value: IndexValue, /) -> None:
        """Take a value; the same one may come twice."""
        ...


def gather(resource: Resource, ways: Iterable[Way], texts: Iterable[str], found: Keeper) -> None:
    """Hand over what some ways lead to: `index_values` for those who know beforehand which can lead anywhere.

    Args:
        resource: As parsed JSON; it may be a part of one.
        ways: See `way_of`.
        texts: Which of ``_text`` and ``_content`` are wanted.
        found: Takes it.
    """
    for way in ways:
        _go(way, resource, found)
    for code in texts:
        if words := FULL_TEXT[code](resource):
            found.present.add(code)
            found.keep(code, TextValue(words))


def way_of(parameter: SearchParameter, path: Path, registry: SearchParameters) -> Way:
    """A path of a parameter, ready to be gone along."""
    parts = zip(parameter.components, path.components, strict=True) if path.components else ()
    return Way(
        parameter,
        path,
        Place(parameter, path, registry.base_url, registry.zone),
        KINDS[parameter.kind].readers,
        tuple(way_of(component, way, registry) for component, way in parts),
    )


FULL_TEXT: Mapping[str, Callable[[Resource], str]] = {"_text": narrative_words, "_content": content_words}
"""What the parameters that look at words look at."""


def _go(way: Way, resource: Resource, found: Keeper) -> None:
    """Read the elements that a way leads to."""
    path, code = way.path, way.parameter.code
    for value, type in _elements(path, resource, resource):
        if path.target and not (value.__class__ is dict and target_type(value, resource) == path.target):
            continue
        if path.components:
            _add_composite(way, value, type, resource, found)
            continue
        found.present.add(code)
        for each in _read(way, value, type):
            if each.__class__ is Aside:
                found.keep(f"{code}:{each.side}", each.value)
            else:
                found.keep(code, each)


def _read(way: Way, value: Any, type: str) -> Iterable[Any]:
    is_resource = value.__class__ is dict and "resourceType" in value
    reader = way.readers.get("Resource" if is_resource else type)
    return reader(value, way.place) if reader else ()


def _add_composite(way: Way, value: Any, type: str, resource: Resource, found: Keeper) -> None:
    """Keep what stands together in one element, if every part has something there."""
    if value.__class__ is not dict or any(
        part.path.keys and part.path.keys.isdisjoint(value) for part in way.components
    ):
        return
    parts: list[tuple[IndexValue, ...]] = []
    for part in way.components:
        values = {
            each: None
            for element, kind in _elements(part.path, value, resource, type)
            for each in _read(part, element, kind)
            if each.__class__ is not Aside
        }
        if not values:
            return
        parts.append(tuple(values))
    found.present.add(way.parameter.code)
    found.keep(way.parameter.code, CompositeValue(tuple(parts)))


def _elements(path: Path, value: Any, resource: Resource, type: str = "") -> Found:
    """The elements of a path with their types.

    None where the resource is not of the shape that its type demands, or where finding them takes over `MOST_STEPS`.
    """
    if path.walk is not None:
        return path.walk(value)
    env = Environment(resource=resource, budget=Budget(MOST_STEPS, LONGEST_TIME))
    try:
        nodes = path.expression.evaluate_typed(Node(value, type) if type else value, env)
    except (InvalidError, NotSupportedError, TooCostlyError):
        return []
    return [(node.value, node.type_name) for node in nodes if node.value is not None]


def _by_family(found: Gathered, resource: Resource, registry: SearchParameters) -> IndexValues:
    families: dict[str, Any] = {}
    for key, values in found.values.items():
        for value in values:
            families.setdefault(_FAMILIES[value.__class__], {}).setdefault(key, []).append(value)
    kept: dict[str, Any] = {
        name: {key: tuple(values) for key, values in family.items()} for name, family in families.items()
    }
    id = resource.get("id")
    return IndexValues(
        type=found.type,
        id=id if isinstance(id, str) else "",
        present=frozenset(found.present),
        compartments=frozenset(_compartments(found, id, registry)),
        **kept,
    )


def _compartments(found: Gathered, id: Any, registry: SearchParameters) -> Iterator[str]:
    for compartment, codes in registry.compartments(found.type).items():
        if compartment == found.type and isinstance(id, str):
            yield f"{found.type}/{id}"
        for code in codes:
            for reference in found.values.get(code, ()):
                if isinstance(reference, ReferenceValue) and reference.type == compartment:
                    yield reference.target


_FAMILIES: Mapping[type, str] = {
    TokenValue: "tokens",
    StringValue: "strings",
    ReferenceValue: "references",
    DateValue: "dates",
    NumberValue: "numbers",
    QuantityValue: "quantities",
    UriValue: "uris",
    PositionValue: "positions",
    CompositeValue: "composites",
    TextValue: "texts",
}
"""The field of `IndexValues` for each class of value."""
