"""The FHIRPath of a search parameter, cut down to one resource type and taken apart.

A SearchParameter of R4 has one expression for all its types, ``AllergyIntolerance.patient | Encounter.subject``.
For one type only some branches of that union matter, and three habits of R4 are put in a form that serves an index:

- ``X.where(resolve() is Patient)`` asks for the target of a reference, which an index cannot fetch;
  the type of the target is in the reference itself, so the branch is ``X`` and remembers ``Patient``.
- ``(X as T)`` and ``X.as(T)`` fail on a list with more than one item; ``X.ofType(T)`` does not.
- A parameter on an extension names the extension; what is meant is its value.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ROOT = re.compile(r"\(*\s*([A-Z]\w*)\b")
_PLAIN = re.compile(r"[A-Z]\w*(?:\.[a-z]\w*)*")
_RESOLVED = re.compile(r"\.where\(\s*resolve\(\)\s+is\s+(\w+)\s*\)")
_AS_OPERATOR = re.compile(r"\(\s*([\w.]+)\s+as\s+(\w+)\s*\)")
_AS_FUNCTION = re.compile(r"\.as\(\s*(\w+)\s*\)")
_NAVIGATION = re.compile(
    r"[A-Z]\w*\.(?P<first>[a-z]\w*)(?:\.[a-z]\w*(?![\w(])|\.ofType\(\w+\)|\.where\([^()]*\)|\.extension\('[^']*'\))*"
)
_EXTENSION = re.compile(r"\.extension\('[^']*'\)$")


@dataclass(frozen=True, slots=True)
class Branch:
    """One member of the union that an expression is.

    Attributes:
        text: FHIRPath, to be evaluated on a resource of the type.
        path: Names of the elements where it is a plain path without functions: ``("name", "family")``; else empty.
        target: Resource type that a reference must lead to; empty for any.
        first: Name of the element without which there is no result; empty where that is not known.
    """

    text: str
    path: tuple[str, ...] = ()
    target: str = ""
    first: str = ""


def branches(expression: str, type: str, is_a: Callable[[str, str], bool]) -> tuple[Branch, ...]:
    """The members of an expression that apply to a resource type.

    Args:
        expression: SearchParameter.expression.
        type: Name of a concrete resource type.
        is_a: Whether a type is or specialises another.
    """
    members = (member.strip() for member in _union(expression))
    return tuple(_branch(member, type) for member in members if _applies(member, type, is_a))


def _applies(member: str, type: str, is_a: Callable[[str, str], bool]) -> bool:
    root = _ROOT.match(member)
    return bool(member) and (root is None or is_a(type, root[1]))


def _branch(member: str, type: str) -> Branch:
    resolved = _RESOLVED.search(member)
    text = _RESOLVED.sub("", member)
    text = _AS_OPERATOR.sub(r"\1.ofType(\2)", text)
    text = _AS_FUNCTION.sub(r".ofType(\1)", text)
    if _EXTENSION.search(text):
        text += ".value"
    path = tuple(text.split(".")[1:]) if _PLAIN.fullmatch(text) else ()
    if path:
        text = ".".join((type, *path))
    navigation = _NAVIGATION.fullmatch(text)
    return Branch(text, path, resolved[1] if resolved else "", navigation["first"] if navigation else "")


def _union(expression: str) -> Iterator[str]:
    """The text between the ``|`` that are in no brackets and in no quotes."""
    depth, start, quoted = 0, 0, False
    for at, character in enumerate(expression):
        if character == "'" and expression[at - 1 : at] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            yield expression[start:at]
            start = at + 1
    yield expression[start:]
