"""The value that an operation of FHIRPath Patch carries, as JSON for the place it goes to.

A value of a type comes as ``value[x]``. What has no type of its own, such as ``Patient.contact``, comes in parts, each
named for an element and with a value or parts again. A resource comes as ``resource``.
"""

from collections.abc import Mapping
from typing import Any

from careloom.definitions import TypeModel
from careloom.definitions.types import ElementInfo, TypeNode
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """A value and what stands beside it.

    Attributes:
        plain: JSON value; None for a primitive of extensions alone.
        type_name: The type it was sent as; empty for one that was made of parts.
        beside: Id and extensions of a primitive.
    """

    plain: Any
    type_name: str = ""
    beside: dict[str, Any] | None = None


def value_of(part: Mapping[str, Any] | None, element: ElementInfo, types: TypeModel) -> Value:
    """The value that a part named ``value``, or named for an element, carries.

    Args:
        part: The part.
        element: What it is a value of.
        types: Says what the elements of values made in parts are.

    Raises:
        MalformedError: There is no value, or more than one.
        InvalidError: Its type is not one that the element has.
    """
    if part is None:
        raise MalformedError("value: expected, found none")
    if "part" in part:
        return Value(_of_parts(part["part"], element, types))
    if isinstance(part.get("resource"), dict):
        return Value(part["resource"], "Resource")
    keys = {key.removeprefix("_") for key in part if key.removeprefix("_").startswith("value")}
    if len(keys) != 1:
        raise MalformedError(f"{part.get('name')}: one value expected, found {len(keys)}")
    key = keys.pop()
    return Value(part.get(key), _type_name(key, types), part.get(f"_{key}"))


def key_of(element: ElementInfo, value: Value) -> str:
    """The JSON key of an element that holds a value.

    Raises:
        InvalidError: The element may not have this type.
    """
    if not element.is_choice:
        return element.name
    if value.type_name not in element.types:
        told = ", ".join(element.types)
        raise InvalidError(f"{element.path}: a value of one of {told} expected, found {value.type_name or 'parts'}")
    return element.name + value.type_name[0].upper() + value.type_name[1:]


def write(holder: dict[str, Any], key: str, value: Value) -> None:
    """Put a value under a key, with what stands beside it."""
    for name, item in ((key, value.plain), (f"_{key}", value.beside)):
        if item is None:
            holder.pop(name, None)
        else:
            holder[name] = item


def _of_parts(parts: Any, element: ElementInfo, types: TypeModel) -> dict[str, Any]:
    """The object that named parts make."""
    node = types.node(element.types[0]) if len(element.types) == 1 else None
    if node is None or not isinstance(parts, list):
        raise MalformedError(f"{element.path}: it cannot be made of parts, send it as a value")
    made: dict[str, Any] = {}
    for part in parts:
        info = _part_element(part, node)
        value = value_of(part, info, types)
        key = key_of(info, value)
        if info.is_list:
            made.setdefault(key, []).append(value.plain)
        else:
            write(made, key, value)
    return made


def _part_element(part: Any, node: TypeNode) -> ElementInfo:
    name = part.get("name") if isinstance(part, dict) else None
    found = node.elements.get(name) if isinstance(name, str) else None
    if found is None:
        raise InvalidError(f"{node.name} has no element {name!r}")
    return found


def _type_name(key: str, types: TypeModel) -> str:
    """The type that ``valueHumanName`` or ``valueDate`` names."""
    name = key.removeprefix("value")
    lower = name[:1].lower() + name[1:]
    node = types.node(lower)
    return lower if node and node.kind == "primitive" else name
