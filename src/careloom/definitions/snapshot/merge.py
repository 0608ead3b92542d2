"""One element definition laid over another.

Most properties of the upper one replace those of the lower one; this module is about those that do not.
Source: https://hl7.org/fhir/R4/elementdefinition.html#interpretation.
"""

from collections.abc import Callable, Iterable
from typing import Any

from careloom.definitions.snapshot.tree import Element

_CHOICES = ("defaultValue", "fixed", "pattern", "minValue", "maxValue")
_ORDER = {
    name: place
    for place, name in enumerate(
        (
            *("id", "extension", "modifierExtension", "path", "representation", "sliceName", "sliceIsConstraining"),
            *("label", "code", "slicing", "short", "definition", "comment", "requirements", "alias", "min", "max"),
            *("base", "contentReference", "type", "defaultValue", "meaningWhenMissing", "orderMeaning", "fixed"),
            *("pattern", "example", "minValue", "maxValue", "maxLength", "condition", "constraint", "mustSupport"),
            *("isModifier", "isModifierReason", "isSummary", "binding", "mapping"),
        )
    )
}


def overlay(lower: Element, upper: Element) -> Element:
    """The lower definition with what the upper one says."""
    merged = dict(lower)
    for key, value in upper.items():
        _drop_other_choice(merged, key)
        merge = _MERGES.get(key)
        merged[key] = merge(merged[key], value) if merge and key in merged else value
    return merged


def in_order(element: Element) -> Element:
    """The same definition, its properties in the order of ElementDefinition."""
    return dict(sorted(element.items(), key=_place))


def with_source(element: Element, url: str) -> Element:
    """The same definition, each of its invariants telling which structure definition it comes from."""
    constraints = element.get("constraint")
    if not constraints or all("source" in constraint for constraint in constraints):
        return element
    return {**element, "constraint": [{**constraint, **_source(constraint, url)} for constraint in constraints]}


def _source(constraint: dict[str, Any], url: str) -> dict[str, str]:
    return {"source": constraint.get("source", url)}


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    name = item[0].removeprefix("_")
    stem = next((choice for choice in _CHOICES if name.startswith(choice)), name)
    return _ORDER.get(stem, len(_ORDER)), item[0]


def _drop_other_choice(merged: Element, key: str) -> None:
    """Take away ``fixedUri`` where ``fixedCode`` comes, since an element has one fixed value."""
    stem = next((choice for choice in _CHOICES if key.startswith(choice)), None)
    for other in [known for known in merged if stem and known.startswith(stem) and known != key]:
        del merged[other]


def _text(lower: str, upper: str) -> str:
    """FHIR: text that starts with three dots is added to the inherited text."""
    return f"{lower}\n{upper.removeprefix('...').lstrip()}" if upper.startswith("...") else upper


def _united(*keys: str) -> Callable[[list[Any], list[Any]], list[Any]]:
    """What adds the upper list to the lower, items with the same keys (or the same at all) once, the upper one's."""

    def identity(item: Any) -> Any:
        return tuple(item.get(key) for key in keys) if keys else item

    def unite(lower: list[Any], upper: list[Any]) -> list[Any]:
        changed = {identity(item): item for item in upper}
        kept = [changed.pop(identity(item), item) for item in lower]
        return [*kept, *changed.values()]

    return unite


def _binding(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """A binding that only says how strong keeps the value set; a new value set drops what was said of the old."""
    same = upper.get("valueSet", lower.get("valueSet")) == lower.get("valueSet")
    return {**lower, **upper} if same else upper


def _types(lower: list[dict[str, Any]], upper: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The types of the upper one; one that names no target keeps those it had, since types only narrow."""
    known = {type["code"]: type for type in lower}
    return [_type(known.get(type["code"]), type) for type in upper]


def _type(lower: dict[str, Any] | None, upper: dict[str, Any]) -> dict[str, Any]:
    kept: Iterable[str] = ("profile", "targetProfile") if lower else ()
    return {**{key: lower[key] for key in kept if lower and key in lower}, **upper}


_MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "definition": _text,
    "comment": _text,
    "requirements": _text,
    "alias": _united(),
    "condition": _united(),
    "constraint": _united("key"),
    "mapping": _united("identity", "map"),
    "example": _united("label"),
    "binding": _binding,
    "type": _types,
}
