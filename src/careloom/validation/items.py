"""The occurrences of an element below an item, found by its JSON keys."""

from careloom.validation.context import Item
from careloom.validation.library import Library
from careloom.validation.nodes import choice_key
from careloom.validation.path import Path
from careloom.validation.schema import Element


def children_of(item: Item, element: Element, library: Library) -> list[Item]:
    """Every occurrence of a child element, in order; none when the parent has no such thing."""
    holder = item.value if isinstance(item.value, dict) else item.sibling
    if not isinstance(holder, dict):
        return []
    path = (item.path, element.name)
    found: list[Item] = []
    for key, type in _keys(item, element, holder, library):
        _append(found, holder.get(key), holder.get(f"_{key}"), type, path)
    return found


def _keys(item: Item, element: Element, holder: dict[str, object], library: Library) -> list[tuple[str, str]]:
    """The JSON keys by which the element is present, each with the type that goes with it."""
    node = library.node(_node_name(item))
    base = node.elements.get(element.name) if node else None
    types = base.types if base else element.types
    if not element.is_choice and not (base and base.is_choice):
        return [(element.name, types[0].code if types else "Element")]
    keys = [(choice_key(element.name, type.code), type.code) for type in types]
    return [(key, type) for key, type in keys if key in holder or f"_{key}" in holder]


def _node_name(item: Item) -> str:
    if item.type in ("Resource", "DomainResource") and isinstance(item.value, dict):
        return str(item.value.get("resourceType", item.type))
    return item.type if isinstance(item.value, dict) else "Element"


def _append(found: list[Item], value: object, sibling: object, type: str, path: Path) -> None:
    if not isinstance(value, list) and not isinstance(sibling, list):
        if value is not None or sibling is not None:
            found.append(Item(value, sibling, _actual(value, type), path))
        return
    values = value if isinstance(value, list) else []
    siblings = sibling if isinstance(sibling, list) else []
    for index in range(max(len(values), len(siblings))):
        one = values[index] if index < len(values) else None
        beside = siblings[index] if index < len(siblings) else None
        found.append(Item(one, beside, _actual(one, type), (path, index)))


def _actual(value: object, type: str) -> str:
    """The type of a resource is its own business; every other type is what its place says."""
    if type in ("Resource", "DomainResource") and isinstance(value, dict):
        return str(value.get("resourceType", type))
    return type
