"""A message, read as far as it can be without the record."""

from collections.abc import Iterator
from functools import lru_cache

from careloom.connectors.hl7v2.datatypes import date_time, identifier
from careloom.connectors.hl7v2.mapping import mapped
from careloom.connectors.hl7v2.message import Message, Value
from careloom.connectors.hl7v2.tables import Event, Tables
from careloom.connectors.told import Told
from careloom.model import Resource
from careloom.model.errors import InvalidError, NotSupportedError
from careloom.model.nhs_number import UNVERIFIED
from careloom.model.records import dataclass

_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_LONGEST_REMEMBERED = 200
"""Characters of a place that is remembered."""

_LEVELS = (("bd", "bed"), ("ro", "room"), ("wa", "ward"), ("si", "site"))


@dataclass(frozen=True, slots=True)
class Movement:
    """What a message says.

    Attributes:
        event: What it means.
        patient: What it says of the patient.
        merged_away: What it says of the record that becomes part of the patient's; None where there is no merge.
        encounter: What it says of the stay; None where it is about no stay.
        location: Where the patient is; None where it says nothing.
        at: When it happened, FHIR dateTime.
    """

    event: Event
    patient: Told
    merged_away: Told | None
    encounter: Told | None
    location: Told | None
    at: str | None

    @property
    def warnings(self) -> list[str]:
        """What the sender should see to, though the message is taken."""
        people = (("PID-3", self.patient), ("MRG-1", self.merged_away))
        return [
            f"{field}: {number} fails the check digit of an NHS number; it is kept as unverified, nobody is found by it"
            for field, told in people
            if told is not None
            for number in _unverified(told.resource)
        ]

    @property
    def told(self) -> Iterator[Told]:
        """All that is said of resources."""
        every = (self.patient, self.merged_away, self.encounter, self.location)
        return (each for each in every if each is not None)


def _unverified(patient: Resource) -> list[str]:
    return [each["value"] for each in patient.get("identifier", ()) if each.get("system") == UNVERIFIED]


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
    _require_identity("PID-3: an identifier of the patient", patient)
    return Movement(
        event=event,
        patient=patient,
        merged_away=_merged_away(message, tables) if event.merge else None,
        encounter=_encounter(message, event, tables),
        location=_location(message.first("PV1").value(3), tables),
        at=_at(message, tables),
    )


def _merged_away(message: Message, tables: Tables) -> Told:
    found = [made for value in message.first("MRG").repetitions(1) if (made := identifier(value, tables))]
    told = Told({"resourceType": "Patient", "identifier": found})
    _require_identity("MRG-1: an identifier of the record to be merged", told)
    return told


def _require_identity(what: str, told: Told) -> None:
    """See that somebody can be found by what is told, the next time too.

    Raises:
        InvalidError: Nobody can.
    """
    if not told.names:
        found = "only an NHS number that fails its check digit" if told.resource.get("identifier") else "none"
        raise InvalidError(f"{what} expected, {found} found", expression="Patient.identifier")


def _encounter(message: Message, event: Event, tables: Tables) -> Told | None:
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


def _location(value: Value, tables: Tables) -> Told | None:
    """Where a patient is; None where that is not said."""
    return _known_place(value, tables) if len(value.raw) <= _LONGEST_REMEMBERED else _place(value, tables)


def _place(value: Value, tables: Tables) -> Told | None:
    """PL: facility, ward, room and bed as one Location, known by all of them together."""
    bed, room, ward = value.component(3), value.component(2), value.component(1)
    facility = value.part(4).component(1)
    parts = [part for part in (facility, ward, room, bed) if part]
    if not parts or value.is_null:
        return None
    code, display = next(level for level, part in zip(_LEVELS, (bed, room, ward, facility), strict=True) if part)
    resource = {
        "resourceType": "Location",
        "identifier": [{"system": tables.location_system, "value": "/".join(parts)}],
        "status": "active",
        "name": " ".join(part for part in (ward, room, bed) if part) or facility,
        "mode": "instance",
        "physicalType": {"coding": [{"system": _PHYSICAL_TYPE, "code": code}], "text": display},
    }
    return Told(resource)


_known_place = lru_cache(maxsize=5_000)(_place)
