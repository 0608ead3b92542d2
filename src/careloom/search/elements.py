"""What the element at the end of a plain path is: its type, and the code system that its binding implies."""

import re
from collections.abc import Iterator
from typing import Any

from careloom.definitions import Definitions, ElementInfo
from careloom.model import Resource

_URLS = frozenset({"canonical", "uri"})
_OF_TYPE = re.compile(r"\.ofType\((\w+)\)$")
_WHERE = re.compile(r"\.where\([^()]*\)")


def element_at(definitions: Definitions, type: str, path: tuple[str, ...]) -> ElementInfo | None:
    """The element that a path of element names leads to from a type; None where it passes a choice or is wrong."""
    node = definitions.types.node(type)
    info: ElementInfo | None = None
    for name in path:
        if info is not None:
            node = definitions.types.node(info.types[0]) if len(info.types) == 1 else None
        info = node.elements.get(name) if node else None
        if info is None:
            return None
    return info


def leads_by_url(definitions: Definitions, type: str, text: str) -> bool:
    """Whether what an expression leads to are canonical URLs, not References.

    Args:
        definitions: What types look like.
        type: Resource type.
        text: FHIRPath of one branch: ``ConceptMap.source.ofType(canonical)``, ``Library.relatedArtifact.resource``.
    """
    choice = _OF_TYPE.search(text)
    if choice:
        return choice[1] in _URLS
    element = element_at(definitions, type, tuple(_WHERE.sub("", text).split(".")[1:]))
    return element is not None and _URLS.issuperset(element.types)


def json_keys(element: ElementInfo, of_types: tuple[str, ...] = ()) -> frozenset[str]:
    """The JSON keys that an element may have: ``birthDate`` and ``_birthDate``; one for each type of a choice.

    Args:
        element: The element.
        of_types: Of a choice, the types wanted; all by default.
    """
    types = (of_types or element.types) if element.is_choice else ("",)
    names = [element.name + type[:1].upper() + type[1:] for type in types]
    return frozenset(names + [f"_{name}" for name in names])


def implied_system(definitions: Definitions, element: ElementInfo) -> str | None:
    """The one code system of a ``code`` element's bound value set; None where there is none or more than one.

    Source: FHIR R4 search, token: "the system is defined in the value set (though it's not usually needed)".
    """
    value_set = _bound_value_set(definitions, element)
    systems = set(_systems(value_set)) if value_set else set()
    return systems.pop() if len(systems) == 1 else None


def _bound_value_set(definitions: Definitions, element: ElementInfo) -> Resource | None:
    structure = definitions.structure(element.path.partition(".")[0], asked_by=element.path)
    bindings = (each.get("binding", {}) for each in structure["snapshot"]["element"] if each["path"] == element.path)
    canonical = next((binding["valueSet"] for binding in bindings if "valueSet" in binding), None)
    return definitions.find(canonical, "ValueSet") if canonical else None


def _systems(value_set: Resource) -> Iterator[str | None]:
    """The systems of a value set; None for what another value set brings in."""
    include: list[dict[str, Any]] = value_set.get("compose", {}).get("include", [])
    for part in include:
        yield part.get("system")
