"""What the definitions say of the element that an issue is about.

The expression of an issue is walked down the resource. On the way each type that is entered opens a *way* to the
element: that of ``Patient.name[0].given[0]`` is ``Patient.name.given`` from Patient and ``HumanName.given`` from
HumanName. A profile is asked by the way from the type that it is about; without one, or where it says nothing of the
element, the type that has the element is.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from careloom.definitions import Definitions, ElementInfo, TypeNode
from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.model.records import dataclass

_STEP = re.compile(r"([^.\[\]()]+)(?:\([^)]*\))?(?:\[(\d{1,9})\])?")
_MOST_STEPS = 100
"""Steps of an expression that are walked; what lies deeper was not written by hand."""

_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"


@dataclass(frozen=True, slots=True)
class Binding:
    """The codes that an element takes."""

    strength: str
    value_set: str
    description: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """An invariant: in words, and as FHIRPath."""

    key: str
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class ElementView:
    """An element as its definition has it.

    Attributes:
        id: ``Patient.name``, in a profile with its slice.
        is_exact: Whether it is the element itself; the nearest one above it that is defined otherwise.
        source: What the definition that says so is called.
        canonical: The URL of that definition.
        short: A few words.
        definition: What it means.
        cardinality: ``0..*``.
        types: ``Reference (Patient, Group)``.
        constraint: The invariant that the issue is about.
    """

    id: str
    is_exact: bool
    source: str
    canonical: str
    short: str
    definition: str
    cardinality: str
    types: tuple[str, ...]
    binding: Binding | None
    constraint: Constraint | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk ended: the ways to it by type, and the path that the type which has the element gives to it."""

    ways: Mapping[str, str]
    path: str
    is_exact: bool


def element(
    resource: Resource, expression: str, definitions: Definitions, *, profile: str = "", rule: str = ""
) -> ElementView | None:
    """What is said of an element; None where not even its type is known.

    Args:
        resource: The resource that the expression is about.
        expression: ``Patient.name[0].given[0]``.
        definitions: Those it was judged by.
        profile: Canonical URL of the profile that the issue comes from, if any.
        rule: Key of the rule; where it is that of an invariant of the element, the invariant is told.
    """
    place = _walk(resource, expression, definitions)
    if place is None:
        return None
    for structure in _structures(place, profile, definitions):
        way = place.ways.get(structure["type"], place.path)
        found = _find(structure, way) or _find(structure, place.path)
        if found:
            return _view(found, structure, place.is_exact, rule)
    return None


def _walk(resource: Resource, expression: str, definitions: Definitions) -> _Place | None:
    types, value = definitions.types, resource
    name = resource.get("resourceType")
    node = types.node(name) if isinstance(name, str) and name in types.resource_types() else None
    if node is None:
        return None
    open_ways, place = {node.name: node.name}, _Place({node.name: node.name}, node.name, True)
    for step, index in islice(_steps(expression), 1, _MOST_STEPS):
        info = node.elements.get(step) if node else None
        if node is None or info is None:
            return _Place(place.ways, place.path, False)
        value, type = _member(value, info, index, node, definitions)
        open_ways = {start: f"{way}.{info.path.rpartition('.')[2]}" for start, way in open_ways.items()}
        place = _Place(dict(open_ways), info.path, True)
        node = types.node(type)
        if node and node.kind != "backbone":
            open_ways[node.name] = node.name
    return place


def _steps(expression: str) -> Iterator[tuple[str, int]]:
    """Names with their indices; ``ofType`` of a choice is no step, the value tells its type itself."""
    return ((found[1], int(found[2] or 0)) for found in _STEP.finditer(expression) if found[1] != "ofType")


def _member(value: Any, info: ElementInfo, index: int, node: TypeNode, definitions: Definitions) -> tuple[Any, str]:
    """The value one step down, and its type; of a choice the one that is there, of a resource what it says it is."""
    found, type = None, info.types[0] if info.types else ""
    for key in value if isinstance(value, dict) else ():
        known = definitions.types.property(node, key) if key.startswith(info.name) else None
        if known and known[0].name == info.name:
            found, type = value[key], known[1]
            break
    if isinstance(found, list):
        found = found[index] if index < len(found) else None
    if type == "Resource" and isinstance(found, dict) and isinstance(found.get("resourceType"), str):
        type = found["resourceType"]
    return found, type


def _structures(place: _Place, profile: str, definitions: Definitions) -> Iterator[Resource]:
    """Those to ask: the profile where it is about one of the types on the way, then the type that has the element."""
    for asked in (profile, place.path.partition(".")[0]):
        try:
            structure = definitions.structure(asked) if asked else None
        except CareloomError:
            continue  # missing or broken, which the issues tell; the next one is asked
        if structure and (structure["type"] in place.ways or asked != profile):
            yield structure


def _find(structure: Resource, path: str) -> Mapping[str, Any] | None:
    """The element by its path, before any slice of it."""
    elements = structure["snapshot"]["element"]
    return next((each for each in elements if each["path"] == path and "sliceName" not in each), None)


def _view(element: Mapping[str, Any], structure: Resource, is_exact: bool, rule: str) -> ElementView:
    return ElementView(
        id=element.get("id") or element["path"],
        is_exact=is_exact,
        source=structure.get("title") or structure.get("name") or structure["type"],
        canonical=structure.get("url", ""),
        short=element.get("short", ""),
        definition=_LINK.sub(r"\1", element.get("definition", "")),
        cardinality=f"{element.get('min', 0)}..{element.get('max', '*')}",
        types=tuple(dict.fromkeys(_type(each) for each in element.get("type", ()))),
        binding=_binding(element.get("binding")),
        constraint=_constraint(element.get("constraint", ()), rule),
    )


def _type(type: Mapping[str, Any]) -> str:
    told = (each.get("valueUrl") for each in type.get("extension", ()) if each.get("url") == _FHIR_TYPE)
    code = str(next(told, None) or type.get("code", "")).rpartition("/")[2]
    narrowed = [url.rpartition("/")[2] for url in (*type.get("targetProfile", ()), *type.get("profile", ()))]
    return f"{code} ({', '.join(narrowed)})" if narrowed else code


def _binding(binding: Mapping[str, Any] | None) -> Binding | None:
    if not binding:
        return None
    return Binding(binding.get("strength", ""), binding.get("valueSet", ""), binding.get("description", ""))


def _constraint(constraints: Any, rule: str) -> Constraint | None:
    found = next((each for each in constraints if each.get("key") == rule), None)
    return Constraint(rule, found.get("human", ""), found.get("expression", "")) if found else None
