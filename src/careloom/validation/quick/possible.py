"""Which shapes an object of a type may have, if it is fine: decided once, when the shape is first met."""

from careloom.validation.quick.memos import in_force, parsed
from careloom.validation.quick.presence import outcome, presence_of
from careloom.validation.quick.shapes import Keys
from careloom.validation.schema import Node


def is_possible(node: Node, keys: Keys) -> bool:
    """Whether an object of this shape may be fine: its keys are sound, and no invariant is false of all that have them.

    Every key is known, what must be there is, and no choice is made twice.
    """
    for key in keys:
        known = node.properties.get(key) or node.properties.get(key[1:] if key[:1] == "_" else "")
        if known is None:
            if key != "resourceType" or node.kind != "resource":
                return False
        elif key not in node.properties and (known.is_bare or not known.is_primitive):
            return False
    return bool(keys) and is_complete(node, keys) and _may_hold(node, keys)


def is_complete(node: Node, keys: Keys) -> bool:
    """Whether all that an object must have is among its keys, and no choice is made twice by them."""
    here = {key.removeprefix("_") for key in keys}
    if any(here.isdisjoint(needed) for _, needed in node.required):
        return False
    return all(len(here.intersection(offered)) <= 1 for _, offered in node.choices)


def _may_hold(node: Node, keys: Keys) -> bool:
    presence = presence_of(node, keys)
    trees = (parsed(constraint.expression) for constraint in in_force(node.constraints))
    return all(outcome(tree, presence) is not False for tree in trees if tree)
