"""What a message does to the record: it finds whom it is about, and drafts what has changed.

The record is read in the turn that writes it, so that two messages about one patient never lose each other's changes.
"""

from careloom.connectors.hl7v2.movement import Movement
from careloom.connectors.hl7v2.stays import stay_after
from careloom.connectors.patients import patient_of, survivor
from careloom.connectors.record import Known, Record
from careloom.connectors.told import Told
from careloom.model import Resource
from careloom.model.errors import ConflictError


def draft(movement: Movement, record: Record) -> None:
    """Draft what a message changes, and have it judged.

    Raises:
        InvalidError: What would be written breaks rules; carries the issues.
        ConflictError: A merge of a record with itself, or a chain of merges that is too long.
        MultipleMatchesError: Identifiers that belong to several records.
        NotFoundError: There is nothing to take back.
    """
    patient = patient_of(record, movement.patient)
    if movement.merged_away is not None:
        _merge(movement.merged_away, patient, record)
    if movement.encounter is not None:
        _move(movement, movement.encounter, patient, record)
    record.judge()


def _move(movement: Movement, told: Told, patient: Known, record: Record) -> None:
    known = record.find(told)
    place = _place(movement.location, record)
    after = stay_after(known.resource if known else None, told, movement.event, place=place, at=movement.at)
    record.put(known, {**after, "subject": {"reference": patient.reference}})


def _place(location: Told | None, record: Record) -> Resource | None:
    if location is None:
        return None
    known = record.find(location) or record.put(None, location.resource)
    return {"reference": known.reference, "display": location.resource["name"]}


def _merge(told: Told, living: Known, record: Record) -> None:
    """Make the record that is told of part of another: each links to the other, and the first is active no more."""
    found = record.find(told)
    away = survivor(record, found)
    if away is not None and away.id == living.id:
        if found is not None and found.id != living.id:
            return  # which was merged before
        raise ConflictError(f"MRG-1: a record other than {living.reference} expected, that same one found")
    resource = told.laid_over(away.resource if away else {})
    gone = record.put(away, {**resource, "active": False, "link": _linked(resource, living.reference, "replaced-by")})
    record.put(living, {**living.resource, "link": _linked(living.resource, gone.reference, "replaces")})


def _linked(resource: Resource, reference: str, type: str) -> list[Resource]:
    """The links of a patient, with one more unless it is there already."""
    links = list(resource.get("link", ()))
    link = {"other": {"reference": reference}, "type": type}
    return links if link in links else [*links, link]
