"""The tables by which messages become resources."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from careloom.connectors.hl7v2.message import Value
from careloom.model.records import dataclass, replace

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

    def values(self, repetitions: Sequence[Value]) -> list[Value]:
        """What of the repetitions of the field is meant: what has something in it."""
        if self.component is None:
            return list(repetitions)
        return [part for value in repetitions if (part := value.part(self.component))]

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
        unless: An element that says more of the same, and whose presence makes this rule idle.
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


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """All tables of a site; each is its own.

    Attributes:
        sender: Who assigns the identifiers of which a message says no authority; empty where that is not known.
    """

    timezone: ZoneInfo
    identifier_system: str
    location_system: str
    patient_systems: Sequence[str]
    authorities: Mapping[str, str]
    resources: Mapping[str, Sequence[Rule]]
    events: Mapping[str, Event]
    maps: Mapping[str, CodeMap]
    code_systems: Mapping[str, str]
    sender: str = ""

    @property
    def own_system(self) -> str | None:
        """The system of the identifiers that the sender gives out itself; None where it is not known."""
        return self.system_named(self.sender) if self.sender else None

    def system_named(self, authority: str) -> str:
        """The system of an assigning authority that is known by its name alone."""
        return self.authorities.get(authority) or self.identifier_system.format(authority=authority)

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
        return self.system_named(name) if name else None


@lru_cache(maxsize=50)
def tables_for(tables: Tables, sender: str) -> Tables:
    """The tables as they are for what a sender sends."""
    return replace(tables, sender=sender)
