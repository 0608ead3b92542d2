"""A mutant: a valid resource with one thing wrong, and the places where that must be told."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from careloom.model import Resource
from careloom.model.issues import Issue

Keys = tuple[str | int, ...]
"""From the resource down to a value: ``("name", 0, "family")``."""

GONE: Any = object()
"""In an edit: the property is taken away."""

_LAST_INDEX = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands at some keys from now on; `GONE` for nothing."""

    keys: Keys
    value: Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """How to break a resource, and where the error must be.

    Attributes:
        rule: Name of the rule that it is made by.
        element: Id of the element in the definition.
        change: What was done to it, for reports.
        edits: What to change in the valid resource.
        places: Elements of which one must bear an error, as FHIRPath; the index at the end is of no account.
        is_below_right: Whether an error on a part of the element will do.
        key: Of a broken invariant: the error must be that of this invariant.
    """

    rule: str
    element: str
    change: str
    edits: tuple[Edit, ...]
    places: tuple[str, ...]
    is_below_right: bool = False
    key: str = ""

    def broken(self, resource: Resource) -> Resource:
        """The resource with the fault; the valid one stays as it is and shares what is the same."""
        return broken(resource, self.edits)

    def is_caught(self, issues: Iterable[Issue]) -> bool:
        """Whether an error is told at the right element."""
        return any(issue.is_error and self._is_told_by(issue) for issue in issues)

    def _is_told_by(self, issue: Issue) -> bool:
        if self.key and issue.rule != self.key:
            return False
        return any(self._is_at(issue.expression, place) for place in self.places)

    def _is_at(self, expression: str, place: str) -> bool:
        if _LAST_INDEX.sub("", expression) == _LAST_INDEX.sub("", place):
            return True
        return self.is_below_right and expression.startswith((f"{place}.", f"{place}["))


def broken(resource: Resource, edits: Iterable[Edit]) -> Resource:
    """A resource with some changes; the one given stays as it is."""
    for edit in edits:
        resource = _replaced(resource, edit.keys, edit.value)
    return resource


def at(value: Any, keys: Keys) -> Any:
    """What stands at some keys."""
    for key in keys:
        value = value[key]
    return value


def _replaced(value: Any, keys: Keys, new: Any) -> Any:
    if not keys:
        return new
    head, *rest = keys
    if isinstance(value, Mapping):
        found = _replaced(value.get(str(head)), tuple(rest), new)
        kept = {key: item for key, item in value.items() if key != head or found is not GONE}
        return kept if found is GONE else kept | {str(head): found}
    if not isinstance(value, list) or not isinstance(head, int):
        raise TypeError(f"nothing to put {head!r} into: {value!r}")
    items = [*value[:head], _replaced(value[head], tuple(rest), new), *value[head + 1 :]]
    return [item for item in items if item is not GONE]
