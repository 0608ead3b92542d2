"""What somebody says of a resource that may be on record already, and what the record is then."""

from collections.abc import Sequence
from typing import Any

from careloom.model import Resource
from careloom.model.nhs_number import NHS_NUMBER, UNVERIFIED
from careloom.model.records import dataclass, field

Name = tuple[str, str]
"""System and value of an identifier; the system is empty where there is none."""

_WHOLE = frozenset({"class", "priority", "serviceType", "maritalStatus", "admitSource", "dischargeDisposition"})
"""Objects that are one value, which another takes the place of."""

_NAMED_BY = {"identifier": "system", "extension": "url"}
"""Lists of which a message tells only some items, and what tells these from the others."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one resource.

    Attributes:
        resource: The elements it has, with ``resourceType``.
        removed: Elements that are taken back.
        yielding: Elements that are left out where the record has another, which says more: that somebody is dead
            where it is known since when.
        names: What it can be found by.
    """

    resource: Resource
    removed: frozenset[tuple[str, ...]] = frozenset()
    yielding: frozenset[tuple[str, str]] = frozenset()
    names: Sequence[Name] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", names_of(self.resource))

    def laid_over(self, known: Resource) -> Resource:
        """The record as it is after it: the elements told of replaced or removed, the rest as it was."""
        left_out = {element for element, other in self.yielding if other in known}
        told = {key: value for key, value in self.resource.items() if key not in left_out}
        together = _merged(known, told)
        for path in self.removed:
            _remove(together, path)
        return together


def names_of(resource: Resource) -> list[Name]:
    """What a resource can be found by: identifiers, unless it is known of one that it may be another's."""
    names = []
    for identifier in resource.get("identifier", ()):
        value = identifier.get("value") if isinstance(identifier, dict) else None
        if isinstance(value, str) and value:
            system = identifier.get("system")
            if system == UNVERIFIED:
                continue
            names.append((system if isinstance(system, str) else "", value))
    return names


def _merged(known: Resource, told: Resource) -> Resource:
    """Objects are merged, identifiers by system, extensions by URL; anything else told replaces what was known."""
    together = dict(known)
    for key, value in told.items():
        before = known.get(key)
        if key in _NAMED_BY and before and isinstance(value, list):
            together[key] = _added(before, value, _NAMED_BY[key])
        else:
            are_objects = isinstance(before, dict) and isinstance(value, dict) and key not in _WHOLE
            together[key] = _merged(before or {}, value) if are_objects else value
    return together


def _added(before: list[Any], told: list[Any], name: str) -> list[Any]:
    """Items of a system, or URL, that the message speaks of are those of the message; the others stay.

    A good NHS number also takes the place of what was sent as one before and is none.
    """
    named = {item.get(name) for item in told}
    if NHS_NUMBER in named:
        named.add(UNVERIFIED)
    return [*(item for item in before if item.get(name) not in named), *told]


def _remove(resource: Resource, path: tuple[str, ...]) -> None:
    """Take an element out; the objects on the way to it were made by `_merged`, or are copied here."""
    if path[0] not in resource:
        return
    if len(path) == 1:
        del resource[path[0]]
        return
    inner = dict(resource[path[0]])
    _remove(inner, path[1:])
    if inner:
        resource[path[0]] = inner
    else:
        del resource[path[0]]
