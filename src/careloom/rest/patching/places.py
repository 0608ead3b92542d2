"""Where in a resource the items are that a FHIRPath expression finds.

FHIRPath gives values, and a value does not know where it stands. But what it gives are the very objects of the
resource it was evaluated on, never copies, so an object can be told by its identity. A primitive has none; it is given
one by an object beside it, in its ``_`` sibling, which is there for the evaluation alone.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from careloom.definitions import TypeModel
from careloom.fhirpath import Budget, Environment, compile_expression
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass
from careloom.model.resource import Resource, resource_type

Path = tuple[str | int, ...]
"""Keys and indexes from the resource down; a primitive is where its value stands."""

LONGEST: Final = 2000
"""Characters of a path that are read."""


@dataclass(frozen=True, slots=True)
class Place:
    """One element that was found.

    Attributes:
        path: Where it stands.
        type_name: Its type, ``HumanName``, ``Patient.contact``, ``date``.
    """

    path: Path
    type_name: str


def places(expression: str, resource: Resource, types: TypeModel, budget: Budget) -> list[Place]:
    """The elements of a resource that an expression finds, in the order found.

    Raises:
        MalformedError: Not FHIRPath.
        InvalidError: It gives something that is no element of the resource, such as the result of a computation.
        TooCostlyError: It takes too long.
    """
    if len(expression) > LONGEST:
        raise InvalidError(f"a path of at most {LONGEST} characters expected, found {len(expression)}")
    compiled = compile_expression(expression, types=types, context_type=resource_type(resource))
    marked = deepcopy(resource)
    paths = dict(_mark(marked, ()))
    found = []
    for node in compiled.evaluate_typed(marked, Environment(budget=budget)):
        bearer = node.value if isinstance(node.value, dict) else node.sibling
        if id(bearer) not in paths:
            raise InvalidError(f"path {expression!r}: elements of the resource expected, found a value of no place")
        found.append(Place(paths[id(bearer)], node.type_name))
    return found


def _mark(value: dict[str, Any], path: Path) -> Iterator[tuple[int, Path]]:
    """Put an object beside every primitive, and tell for each object where what it stands for is."""
    yield id(value), path
    for key in [key for key in value if key[0] != "_" and key != "resourceType"]:
        yield from _mark_property(value, key, (*path, key))
    for key in [key for key in value if key[0] == "_" and key[1:] not in value]:  # a primitive of extensions alone
        yield from _siblings(value[key], (*path, key[1:]))


def _mark_property(parent: dict[str, Any], key: str, path: Path) -> Iterator[tuple[int, Path]]:
    value, shadow = parent[key], f"_{key}"
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict) for item in items):
        for number, item in enumerate(items):
            yield from _mark(item, (*path, number) if isinstance(value, list) else path)
    elif isinstance(value, list):
        known = parent.get(shadow) or []
        parent[shadow] = [known[n] if n < len(known) and known[n] is not None else {} for n in range(len(value))]
        yield from _siblings(parent[shadow], path)
    else:
        yield from _siblings(parent.setdefault(shadow, {}), path)


def _siblings(found: Any, path: Path) -> Iterator[tuple[int, Path]]:
    for number, item in enumerate(found if isinstance(found, list) else [found]):
        if isinstance(item, dict):
            here = (*path, number) if isinstance(found, list) else path
            yield id(item), here
            for extension, child in enumerate(item.get("extension", ())):
                yield from _mark(child, (*beside(here), "extension", extension))


def beside(path: Path) -> Path:
    """Where the sibling of a primitive stands: ``given[1]`` has its at ``_given[1]``."""
    if isinstance(path[-1], int):
        return (*path[:-2], f"_{path[-2]}", path[-1])
    return (*path[:-1], f"_{path[-1]}")


def get(resource: Mapping[str, Any], path: Path) -> Any:
    """What stands at a place."""
    found: Any = resource
    for step in path:
        found = found[step]
    return found
