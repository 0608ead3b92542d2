"""What a derived element may not do: it narrows and never widens.

Source: https://hl7.org/fhir/R4/profiling.html#cardinality and the sections that follow it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from careloom.definitions.snapshot.tree import Element
from careloom.model import Resource

Find = Callable[[str], Resource | None]
"""Gives the StructureDefinition of a canonical URL, or None."""

TYPES_BASE = "http://hl7.org/fhir/StructureDefinition/"
_ANYTHING = f"{TYPES_BASE}Resource"
_SYSTEM = "http://hl7.org/fhirpath/"


def violations(lower: Element, upper: Element, find: Find) -> Iterator[str]:
    """What an element definition does that its base does not let it, each as a sentence.

    Args:
        lower: The element of the base.
        upper: What the differential says of it.
        find: For types and profiles that derive from others.
    """
    yield from _cardinality(lower, upper)
    yield from _types(lower, upper, find)
    yield from _binding(lower, upper)
    yield from _slicing(lower, upper)


def above(count: str, limit: str) -> bool:
    """Whether a greatest number of occurrences, ``*`` for any, goes over another."""
    return limit != "*" and (count == "*" or int(count) > int(limit))


def derives(canonical: str, ancestor: str, find: Find) -> bool | None:
    """Whether a definition is another one or builds on it; None when the chain cannot be followed to its end."""
    seen: set[str] = set()
    current = canonical.partition("|")[0]
    while current != ancestor.partition("|")[0]:
        definition = find(current)
        if definition is None or current in seen:
            return None
        seen.add(current)
        current = definition.get("baseDefinition", "").partition("|")[0]
        if not current:
            return False
    return True


def _cardinality(lower: Element, upper: Element) -> Iterator[str]:
    said = {"min": 0, "max": "*", **lower, **upper}
    least, most = said["min"], said["max"]
    if least < lower.get("min", 0):
        yield f"min: at least {lower['min']} expected as in the base, found {least}"
    if above(most, lower.get("max", "*")):
        yield f"max: at most {lower['max']} expected as in the base, found {most}"
    if above(str(least), most):
        yield f"min {least} is greater than max {most}"


def _types(lower: Element, upper: Element, find: Find) -> Iterator[str]:
    allowed = lower.get("type", [])
    if not allowed or any(type["code"].startswith(_SYSTEM) for type in allowed):
        return
    for type in upper.get("type", ()):
        bases = [base for base in allowed if _type_derives(type["code"], base["code"], find)]
        if not bases:
            codes = ", ".join(base["code"] for base in allowed)
            yield f"type {type['code']}: one of {codes} expected, as in the base"
            continue
        yield from _targets(type, bases, find)


def _targets(type: dict[str, Any], bases: list[dict[str, Any]], find: Find) -> Iterator[str]:
    allowed = [target for base in bases for target in base.get("targetProfile", [_ANYTHING])]
    if _ANYTHING in allowed:
        return
    for target in type.get("targetProfile", ()):
        if all(derives(target, base, find) is False for base in allowed):
            yield f"target {target}: one that is, or builds on, {' or '.join(allowed)} expected"


def _type_derives(code: str, ancestor: str, find: Find) -> bool:
    return code == ancestor or derives(TYPES_BASE + code, TYPES_BASE + ancestor, find) is True


def _binding(lower: Element, upper: Element) -> Iterator[str]:
    """A required binding stays so; any other that is made weaker is a fault that a profile can be used with."""
    strength, found = (side.get("binding", {}).get("strength") for side in (lower, upper))
    if strength == "required" and "binding" in upper and found != "required":
        yield f"binding: required expected as in the base, found {found}"


def _slicing(lower: Element, upper: Element) -> Iterator[str]:
    rules, found = (side.get("slicing", {}).get("rules") for side in (lower, upper))
    if rules == "closed" and found not in (None, "closed"):
        yield f"slicing: closed in the base, found {found}"
