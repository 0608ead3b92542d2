"""The tables by which messages become resources, read from `adt.toml` and from what a site lays over it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from careloom.connectors.hl7v2.message import Message, Value
from careloom.model.errors import InvalidError, MalformedError, NotFoundError

_FIELD = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d{1,3})(?:\.(?P<component>\d{1,2}))?")
_OID = re.compile(r"[0-2](?:\.\d+)+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

CODE_SYSTEMS: Mapping[str, str] = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNM": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "UCUM": "http://unitsofmeasure.org",
}
"""Coding systems by their names in table 0396."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """``PID-3`` or ``PID-29.1``: a field, or one component of it, of the first segment of a name."""

    segment: str
    field: int
    component: int | None = None

    def values(self, message: Message) -> list[Value]:
        """All repetitions that have something in them."""
        found = message.first(self.segment).repetitions(self.field)
        if self.component is None:
            return found
        return [part for value in found if (part := value.part(self.component))]

    def __str__(self) -> str:
        return f"{self.segment}-{self.field}" + (f".{self.component}" if self.component else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one element is made.

    Attributes:
        target: The element, ``period.start`` for one within another.
        sources: Fields, of which the first with something in it counts.
        repeats: Whether every repetition of the field becomes an item of a list.
        datatype: A name of `careloom.connectors.hl7v2.datatypes.DATATYPES`.
        map: Name of the table of codes that the result is looked up in.
        constants: Elements that are added to each result.
        unless: An element whose presence makes this rule idle.
        events: The events that it applies to; empty for all.
    """

    target: tuple[str, ...]
    sources: tuple[FieldPath, ...]
    repeats: bool
    datatype: str
    map: str = ""
    constants: Mapping[str, Any] | None = None
    unless: str = ""
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """What a trigger event means.

    Attributes:
        stay: ``begin``, ``move``, ``return`` (of a move), ``end``, ``update``, ``cancel``, ``reopen``;
            ``none`` where it is about no stay.
        status: Encounter.status that it leads to; empty where it leaves it.
        merge: Whether MRG-1 names a record that becomes part of that of PID-3.
    """

    stay: str
    status: str = ""
    merge: bool = False


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Codes of a table of HL7 v2, and what they are in FHIR; in a code system where one is named."""

    codes: Mapping[str, str]
    system: str = ""


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of a site."""

    timezone: ZoneInfo
    identifier_system: str
    location_system: str
    patient_systems: Sequence[str]
    authorities: Mapping[str, str]
    resources: Mapping[str, Sequence[Rule]]
    events: Mapping[str, Event]
    maps: Mapping[str, CodeMap]
    code_systems: Mapping[str, str]

    def code(self, map: str, code: str) -> str | None:
        """What a code of HL7 v2 is in FHIR; None where the table does not have it."""
        return self.maps[map].codes.get(code)

    def system_of(self, authority: Value) -> str | None:
        """The system of the identifiers that an assigning authority (HD) gives out; None where none is named."""
        name, universal = authority.component(1).strip(), authority.component(2).strip()
        for known in (name, universal):
            if known in self.authorities:
                return self.authorities[known]
        if _OID.fullmatch(universal):
            return f"urn:oid:{universal}"
        if _UUID.fullmatch(universal):
            return f"urn:uuid:{universal.lower()}"
        return self.identifier_system.format(authority=name) if name else None


def load_tables(site: Path | None = None) -> Tables:
    """The tables of Careloom, with those of a site laid over them.

    What a site writes replaces what stands under the same key: an element's rule, an authority, a table of codes.

    Raises:
        NotFoundError: There is no such file.
        MalformedError: It is no TOML.
        InvalidError: It says something that no table says; the message names the key.
    """
    source = files("careloom.connectors.hl7v2").joinpath("adt.toml").read_text("utf-8")
    tables = tomllib.loads(source)
    if site is not None:
        tables = _laid_over(tables, _read(site))
    return _tables(tables)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"a file of tables expected at {path}, none found") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: TOML expected: {error}") from error


