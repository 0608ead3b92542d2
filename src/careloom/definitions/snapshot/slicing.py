"""Slices: what a new one begins with, and the slicings that go without saying.

Three slicings are implied where nobody writes them:

- extensions are sliced by their ``url``, at any depth;
- slices of a choice, ``value[x]:valueQuantity``, are told apart by their type;
- the shorthand ``valueQuantity`` for a path is such a slice, and leaves the choice no types but those it names.
  Only where it does nothing but forbid a type (``max`` of 0) do the other types stay.
"""

from collections.abc import Sequence
from typing import Any

from careloom.definitions.snapshot.tree import Element, Node

_BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}
_EXTENSIONS = frozenset({"extension", "modifierExtension"})
_CHOICE = "[x]"


def new_slice(node: Node, change: Node) -> Node:
    """A slice of a node before its own differential: all that is said of the node, but optional.

    A slice of a choice is of the type that its name says, unless the differential says its type.
    """
    slice = node.copy()
    slice.slice, slice.slices = change.slice, []
    slice.element = {key: value for key, value in node.element.items() if key != "slicing"} | {"min": 0}
    types = _types_named(node, change.slice)
    if types and "type" not in change.element:
        slice.element["type"] = types
    return slice


def implied_slicing(node: Node) -> Element:
    """The element of a node that gets a slice, with the slicing that goes without saying."""
    implied = _BY_URL if node.name in _EXTENSIONS else _BY_TYPE if node.name.endswith(_CHOICE) else None
    if implied is None or "slicing" in node.element or node.slice:
        return node.element
    return {**node.element, "slicing": implied}


def is_unknown(node: Node, change: Node) -> bool:
    """Whether a node has no child that a change is for, neither by its name nor by the shorthand for a choice."""
    return node.child(change.name) is None and choice_for(node, change.name) is None


def choice_for(node: Node, name: str) -> Node | None:
    """The choice among the children of a node that a shorthand such as ``valueQuantity`` is for."""
    return next((child for child in node.children if _types_named(child, name)), None)


def with_choices(node: Node, changes: Sequence[Node]) -> list[Node]:
    """The changes to the children of a node, each shorthand written out as a slice of its choice."""
    written: list[Node] = []
    choices: dict[str, Node] = {}
    for change in changes:
        choice = None if node.child(change.name) else choice_for(node, change.name)
        if choice is None:
            written.append(change)
            continue
        if choice.name not in choices:
            choices[choice.name] = _change_to(choice.name, written)
        choices[choice.name].slices.append(_as_slice(choice, change))
    for name, change in choices.items():
        target = node.child(name)
        if target is not None and "slicing" not in target.element:
            change.element = {**_closing(target, change.slices), **change.element}
    return written


def _change_to(name: str, written: list[Node]) -> Node:
    """The change to the choice itself, if there is one, in a copy of its own."""
    for place, change in enumerate(written):
        if change.name == name:
            written[place] = change.copy()
            return written[place]
    written.append(Node(name))
    return written[-1]


def _as_slice(choice: Node, change: Node) -> Node:
    element = {key: value for key, value in change.element.items() if key != "id"}
    return Node(choice.name, change.name, {**element, "sliceName": change.name}, change.children, change.slices)


def _closing(choice: Node, slices: Sequence[Node]) -> Element:
    if all(slice.element.get("max") == "0" for slice in slices):
        return {"slicing": _BY_TYPE}
    types = [type for slice in slices for type in _types_named(choice, slice.slice)]
    return {"slicing": {**_BY_TYPE, "rules": "closed"}, "type": types}


def _types_named(choice: Node, name: str) -> list[dict[str, Any]]:
    """The types of a choice that a name such as ``valueQuantity`` is for: one, or none where it is for none."""
    stem = choice.name.removesuffix(_CHOICE)
    if stem == choice.name or not name.startswith(stem):
        return []
    return [
        type for type in choice.element.get("type", ()) if name == stem + type["code"][0].upper() + type["code"][1:]
    ]
