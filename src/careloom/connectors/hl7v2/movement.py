"""What a message does to the record: in one turn it finds whom it is about, and writes what has changed.

The record is read in the turn that writes it, so that two messages about one patient never lose each other's changes.
A record that became part of another is followed to the one that lives on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from careloom.connectors.hl7v2.datatypes import date_time, identifier
from careloom.connectors.hl7v2.mapping import Mapped, mapped
from careloom.connectors.hl7v2.message import Message, Value
from careloom.connectors.hl7v2.stays import stay_after
from careloom.connectors.hl7v2.tables import Event, Tables
from careloom.model import Issue, Resource
from careloom.model.errors import ConflictError, InvalidError, MultipleMatchesError, NotSupportedError
from careloom.model.issues import has_errors
from careloom.search import SearchParameters, parse_query
from careloom.store import Turn, Version

_LONGEST_CHAIN = 20
"""Merges of merged records that are followed."""

_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_LEVELS = (("bd", "bed"), ("ro", "room"), ("wa", "ward"), ("si", "site"))


@dataclass(frozen=True, slots=True)
class Movement:
    """A message, read as far as it can be without the record.

    Attributes:
        event: What it means.
        patient: What it says of the patient.
        merged_away: What it says of the record that becomes part of the patient's; None where there is no merge.
        encounter: What it says of the stay; None where it is about no stay.
        location: Where the patient is; None where it says nothing.
        at: When it happened, FHIR dateTime.
    """

    event: Event
    patient: Mapped
    merged_away: Mapped | None
    encounter: Mapped | None
    location: Resource | None
    at: str | None


def movement(message: Message, tables: Tables) -> Movement:
    """Read a message.

    Raises:
        NotSupportedError: Not an ADT, or a trigger event that no table has.
        InvalidError: A field is not what its data type asks for, or whom it is about is not said.
    """
    kind = message.header.value(9).component(1)
    if kind != "ADT" or message.event not in tables.events:
        known = ", ".join(f"ADT^{name}" for name in tables.events)
        raise NotSupportedError(f"MSH-9: one of {known} expected, '{kind}^{message.event}' found")
    event = tables.events[message.event]
    patient = mapped(message, "Patient", tables)
    if not patient.resource.get("identifier"):
        raise InvalidError("PID-3: an identifier of the patient expected, none found", expression="Patient.identifier")
    return Movement(
        event=event,
        patient=patient,
        merged_away=_merged_away(message, tables) if event.merge else None,
        encounter=_encounter(message, event, tables),
        location=_location(message.first("PV1").value(3), tables),
        at=_at(message, tables),
    )


def _merged_away(message: Message, tables: Tables) -> Mapped:
    found = [made for value in message.first("MRG").repetitions(1) if (made := identifier(value, tables))]
    if not found:
        raise InvalidError("MRG-1: an identifier of the record to be merged expected, none found")
    return Mapped({"resourceType": "Patient", "identifier": found}, frozenset())


def _encounter(message: Message, event: Event, tables: Tables) -> Mapped | None:
    """What is said of the stay; an update without a visit number is about the patient alone."""
    if event.stay == "none":
        return None
    told = mapped(message, "Encounter", tables)
    if told.resource.get("identifier"):
        return told
    if event.stay == "update":
        return None
    raise InvalidError("PV1-19: a visit number expected, none found", expression="Encounter.identifier")


def _at(message: Message, tables: Tables) -> str | None:
    candidates = (message.first("EVN").value(6), message.first("EVN").value(2), message.header.value(7))
    return next((found for value in candidates if (found := date_time(value, tables))), None)


def _location(value: Value, tables: Tables) -> Resource | None:
    """PL: facility, ward, room and bed as one Location, known by all of them together."""
    bed, room, ward = value.component(3), value.component(2), value.component(1)
    facility = value.part(4).component(1)
    parts = [part for part in (facility, ward, room, bed) if part]
    if not parts or value.is_null:
        return None
    code, display = next(level for level, part in zip(_LEVELS, (bed, room, ward, facility), strict=True) if part)
    return {
        "resourceType": "Location",
        "identifier": [{"system": tables.location_system, "value": "/".join(parts)}],
        "status": "active",
        "name": " ".join(part for part in (ward, room, bed) if part) or facility,
        "mode": "instance",
        "physicalType": {"coding": [{"system": _PHYSICAL_TYPE, "code": code}], "text": display},
    }


@dataclass(frozen=True, slots=True)
class Record:
    """The record as a message meets it in the writer's turn, and what is written there.

    Attributes:
        turn: The turn.
        parameters: By which the record is searched.
        check: Judges a resource before it is written.
        patient_systems: Systems whose identifiers patients are found by, the best first.
        written: The versions made so far.
    """

    turn: Turn
    parameters: SearchParameters
    check: Callable[[Resource], Sequence[Issue]]
    patient_systems: Sequence[str]
    written: list[Version] = field(default_factory=list)

    def apply(self, movement: Movement) -> None:
        """Write what a message changes.

        Raises:
            InvalidError: What would be written breaks rules; carries the issues.
            ConflictError: A merge of a record with itself, or identifiers that belong to several records.
            NotFoundError: There is nothing to take back.
        """
        kept = self.patient(movement.patient)
        if movement.merged_away is not None:
            self._merge(movement.merged_away, kept)
        if movement.encounter is not None:
            self._move(movement, movement.encounter, kept)

    def patient(self, told: Mapped) -> Version:
        """The patient as the message has it; a survivor keeps its own identifiers when it is told of by another's."""
        found = self.find(told)
        survivor = self.survivor(found)
        if found is not None and survivor is not None and survivor.id != found.id:
            told = Mapped({key: value for key, value in told.resource.items() if key != "identifier"}, told.removed)
        return self.put(survivor, told.laid_over((survivor.resource if survivor else None) or {}))

    def _move(self, movement: Movement, told: Mapped, patient: Version) -> None:
        known = self.find(told)
        place = self._place(movement.location)
        before = known.resource if known else None
        after = stay_after(before, told, movement.event, place=place, at=movement.at)
        self.put(known, {**after, "subject": {"reference": patient.reference}})

    def _place(self, location: Resource | None) -> Resource | None:
        if location is None:
            return None
        known = self.find(Mapped(location, frozenset()))
        return {"reference": (known or self.put(None, location)).reference, "display": location["name"]}

    def _merge(self, told: Mapped, survivor: Version) -> None:
        """The one record becomes part of the other: each links to the other, and the first is not active any more."""
        found = self.find(told)
        away = self.survivor(found)
        if away is not None and away.id == survivor.id:
            if found is not None and found.id != survivor.id:
                return  # which was merged before
            raise ConflictError(f"MRG-1: a record other than {survivor.reference} expected, that same one found")
        resource = told.laid_over((away.resource if away else None) or {})
        replaced = {**resource, "active": False, "link": _linked(resource, survivor.reference, "replaced-by")}
        gone = self.put(away, replaced)
        kept = survivor.resource or {}
        self.put(survivor, {**kept, "link": _linked(kept, gone.reference, "replaces")})

    def survivor(self, version: Version | None) -> Version | None:
        """The record that this one became part of, and so on to the one that lives."""
        for _ in range(_LONGEST_CHAIN):
            link = next(_replaced_by(version), None) if version else None
            if link is None:
                return version
            version = self.turn.read("Patient", link.rpartition("/")[2])
        raise ConflictError(f"Patient.link: a chain of at most {_LONGEST_CHAIN} merges expected, a longer one found")

    def find(self, told: Mapped) -> Version | None:
        """The record with one of the identifiers, by the best of them that one has.

        Raises:
            MultipleMatchesError: Several records have it.
        """
        type = told.resource["resourceType"]
        for text in self._by_preference(told.resource["identifier"]):
            query = parse_query(type, [("identifier", text), ("_count", "2")], self.parameters, strict=True)
            found = self.turn.search(query)
            if len(found) > 1:
                raise MultipleMatchesError(f"{type}?identifier={text}: one record expected, several found")
            if found:
                return found[0]
        return None

    def _by_preference(self, identifiers: Sequence[Resource]) -> list[str]:
        """Identifiers as a search writes them."""
        place = {system: number for number, system in enumerate(self.patient_systems)}
        ranked = sorted(identifiers, key=lambda found: place.get(found.get("system", ""), len(place)))
        return [f"{_token(found.get('system', ''))}|{_token(found['value'])}" for found in ranked]

    def put(self, known: Version | None, resource: Resource) -> Version:
        """Write a resource unless it is as it was."""
        if known is not None and known.resource == resource:
            return known
        issues = self.check(resource)
        if has_errors(issues):
            raise InvalidError(f"{resource['resourceType']}: not as its profile asks", issues=issues)
        version = self.turn.update(resource) if known is not None else self.turn.create(resource)
        self.written.append(version)
        return version


def _replaced_by(version: Version) -> Iterator[str]:
    for link in (version.resource or {}).get("link", ()):
        if link.get("type") == "replaced-by":
            yield link["other"]["reference"]


def _linked(resource: Resource, reference: str, type: str) -> list[Resource]:
    """The links of a patient, with one more unless it is there already."""
    links = list(resource.get("link", ()))
    link = {"other": {"reference": reference}, "type": type}
    return links if link in links else [*links, link]


def _token(text: str) -> str:
    """Text within a search parameter, with what would divide it escaped. Source: FHIR R4, 3.1.1.5.7."""
    return "".join(f"\\{sign}" if sign in "\\,|$" else sign for sign in text)
