"""From a resource to what it can be found by; never an error for bad data."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from careloom.fhirpath import Environment, Node
from careloom.model import Resource, resource_type
from careloom.model.errors import InvalidError
from careloom.search.content import content_words, narrative_words
from careloom.search.kinds import KINDS, Aside, Place
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


def index_values(resource: Resource, registry: SearchParameters, only: Collection[str] | None = None) -> IndexValues:
    """Everything a resource can be found by.

    Args:
        resource: As parsed JSON.
        registry: Search parameters.
        only: Codes of the parameters wanted; all by default.

    Raises:
        NotFoundError: ``resourceType`` is not a resource type.
    """
    collection = _Collection(resource, registry)
    type = resource_type(resource)
    parameters = registry.of(type)
    for code, paths in registry.paths(type).items():
        if only is None or code in only:
            for path in paths:
                if not path.keys or not path.keys.isdisjoint(resource):
                    collection.add(parameters[code], path)
    for code, words_of in _TEXTS.items():
        if (only is None or code in only) and code in parameters and parameters[code].is_indexed:
            collection.add_text(code, words_of(resource))
    return collection.values()


def values_along(
    resource: Resource, registry: SearchParameters, ways: Iterable[tuple[SearchParameter, Path]], texts: Iterable[str]
) -> IndexValues:
    """What some ways of some parameters lead to: `index_values` for those who know beforehand which can lead anywhere.

    Args:
        resource: As parsed JSON; it may be a part of one.
        registry: Search parameters.
        ways: Parameters, each with one of its paths.
        texts: Which of ``_text`` and ``_content`` are wanted.
    """
    collection = _Collection(resource, registry)
    for parameter, path in ways:
        collection.add(parameter, path)
    for code in texts:
        collection.add_text(code, _TEXTS[code](resource))
    return collection.values()


_TEXTS: Mapping[str, Callable[[Resource], str]] = {"_text": narrative_words, "_content": content_words}


class _Collection:
    """Takes the values of one resource, path by path."""

    def __init__(self, resource: Resource, registry: SearchParameters) -> None:
        self._resource = resource
        self._registry = registry
        self._families: dict[str, dict[str, dict[IndexValue, None]]] = {name: {} for name in _FAMILIES.values()}
        self._present: set[str] = set()

    def add(self, parameter: SearchParameter, path: Path) -> None:
        """Read the elements that a path leads to."""
        for node in _elements(path, self._resource):
            if node.value is None or not _leads_to(path.target, node.value, self._resource):
                continue
            if path.components:
                self._add_composite(parameter, path, node)
                continue
            self._present.add(parameter.code)
            for value in self._read(node, parameter, path):
                if isinstance(value, Aside):
                    self._keep(f"{parameter.code}:{value.side}", value.value)
                else:
                    self._keep(parameter.code, value)

    def add_text(self, code: str, words: str) -> None:
        """Take the words of the resource, if there are any."""
        if words:
            self._present.add(code)
            self._keep(code, TextValue(words))

    def values(self) -> IndexValues:
        """What was taken."""
        id = self._resource.get("id")
        families: dict[str, Any] = {
            name: {key: tuple(values) for key, values in family.items()}
            for name, family in self._families.items()
            if family
        }
        return IndexValues(
            type=resource_type(self._resource),
            id=id if isinstance(id, str) else "",
            present=frozenset(self._present),
            compartments=frozenset(self._compartments(id)),
            **families,
        )

    def _read(self, node: Node, parameter: SearchParameter, path: Path) -> Iterator[IndexValue | Aside]:
        readers = KINDS[parameter.kind].readers
        reader = readers.get("Resource" if _is_resource(node.value) else node.type_name)
        if reader:
            yield from reader(node.value, Place(parameter, path, self._registry.base_url, self._registry.zone))

    def _add_composite(self, parameter: SearchParameter, path: Path, node: Node) -> None:
        """Keep what stands together in one element, if every part has something there."""
        if not all(_may_have(way, node.value) for way in path.components):
            return
        parts: list[tuple[IndexValue, ...]] = []
        for component, way in zip(parameter.components, path.components, strict=True):
            found = tuple(self._values_of_part(component, way, node))
            if not found:
                return
            parts.append(found)
        self._present.add(parameter.code)
        self._keep(parameter.code, CompositeValue(tuple(parts)))

    def _values_of_part(self, component: SearchParameter, way: Path, node: Node) -> dict[IndexValue, None]:
        return {
            value: None
            for element in _elements(way, node, Environment(resource=self._resource))
            if element.value is not None
            for value in self._read(element, component, way)
            if not isinstance(value, Aside)
        }

    def _compartments(self, id: Any) -> Iterator[str]:
        type = resource_type(self._resource)
        references = self._families["references"]
        for compartment, codes in self._registry.compartments(type).items():
            if compartment == type and isinstance(id, str):
                yield f"{type}/{id}"
            for code in codes:
                for reference in references.get(code, ()):
                    if isinstance(reference, ReferenceValue) and reference.type == compartment:
                        yield reference.target

    def _keep(self, key: str, value: IndexValue) -> None:
        self._families[_FAMILIES[value.__class__]].setdefault(key, {})[value] = None


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

_PLAIN = Environment()


def _elements(path: Path, node: Resource | Node, environment: Environment = _PLAIN) -> list[Node]:
    """The elements of a path; none where the resource is not of the shape that its type demands."""
    try:
        return path.expression.evaluate_typed(node, environment)
    except InvalidError:
        return []


def _may_have(way: Path, value: Any) -> bool:
    """Whether an element has one of the keys without which a way leads nowhere."""
    return isinstance(value, dict) and (not way.keys or not way.keys.isdisjoint(value))


def _leads_to(target: str, value: Any, resource: Resource) -> bool:
    return not target or (isinstance(value, dict) and target_type(value, resource) == target)


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and "resourceType" in value
