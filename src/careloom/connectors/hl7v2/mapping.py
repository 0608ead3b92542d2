"""A message as resources, by the rules of the tables: what it says, and what it takes back.

What comes of a field depends on nothing but the text of that field, and the same wards, doctors and addresses come all
day, the same patients in message after message; so it is remembered by that text, and by that of whole lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from careloom.connectors.hl7v2.datatypes import DATATYPES
from careloom.connectors.hl7v2.delimiters import Delimiters
from careloom.connectors.hl7v2.message import Message, Value, repeated
from careloom.connectors.hl7v2.tables import FieldPath, Rule, Tables
from careloom.connectors.told import Told
from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass

_REMEMBERED: Final = 2_000
"""Texts of a field that are remembered with what a rule makes of them."""

_LONGEST_REMEMBERED: Final = 500
"""Characters of such a text."""

_REMEMBERED_LINES: Final = 1_000
"""Lines that are remembered with all that is made of them, for each set of rules."""

_LONGEST_LINES: Final = 2_000
"""Characters of such lines."""

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule makes of a field: items that are shared and never changed, or that the element is taken back."""

    items: Sequence[Any] = ()
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class _Field:
    """Reads one field by a rule: None where there is nothing in it."""

    segment: str
    number: int
    read: Callable[[str], _Found | None]


class _Reader:
    """Reads what a message says of a resource, by some rules; lines that come again are remembered.

    Args:
        type: Resource type.
        rules: The rules.
        tables: Those of the site.
        delimiters: Those of the message.
    """

    def __init__(self, type: str, rules: Sequence[Rule], tables: Tables, delimiters: Delimiters) -> None:
        self._type = type
        self._rules = [(rule, [_field(rule, source, tables, delimiters) for source in rule.sources]) for rule in rules]
        self._segments = sorted({source.segment for rule in rules for source in rule.sources})
        self._known: dict[tuple[str, ...], Told] = {}

    def read(self, message: Message) -> Told:
        """What the message says.

        Raises:
            InvalidError: A field is not what its data type asks for; the message names it.
        """
        lines = tuple(map(message.line, self._segments))
        told = self._known.get(lines)
        if told is None:
            told = self._read(message)
            if sum(map(len, lines)) <= _LONGEST_LINES:
                if len(self._known) >= _REMEMBERED_LINES:
                    self._known.clear()
                self._known[lines] = told
        return told

    def _read(self, message: Message) -> Told:
        resource: Resource = {"resourceType": self._type}
        removed: set[tuple[str, ...]] = set()
        yielding: set[tuple[str, str]] = set()
        segments = {name: message.first(name).fields for name in self._segments}
        for rule, fields in self._rules:
            if rule.unless and rule.unless in resource:
                removed.add(rule.target)  # what is told says more
                continue
            found = _first_found(segments, fields)
            if found is None:
                continue
            if found.is_null:
                removed.add(rule.target)
                continue
            _put(resource, rule, found.items)
            if rule.unless and any(item is False for item in found.items):
                removed.add((rule.unless,))
            elif rule.unless:
                yielding.add((rule.target[0], rule.unless))
        told = frozenset(path for path in removed if path[0] not in resource)
        return Told(resource, told, frozenset(yielding))


def mapped(message: Message, type: str, tables: Tables) -> Told:
    """What a message says of the resource of a type; it is shared, and never changed.

    Raises:
        InvalidError: A field is not what its data type asks for; the message names it.
    """
    applying = _applying(type, message.event, tables)
    return _reader(type, applying, tables, message.delimiters).read(message)


@lru_cache(maxsize=500)
def _applying(type: str, event: str, tables: Tables) -> tuple[int, ...]:
    """Which of the rules for a type apply to an event."""
    rules = tables.resources.get(type, ())
    return tuple(number for number, rule in enumerate(rules) if not rule.events or event in rule.events)


@lru_cache(maxsize=20)
def _reader(type: str, applying: tuple[int, ...], tables: Tables, delimiters: Delimiters) -> _Reader:
    """What reads the resource of a type by some rules; few, for each remembers a lot."""
    rules = tables.resources.get(type, ())
    return _Reader(type, [rules[number] for number in applying], tables, delimiters)


def _first_found(segments: Mapping[str, Sequence[str]], fields: Sequence[_Field]) -> _Found | None:
    """What the first field says that says anything; by name of segment, its fields as they came."""
    for field in fields:
        texts = segments[field.segment]
        if field.number < len(texts) and (raw := texts[field.number]) and (found := field.read(raw)) is not None:
            return found
    return None


def _field(rule: Rule, source: FieldPath, tables: Tables, delimiters: Delimiters) -> _Field:
    read = partial(_found, rule, source, tables, delimiters)
    known = lru_cache(maxsize=_REMEMBERED)(read)
    return _Field(
        source.segment, source.field, lambda raw: known(raw) if len(raw) <= _LONGEST_REMEMBERED else read(raw)
    )


def _found(rule: Rule, source: FieldPath, tables: Tables, delimiters: Delimiters, raw: str) -> _Found | None:
    values = source.values(repeated(raw, delimiters))
    if not values:
        return None
    if not rule.repeats:
        values = values[:1]
    if all(value.is_null for value in values):
        return _Found(is_null=True)
    items = tuple(_converted(rule, values, tables))
    return _Found(items, is_null=not items and any(value.has_null for value in values))


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


def _put(resource: Resource, rule: Rule, found: Sequence[Any]) -> None:
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
