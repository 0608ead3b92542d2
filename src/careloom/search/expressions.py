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

from careloom.model.records import dataclass

_ROOT = re.compile(r"\(*\s*([A-Z]\w*)\b")
_PLAIN = re.compile(r"[A-Z]\w*(?:\.[a-z]\w*)*")
_PLAIN_RELATIVE = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)*")
_RESOLVED = re.compile(r"\.where\(\s*resolve\(\)\s+is\s+(\w+)\s*\)")
_AS_OPERATOR = re.compile(r"\(\s*([\w.]+)\s+as\s+(\w+)\s*\)")
_AS_FUNCTION = re.compile(r"\.as\(\s*(\w+)\s*\)")
_NAVIGATION = re.compile(
    r"[A-Z]\w*\.(?P<first>[a-z]\w*)(?:\.[a-z]\w*(?![\w(])|\.ofType\(\w+\)|\.where\([^()]*\)|\.extension\('[^']*'\))*"
)
_EXTENSION = re.compile(r"\.extension\('[^']*'\)$")
_CHOICE = re.compile(r"(?:[A-Z]\w*\.)?[a-z]\w*\.ofType\((?P<type>\w+)\)")
_RELATIVE = re.compile(r"(?P<first>[a-z]\w*)(?:\.[a-z]\w*(?![\w(])|\.ofType\(\w+\))*")

_ERRATA = {"DateTime": "dateTime"}
"""Names of types as some expressions of R4 have them, and as they are."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One member of the union that an expression is.

    Attributes:
        text: FHIRPath, to be evaluated on a resource of the type.
        path: Names of the elements where it is a plain path without functions: ``("name", "family")``; else empty.
        target: Resource type that a reference must lead to; empty for any.
        first: Name of the element without which there is no result; empty where that is not known.
        of_types: The types of which that element has to be; empty for any.
    """

    text: str
    path: tuple[str, ...] = ()
    target: str = ""
    first: str = ""
    of_types: tuple[str, ...] = ()


def branches(expression: str, type: str, is_a: Callable[[str, str], bool]) -> tuple[Branch, ...]:
    """The members of an expression that apply to a resource type.

    Args:
        expression: SearchParameter.expression.
        type: Name of a concrete resource type.
        is_a: Whether a type is or specialises another.
    """
    members = (member.strip() for member in _union(expression))
    return tuple(_branch(member, type) for member in members if _applies(member, type, is_a))


def relative_branch(expression: str) -> Branch:
    """The expression of a composite's component, which begins at an element of the composite.

    Args:
        expression: SearchParameter.component.expression: ``code``, ``value.as(Quantity) | value.as(Range)``.
    """
    members = [_with_of_type(member.strip()) for member in _union(expression)]
    found = [_RELATIVE.fullmatch(member) for member in members]
    firsts = {each["first"] if each else "" for each in found}
    choices = [_CHOICE.match(member) for member in members]
    return Branch(
        text=" | ".join(members),
        path=tuple(members[0].split(".")) if len(members) == 1 and _PLAIN_RELATIVE.fullmatch(members[0]) else (),
        first=firsts.pop() if len(firsts) == 1 else "",
        of_types=tuple(each["type"] for each in choices if each) if all(choices) else (),
    )


def _applies(member: str, type: str, is_a: Callable[[str, str], bool]) -> bool:
    root = _ROOT.match(member)
    return bool(member) and (root is None or is_a(type, root[1]))


def _branch(member: str, type: str) -> Branch:
    resolved = _RESOLVED.search(member)
    text = _with_of_type(_RESOLVED.sub("", member))
    if _EXTENSION.search(text):
        text += ".value"
    path = tuple(text.split(".")[1:]) if _PLAIN.fullmatch(text) else ()
    if path:
        text = ".".join((type, *path))
    navigation = _NAVIGATION.fullmatch(text)
    choice = _CHOICE.match(text) if navigation else None
    return Branch(
        text=text,
        path=path,
        target=resolved[1] if resolved else "",
        first=navigation["first"] if navigation else "",
        of_types=(choice["type"],) if choice else (),
    )


def _with_of_type(member: str) -> str:
    text = _AS_OPERATOR.sub(r"\1.ofType(\2)", member)
    return _AS_FUNCTION.sub(lambda found: f".ofType({_ERRATA.get(found[1], found[1])})", text)


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
