"""How a StructureDefinition slices: discriminators that lead somewhere, rules that are known, names that fit their ids.

What goes against the base is told when the snapshot is made, see `careloom.validation.rules.structure_definitions`.
Source: FHIR R4, profiling, "Slicing"; ElementDefinition.slicing, invariant sdf-20; ElementDefinition, "Element Ids".
"""

from collections.abc import Iterator, Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.element_definitions import elements_of
from careloom.validation.rules.parts import Part, part, parts, text
from careloom.validation.schema import Node

_DISCRIMINATORS = frozenset(["value", "exists", "pattern", "type", "profile"])
_RULES = frozenset(["closed", "open", "openAtEnd"])


def check_slicings(scope: Scope, check: Check) -> None:
    """Check each slicing and each slice of the differential."""
    path = (scope.path, "differential")
    for element, here in parts(part(scope.resource, "differential"), "element", path):
        _check_readable(element, scope, check)
        _check_slicing(element, here, check)
        _check_slice_name(element, here, check)
        _check_discriminators(element, here, check)


def _check_readable(element: Part, scope: Scope, check: Check) -> None:
    """Tell of the definition as a whole why nobody can work with it, whatever the base says."""
    place = text(element, "id") or text(element, "path")
    for reason in _reasons(element):
        check.error("exception", scope.path, f"the snapshot cannot be made: {place}: {reason}", "differential")


def _reasons(element: Part) -> Iterator[str]:
    slicing = part(element, "slicing")
    if slicing and "." not in text(element, "path"):
        yield "slicing of an element expected, of the whole found"
    for discriminator, _ in parts(slicing, "discriminator", (None, "")):
        type = text(discriminator, "type")
        if type and type not in _DISCRIMINATORS:
            yield f"slicing.discriminator: {', '.join(sorted(_DISCRIMINATORS))} expected, '{type}' found"
    rules = text(slicing, "rules")
    if rules and rules not in _RULES:
        yield f"slicing.rules: {', '.join(sorted(_RULES))} expected, '{rules}' found"


def _check_slicing(element: Part, path: Path, check: Check) -> None:
    """What occurs once at most cannot be sliced, and neither can the whole."""
    place = text(element, "path")
    if "slicing" not in element or not place:
        return
    if "." not in place:
        check.error("invalid", path, f"slicing of an element expected, of the whole of {place} found", "slicing-rule")
        return
    defined = _elements_of_type(place.partition(".")[0], check).get(place)
    if defined is not None and defined.get("max") == "1" and "[x]" not in place:
        message = f"slicing of an element that may repeat expected, {place} occurs once at most"
        check.error("business-rule", (path, "slicing"), message, "slicing-rule")


def _elements_of_type(name: str, check: Check) -> Mapping[str, Part]:
    return elements_of(name, check) if name in check.library.types.resource_types() else {}


def _check_slice_name(element: Part, path: Path, check: Check) -> None:
    """The id of a slice ends with its name; of an inner slice ``a/b`` likewise."""
    named = text(element, "sliceName")
    in_id = text(element, "id").rpartition(".")[2].partition(":")[2]
    if named and in_id and named not in (in_id, in_id.rpartition("/")[2]):
        message = f"the slice name {in_id} expected, as in the id {text(element, 'id')}, {named} found"
        check.error("invalid", (path, "sliceName"), message, "slice-name")


def _check_discriminators(element: Part, path: Path, check: Check) -> None:
    """The path of a discriminator leads on from the element, as far as that can be seen."""
    nodes = _nodes_at(text(element, "path"), check)
    slicing = (path, "slicing")
    for discriminator, here in parts(part(element, "slicing"), "discriminator", slicing):
        step = text(discriminator, "path").partition(".")[0]
        if not nodes or "(" in step or step in ("", "$this"):
            continue
        if not any(step in node.elements for node in nodes):
            names = ", ".join(node.name for node in nodes)
            check.error("invalid", here, f"a path in {names} expected, '{step}' found", "structure-definition")


def _nodes_at(path: str, check: Check) -> list[Node]:
    """The nodes that an element may be of; none where that is not certain."""
    start, *steps = path.split(".")
    nodes = [node] if (node := check.library.node(start)) else []
    for step in steps:
        names = [
            type.code
            for node in nodes
            if (element := node.elements.get(step.removesuffix("[x]")))
            for type in element.types
        ]
        if any(name in ("Resource", "DomainResource") for name in names):
            return []
        nodes = [node for name in names if (node := check.library.node(name))]
    return nodes
