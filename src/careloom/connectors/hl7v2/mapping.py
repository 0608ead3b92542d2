"""A message as resources, by the rules of the tables: what it says, and what it takes back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from careloom.connectors.hl7v2.datatypes import DATATYPES
from careloom.connectors.hl7v2.message import Message, Value
from careloom.connectors.hl7v2.tables import Rule, Tables
from careloom.model import Resource
from careloom.model.errors import InvalidError

_WHOLE = frozenset({"class", "priority", "serviceType", "maritalStatus", "admitSource", "dischargeDisposition"})
"""Objects that are one value, which another takes the place of."""

_NAMED_BY = {"identifier": "system", "extension": "url"}
"""Lists of which a message tells only some items, and what tells these from the others."""

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a message says of one resource.

    Attributes:
        resource: The elements it has, with ``resourceType``.
        removed: Elements that it takes back: those whose field is HL7's null.
    """

    resource: Resource
    removed: frozenset[tuple[str, ...]]

    def laid_over(self, known: Resource) -> Resource:
        """The record as it is after the message: its elements replaced or removed, the rest as it was."""
        together = _merged(known, self.resource)
        for path in self.removed:
            _remove(together, path)
        return together


def mapped(message: Message, type: str, tables: Tables) -> Mapped:
    """What a message says of the resource of a type.

    Raises:
        InvalidError: A field is not what its data type asks for; the message names it.
    """
    resource: Resource = {"resourceType": type}
    removed: set[tuple[str, ...]] = set()
    for rule in tables.resources.get(type, ()):
        if rule.events and message.event not in rule.events:
            continue
        values = _values(rule, message)
        if values and all(value.is_null for value in values):
            removed.add(rule.target)
        elif not (rule.unless and rule.unless in resource):
            _put(resource, rule, list(_converted(rule, values, tables)))
    return Mapped(resource, frozenset(path for path in removed if path[0] not in resource))


def _values(rule: Rule, message: Message) -> list[Value]:
    found = next((values for source in rule.sources if (values := source.values(message))), [])
    return found if rule.repeats else found[:1]


def _converted(rule: Rule, values: list[Value], tables: Tables) -> Iterator[Any]:
    convert = DATATYPES[rule.datatype]
    for value in values:
        if value.is_null:
            continue
        try:
            found = convert(value, tables)
        except InvalidError as error:
            raise InvalidError(
                f"{' or '.join(map(str, rule.sources))}: {error}", expression=".".join(rule.target)
            ) from error
        if found is not None and rule.map:
            found = _looked_up(rule, found, tables)
        if found is not None:
            yield _with_constants(rule, found)


def _looked_up(rule: Rule, found: Any, tables: Tables) -> Any:
    """The code that a table has for the code that came; one that it does not have is told, not guessed."""
    table = tables.maps[rule.map]
    code = _code_of(found)
    if code not in table.codes:
        raise InvalidError(
            f"{' or '.join(map(str, rule.sources))}: a code of the table {rule.map} expected, {code!r} found",
            expression=".".join(rule.target),
        )
    meant = table.codes[code]
    if rule.datatype == "code":
        return meant
    coding = {"system": table.system, "code": meant} if table.system else {"code": meant}
    return coding if rule.datatype == "coding" else {"coding": [coding]}


def _code_of(found: Any) -> str:
    if isinstance(found, dict):
        coding = found.get("coding", [found])[0]
        return str(coding.get("code", found.get("text", "")))
    return str(found)


def _with_constants(rule: Rule, found: Any) -> Any:
    if not rule.constants:
        return found
    if rule.datatype == "participant":
        return {"type": [{"coding": [{"system": _PARTICIPATION, "code": rule.constants["type"]}]}], **found}
    return {**rule.constants, **found}


def _put(resource: Resource, rule: Rule, found: list[Any]) -> None:
    """Place what a rule found; repetitions follow those of an earlier rule for the same element."""
    if not found:
        return
    *path, last = rule.target
    at = resource
    for step in path:
        at = at.setdefault(step, {})
    if rule.repeats:
        at[last] = [*at.get(last, []), *found]
    else:
        at[last] = found[0]


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
    """Items of a system, or URL, that the message speaks of are those of the message; the others stay."""
    named = {item.get(name) for item in told}
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
