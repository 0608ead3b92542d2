"""From a resource to what it can be found by; never an error for bad data."""

from collections.abc import Collection, Mapping
from typing import Any

from careloom.fhirpath import Node
from careloom.model import Resource, resource_type
from careloom.model.errors import InvalidError
from careloom.search.parameters import Path, SearchParameter, SearchParameters
from careloom.search.readers import READERS, Aside, Place
from careloom.search.references import target_type
from careloom.search.values import (
    DateValue,
    IndexValue,
    IndexValues,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
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
    parameters = registry.of(resource_type(resource))
    for code, paths in registry.paths(resource_type(resource)).items():
        if only is None or code in only:
            for path in paths:
                if not path.keys or not path.keys.isdisjoint(resource):
                    collection.add(parameters[code], path)
    return collection.values()


class _Collection:
    """Takes the values of one resource, path by path."""

    def __init__(self, resource: Resource, registry: SearchParameters) -> None:
        self._resource = resource
        self._registry = registry
        self._families: dict[str, dict[str, dict[IndexValue, None]]] = {name: {} for name in _FAMILIES.values()}
        self._present: set[str] = set()

    def add(self, parameter: SearchParameter, path: Path) -> None:
        """Read the elements that a path leads to."""
        readers = READERS[parameter.kind]
        place = Place(parameter, path, self._registry.base_url, self._registry.zone)
        for node in _elements(path, self._resource):
            if node.value is None or not _leads_to(path.target, node.value, self._resource):
                continue
            self._present.add(parameter.code)
            reader = readers.get("Resource" if _is_resource(node.value) else node.type_name)
            for value in reader(node.value, place) if reader else ():
                if isinstance(value, Aside):
                    self._keep(f"{parameter.code}:{value.side}", value.value)
                else:
                    self._keep(parameter.code, value)

    def values(self) -> IndexValues:
        """What was taken."""
        id = self._resource.get("id")
        families: dict[str, Any] = {
            name: {key: tuple(values) for key, values in family.items()} for name, family in self._families.items()
        }
        return IndexValues(
            type=resource_type(self._resource),
            id=id if isinstance(id, str) else "",
            present=frozenset(self._present),
            **families,
        )

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
}
"""The field of `IndexValues` for each class of value."""


def _elements(path: Path, resource: Resource) -> list[Node]:
    """The elements of a path; none where the resource is not of the shape that its type demands."""
    try:
        return path.expression.evaluate_typed(resource)
    except InvalidError:
        return []


def _leads_to(target: str, value: Any, resource: Resource) -> bool:
    return not target or (isinstance(value, dict) and target_type(value, resource) == target)


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and "resourceType" in value
