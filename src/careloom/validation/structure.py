"""The structure of a resource by its type: properties, lists, cardinality, choices, primitives and their siblings."""

from collections.abc import Mapping
from typing import Any

from careloom.validation.bindings import check_binding
from careloom.validation.context import Check, Item
from careloom.validation.datatypes import check_datatype
from careloom.validation.extensions import check_extensions
from careloom.validation.invariants import check_constraints
from careloom.validation.path import Path
from careloom.validation.primitives import check_primitive
from careloom.validation.references import check_canonical, check_targets
from careloom.validation.schema import Node, Property

ABSENT: Any = object()
"""Stands for a value that is not there, where only what stands beside it is."""


def check_node(value: Any, node: Node, path: Path, check: Check) -> None:
    """Check a JSON object against the node it should be of, and everything below it."""
    if not isinstance(value, dict):
        check.error("structure", path, f"an object expected, {_kind(value)} found", "structure")
        return
    if not value:
        check.error("structure", path, "an object that is not empty expected", "empty")
        return
    properties, skim = node.properties, check.run.skim
    doubtful: list[str] = []
    for key in value if skim is None else skim.left(node, value, path, check):
        known = properties.get(key)
        if known is not None:
            doubtful.append(key)
            check_property(value[key], value.get(f"_{key}"), known, path, check)
        elif key[:1] == "_" and (beside := properties.get(key[1:])) is not None and beside.is_primitive:
            _check_beside(key, value, beside, path, check)
        elif key != "resourceType" or node.kind != "resource":
            check.error("structure", (path, key), f"no such property in {node.name}", "unknown-element")
    _check_id(value, node, path, check)
    is_complete, constraints = skim.left_open(node, value, tuple(doubtful)) if skim else (False, node.constraints)
    if not is_complete:
        _check_presence(value, node, path, check)
    check_constraints(constraints, Item(value, None, node.name, path), check)


def _check_beside(key: str, holder: Mapping[str, Any], known: Property, path: Path, check: Check) -> None:
    """Check what stands under ``_key``, as far as it is not looked at together with what stands under ``key``."""
    here = (path, known.element.name)
    if holder[key] is None:
        check.error("invalid", here, f"an object under {key} expected, null found", "null")
    elif known.is_bare:
        message = f"a value alone expected, which has neither id nor extensions; {key} found"
        check.error("structure", here, message, "sibling")
    elif key[1:] not in holder:
        check_property(ABSENT, holder[key], known, path, check)


def check_property(value: Any, sibling: Any, known: Property, parent: Path, check: Check) -> None:
    """Check what stands under a JSON key: one value or a list of them."""
    path = (parent, known.element.name)
    if not known.element.is_list:
        if isinstance(value, list) or isinstance(sibling, list):
            check.error("invalid", path, "one value expected, an array found", "list")
            value = value[0] if isinstance(value, list) and value else value
            sibling = None
        if not isinstance(value, list):
            check_value(value, sibling, known, path, check)
        return
    if not isinstance(value, list) and (value is not ABSENT or not isinstance(sibling, list)):
        check.error("invalid", path, f"an array expected, {_kind(value)} found", "list")
        check_value(value, sibling if not isinstance(sibling, list) else None, known, (path, 0), check)
        return
    _check_list(value, sibling, known, path, check)


def _check_list(values: Any, siblings: Any, known: Property, path: Path, check: Check) -> None:
    values = [] if values is ABSENT else values
    if siblings is not None and not isinstance(siblings, list):
        check.error("invalid", path, f"an array expected beside an array, {_kind(siblings)} found", "sibling")
    siblings = siblings if isinstance(siblings, list) else []
    if not values and not siblings:
        check.error("invalid", path, "an array that is not empty expected", "empty")
    if siblings and values and len(siblings) > len(values):
        check.error("invalid", path, f"at most {len(values)} siblings expected, {len(siblings)} found", "sibling")
    if values and not siblings and all(value is None for value in values):
        check.error("invalid", path, "a value in the array expected, null alone found", "null")
        return
    for index in range(max(len(values), len(siblings))):
        value = values[index] if index < len(values) else None
        sibling = siblings[index] if index < len(siblings) else None
        if index >= len(values) and sibling is None and values:
            continue  # the list of siblings is too long, which has been told
        check_value(ABSENT if value is None else value, sibling, known, (path, index), check)
    if known.element.max is not None and len(values) > known.element.max:
        check.error("structure", path, f"at most {known.element.max} expected, {len(values)} found", "cardinality")


