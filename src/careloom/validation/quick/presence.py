"""What an invariant comes to when all that is known of an object is which of its elements are there.

Most invariants of R4 only ask which elements exist, so for one set of keys they are true or false once and for all:
``dataAbsentReason.empty() or value.empty()`` needs no look at an Observation that has no ``dataAbsentReason``. The
expression is evaluated over *whether*, not over *what*: an element is there (`SOME`; `VALUE` for one primitive that has
its value) or not (`EMPTY`), and a part that would need the data is `UNKNOWN`.

An answer is given only where the evaluation over data could give no other, and could not fail: an operand that is not
known is never skipped over unless one to its left has already decided.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from itertools import product

from careloom.fhirpath.ast import Binary, Call, Index, Literal, Member, Tree, TypeOperation
from careloom.validation.schema import Node


class Known(Enum):
    """What is known of a collection."""

    EMPTY = "empty"
    SOME = "some"
    VALUE = "value"
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


EMPTY, SOME, VALUE, TRUE, FALSE, UNKNOWN = Known

MOST_NAMES = 6
"""Elements of an invariant of which each case is gone through."""

Presence = Mapping[str, Known]
"""Element name to what is known of it; elements that the type does not have are left out."""


def outcome(tree: Tree, presence: Presence) -> bool | None:
    """Whether an invariant holds for every object with these elements; None when it depends on more."""
    known = evaluate(tree, presence)
    return True if known is TRUE else False if known in (FALSE, EMPTY) else None


def asks_presence_alone(tree: Tree, names: frozenset[str]) -> bool:
    """Whether an invariant, which names these elements, is decided by which of them are there."""
    cases = product((EMPTY, SOME), repeat=len(names)) if len(names) <= MOST_NAMES else [(UNKNOWN,) * len(names)]
    return all(outcome(tree, dict(zip(names, case, strict=True))) is not None for case in cases)


def presence_of(node: Node, keys: tuple[str, ...]) -> dict[str, Known]:
    """What is known of each element of an object; one that has siblings may be there or not."""
    found = dict.fromkeys(node.elements, EMPTY)
    for key in sorted(keys, key=lambda one: one[:1] == "_"):
        known = node.properties.get(key.removeprefix("_"))
        if known is not None:
            is_value = known.is_primitive and not known.element.is_list and f"_{key}" not in keys
            found[known.element.name] = UNKNOWN if key[:1] == "_" else VALUE if is_value else SOME
    return found


def evaluate(tree: Tree, presence: Presence) -> Known:  # noqa: PLR0911 - one case for each kind of tree
    """What is known of the result of an expression."""
    match tree:
        case Literal(value=bool() as value):
            return _truth(value)
        case Literal(value=value):
            return EMPTY if value is None else SOME
        case Member(target=None, name=name):
            return presence.get(name, UNKNOWN)
        case Member(target=Tree() as target) | Index(target=target):
            return EMPTY if evaluate(target, presence) is EMPTY else UNKNOWN
        case TypeOperation(operator="as", operand=operand):
            return EMPTY if evaluate(operand, presence) is EMPTY else UNKNOWN
        case Call(target=Tree() as target, name=name):
            judge = _CALLS.get(name)
            return judge(evaluate(target, presence), not tree.arguments) if judge else UNKNOWN
        case Binary(operator=operator, left=left, right=right):
            return _binary(operator, left, right, presence)
    return UNKNOWN


def _binary(operator: str, left: Tree, right: Tree, presence: Presence) -> Known:
    first = evaluate(left, presence)
    if (operator, first) in _DECIDED:
        return _DECIDED[operator, first]
    second = evaluate(right, presence)
    if first not in (TRUE, FALSE) or second not in (TRUE, FALSE):
        return UNKNOWN
    truth = _TRUTHS.get(operator)
    return _truth(truth(first is TRUE, second is TRUE)) if truth else UNKNOWN


def _truth(value: bool) -> Known:
    return TRUE if value else FALSE


def _exists(target: Known, is_bare: bool) -> Known:
    if target is EMPTY:
        return FALSE
    return TRUE if is_bare and target is not UNKNOWN else UNKNOWN


def _empty(target: Known, is_bare: bool) -> Known:
    return UNKNOWN if target is UNKNOWN else _truth(target is EMPTY)


def _not(target: Known, is_bare: bool) -> Known:
    return {TRUE: FALSE, FALSE: TRUE, EMPTY: EMPTY}.get(target, UNKNOWN)


def _all(target: Known, is_bare: bool) -> Known:
    return TRUE if target is EMPTY else UNKNOWN


def _has_value(target: Known, is_bare: bool) -> Known:
    return {EMPTY: FALSE, VALUE: TRUE}.get(target, UNKNOWN)


def _of_each(target: Known, is_bare: bool) -> Known:
    return EMPTY if target is EMPTY else UNKNOWN


_CALLS: Mapping[str, Callable[[Known, bool], Known]] = {
    "all": _all,
    "empty": _empty,
    "exists": _exists,
    "hasValue": _has_value,
    "not": _not,
    **dict.fromkeys(("first", "last", "ofType", "select", "tail", "where"), _of_each),
}
"""Function to what is known of its result, given what is known of its target, and whether it has no arguments."""

_DECIDED: Mapping[tuple[str, Known], Known] = {
    ("and", FALSE): FALSE,
    ("or", TRUE): TRUE,
    ("implies", FALSE): TRUE,
}
"""Operator and left operand that settle the result."""

_TRUTHS: Mapping[str, Callable[[bool, bool], bool]] = {
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
    "xor": lambda left, right: left != right,
    "implies": lambda left, right: right or not left,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
