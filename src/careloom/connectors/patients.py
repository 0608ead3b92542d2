"""Whom a message is about: patients are found by identifier, and merged records are followed to the one that lives."""

from collections.abc import Iterator
from typing import Final

from careloom.connectors.record import Known, Record
from careloom.connectors.told import Told
from careloom.model.errors import ConflictError
from careloom.model.records import replace

LONGEST_CHAIN: Final = 20
"""Merges of merged records that are followed."""


def patient_of(record: Record, told: Told) -> Known:
    """The patient as the message has it; a survivor keeps its own identifiers when it is told of by another's.

    Raises:
        MultipleMatchesError: Several records have the identifier.
        ConflictError: A chain of merges is too long.
    """
    found = record.find(told)
    living = survivor(record, found)
    if found is not None and living is not None and living.id != found.id:
        told = replace(told, resource={key: value for key, value in told.resource.items() if key != "identifier"})
    return record.put(living, told.laid_over(living.resource if living else {}))


def survivor(record: Record, patient: Known | None) -> Known | None:
    """The record that this one became part of, and so on to the one that lives.

    Raises:
        ConflictError: The chain is too long.
    """
    for _ in range(LONGEST_CHAIN):
        link = next(_replaced_by(patient), None) if patient else None
        if link is None:
            return patient
        patient = record.read("Patient", link.rpartition("/")[2])
    raise ConflictError(f"Patient.link: a chain of at most {LONGEST_CHAIN} merges expected, a longer one found")


def _replaced_by(patient: Known) -> Iterator[str]:
    for link in patient.resource.get("link", ()):
        if link.get("type") == "replaced-by":
            yield link["other"]["reference"]