def _laid_over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables become one, key by key, down to the rule of an element and to a table of codes."""
    together = dict(below)
    for key, value in above.items():
        is_table = isinstance(value, dict) and isinstance(below.get(key), dict) and "as" not in value
        together[key] = _laid_over(below[key], value) if is_table else value
    return together


def _tables(data: Mapping[str, Any]) -> Tables:
    known = {"site", "identity", "authorities", "resources", "events", "maps", "code_systems"}
    if data.keys() - known:
        raise InvalidError(f"tables: one of {', '.join(sorted(known))} expected, {min(data.keys() - known)!r} found")
    maps = {name: CodeMap(table["codes"], table.get("system", "")) for name, table in data["maps"].items()}
    return Tables(
        timezone=_timezone(data["site"]["timezone"]),
        identifier_system=data["site"]["identifier_system"],
        location_system=data["site"]["location_system"],
        patient_systems=tuple(data["identity"]["patient"]),
        authorities=data["authorities"],
        resources={
            type: tuple(_rules(type, elements, maps)) for type, elements in data["resources"].items() if elements
        },
        events={name: _event(name, row) for name, row in data["events"].items()},
        maps=maps,
        code_systems={**CODE_SYSTEMS, **data.get("code_systems", {})},
    )


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidError(f"site.timezone: a time zone such as 'Europe/London' expected, {name!r} found") from error


STAYS = frozenset({"begin", "move", "return", "end", "update", "cancel", "reopen", "none"})


def _event(name: str, row: Mapping[str, Any]) -> Event:
    if row.get("stay") not in STAYS:
        raise InvalidError(f"events.{name}.stay: one of {', '.join(sorted(STAYS))} expected, {row.get('stay')!r} found")
    return Event(row["stay"], row.get("status", ""), bool(row.get("merge")))


def _rules(type: str, elements: Mapping[str, Any], maps: Mapping[str, CodeMap]) -> list[Rule]:
    return [
        _rule(f"resources.{type}.{target}", target, row, maps)
        for target, rows in elements.items()
        for row in (rows if isinstance(rows, list) else [rows])
        if row
    ]


def _rule(where: str, target: str, row: Mapping[str, Any], maps: Mapping[str, CodeMap]) -> Rule:
    from careloom.connectors.hl7v2.datatypes import DATATYPES  # noqa: PLC0415 - which reads tables

    known = {"from", "each", "as", "map", "set", "unless", "on"}
    if row.keys() - known:
        raise InvalidError(f"{where}: one of {', '.join(sorted(known))} expected, {min(row.keys() - known)!r} found")
    if ("from" in row) == ("each" in row):
        raise InvalidError(f"{where}: either 'from' or 'each' expected, {sorted(row.keys() & {'from', 'each'})} found")
    if row.get("as") not in DATATYPES:
        raise InvalidError(f"{where}: one of {', '.join(DATATYPES)} expected as 'as', {row.get('as')!r} found")
    if row.get("map", "") and row["map"] not in maps:
        raise InvalidError(f"{where}: one of {', '.join(maps)} expected as 'map', {row['map']!r} found")
    sources = row.get("from", row.get("each"))
    return Rule(
        target=tuple(target.split(".")),
        sources=tuple(_field(where, text) for text in (sources if isinstance(sources, list) else [sources])),
        repeats="each" in row,
        datatype=row["as"],
        map=row.get("map", ""),
        constants=row.get("set"),
        unless=row.get("unless", ""),
        events=frozenset(row.get("on", ())),
    )


def _field(where: str, text: str) -> FieldPath:
    parts = _FIELD.fullmatch(text)
    if parts is None:
        raise InvalidError(f"{where}: a field such as 'PID-3' or 'PID-29.1' expected, {text!r} found")
    component = parts["component"]
    return FieldPath(parts["segment"], int(parts["field"]), int(component) if component else None)