def check_value(value: Any, sibling: Any, known: Property, path: Path, check: Check) -> None:
    """Check one value against the type it should be of, and what the definition says at this place."""
    if value is None or value is ABSENT:
        _check_absent(value, sibling, known, path, check)
        return
    type = known.type.code
    if known.is_primitive:
        check_primitive(type, value, path, check)
        if sibling is not None:
            _check_sibling(sibling, path, check)
    elif type in ("Resource", "DomainResource"):
        check.run.walker.check_inner(value, path, check)
        return
    else:
        node = check.library.node(type)
        if node is None:
            check.error("structure", path, f"the type {type} is not in the loaded definitions", "structure")
            return
        if not (known.element.is_list and _is_known_fine(value, type, path, check)):
            check_node(value, node, path, check)
        if not isinstance(value, dict):
            return
    _check_meaning(Item(value, sibling, type, path), known, check)


def _is_known_fine(value: Any, type: str, path: Path, check: Check) -> bool:
    """Whether one object of a list, which is not fine as a whole, is known to be."""
    skim = check.run.skim
    return skim is not None and skim.is_object_fine(type, value, path, check)


def _check_meaning(item: Item, known: Property, check: Check) -> None:
    """What goes beyond structure: data type rules, targets, binding, invariants and profiles of this place."""
    element = known.element
    check_extensions(item, check)
    if isinstance(item.value, dict):
        check_datatype(item, check)
        if known.type.targets:
            check_targets(item, (known.type,), check)
        if known.type.profiles:
            _check_type_profiles(item, known.type.profiles, check)
    elif known.is_pointer:
        check_canonical(item, known.type, check)
    if element.binding:
        check_binding(item, element.binding, check)
    if element.constraints:
        check_constraints(element.constraints, item, check)


def _check_type_profiles(item: Item, profiles: tuple[str, ...], check: Check) -> None:
    """A place whose type is a profile by itself: R4 has SimpleQuantity and MoneyQuantity."""
    for canonical in profiles:
        schema = check.library.find_schema(canonical)
        if schema is not None and item.type != "Extension":
            check.run.walker.check_profile(item, schema, check)


def _check_absent(value: Any, sibling: Any, known: Property, path: Path, check: Check) -> None:
    """A primitive may consist of its extensions alone; nothing else may be null."""
    if not known.is_primitive or sibling is None:
        check.error("invalid", path, "a value expected, null found", "null")
    elif value is None and not known.element.is_list:
        check.error("invalid", path, "a value or no property expected, null found", "null")
    if known.is_primitive and sibling is not None:
        _check_sibling(sibling, path, check)
        if isinstance(sibling, dict) and sibling.keys() == {"id"}:
            check.error("invariant", path, "ele-1: a value or extensions expected, an id alone found", "ele-1")
        item = Item(None, sibling, known.type.code, path)
        check_extensions(item, check)
        check_constraints(known.element.constraints, item, check)


def _check_sibling(sibling: Any, path: Path, check: Check) -> None:
    element = check.library.node("Element")
    assert element is not None, "every version of FHIR has Element"
    check_node(sibling, element, path, check)


def _check_id(value: Mapping[str, Any], node: Node, path: Path, check: Check) -> None:
    """An element's id is its own within the resource."""
    id = value.get("id")
    # That of an ElementDefinition is the same in differential and snapshot.
    if isinstance(id, str) and node.kind != "resource" and node.name != "ElementDefinition":
        if id in check.scope.ids:
            check.error("invalid", path, f"an id of its own expected, '{id}' found a second time", "id")
        check.scope.ids.add(id)


def _check_presence(value: Mapping[str, Any], node: Node, path: Path, check: Check) -> None:
    here = {key[1:] if key[:1] == "_" else key for key in value}
    for element, keys in node.required:
        if here.isdisjoint(keys):
            check.error("structure", (path, element.name), f"at least {element.min} expected, 0 found", "cardinality")
    for element, keys in node.choices:
        if len(here.intersection(keys)) > 1:
            found = [key for key in keys if key in here]
            check.error("structure", (path, element.name), f"one of {', '.join(found)} expected, all found", "choice")


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or value is ABSENT:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    return "a text" if isinstance(value, str) else "a number"
