"""A discharge letter as the hospital's interface makes it: a transaction of resources that refer to each other.

The headings are those of the PRSB's eDischarge summary, as UK Core's code system names them.
"""

import html
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from careloom.model import Resource

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
HEADINGS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-RecordStandardHeadings"
SNOMED = "http://snomed.info/sct"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_HOSPITAL_IDS = "https://st-elsewhere.example/id"

Row = Mapping[str, Any]


def discharge_transaction(
    stay: Row,
    *,
    diagnoses: Sequence[Row],
    medicines: Sequence[Row],
    allergies: Sequence[Row],
    organisation: str,
    title: str,
) -> Resource:
    """The transaction of one discharge.

    Args:
        stay: Row of the hospital's table of stays.
        diagnoses: Rows with ``code`` and ``term``.
        medicines: Rows with ``code``, ``term`` and ``dose``.
        allergies: Rows with ``code``, ``term``, ``reaction_code`` and ``reaction``.
        organisation: ODS code of the hospital.
        title: Name of the hospital.
    """
    patient, encounter = _urn(), _urn()
    context = _Context(stay, {"reference": patient}, {"reference": encounter}, _organisation(organisation, title))
    conditions = [(_urn(), _condition(context, row)) for row in diagnoses]
    statements = [(_urn(), _medication_statement(context, row, at)) for at, row in enumerate(medicines, start=1)]
    intolerances = [(_urn(), _allergy_intolerance(context, row)) for row in allergies]
    sections = [
        _section("diagnoses", "Diagnoses", [row["term"] for row in diagnoses], conditions),
        _section("clinical-summary", "Clinical summary", [stay["summary"]], []),
        _section(
            "medications-and-medical-devices",
            "Medications and medical devices",
            [f"{row['term']}: {row['dose']}" for row in medicines],
            statements,
        ),
        _section(
            "allergies-and-adverse-reaction",
            "Allergies and adverse reaction",
            [f"{row['term'] or 'not recorded'}: {row['reaction']}" for row in allergies],
            intolerances,
        ),
        _section("plan-and-requested-actions", "Plan and requested actions", [stay["plan"]], []),
    ]
    resources = [
        (patient, _patient(stay)),
        (encounter, _encounter(context)),
        (_urn(), _composition(context, sections)),
        *conditions,
        *statements,
        *intolerances,
    ]
    entries = [_entry(urn, resource) for urn, resource in resources]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


class _Context:
    """What most resources of a letter refer to."""

    def __init__(self, stay: Row, patient: Resource, encounter: Resource, organisation: Resource) -> None:
        self.stay = stay
        self.patient = patient
        self.encounter = encounter
        self.organisation = organisation


def _entry(urn: str, resource: Resource) -> Resource:
    request = {"method": "POST", "url": resource["resourceType"]}
    if resource["resourceType"] == "Patient":
        numbers = [one["value"] for one in resource["identifier"] if one["system"] == NHS_NUMBER and "value" in one]
        # The same person may have been recorded by somebody else: the NHS number decides.
        request |= {"ifNoneExist": f"identifier={NHS_NUMBER}|{numbers[0]}"} if numbers else {}
    return {"fullUrl": urn, "resource": resource, "request": request}


def _patient(stay: Row) -> Resource:
    nhs_number = {"system": NHS_NUMBER} | ({"value": stay["nhs_number"]} if stay["nhs_number"] else {})
    return {
        "resourceType": "Patient",
        "identifier": [nhs_number, {"system": f"{_HOSPITAL_IDS}/hospital-number", "value": stay["hospital_no"]}],
        "active": True,
        "name": [{"use": "official", "family": stay["family"], "given": stay["given"].split()}],
        "gender": stay["gender"],
        "birthDate": stay["born"],
        "address": [{"use": "home", "line": stay["address"].splitlines(), "postalCode": stay["postcode"]}],
        "generalPractitioner": [{"identifier": {"system": ODS_CODE, "value": stay["practice"]}}],
    }


def _encounter(context: _Context) -> Resource:
    stay = context.stay
    return {
        "resourceType": "Encounter",
        "identifier": [{"system": f"{_HOSPITAL_IDS}/visit-number", "value": stay["number"]}],
        "status": stay["status"],
        "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "IMP", "display": "inpatient encounter"},
        "subject": context.patient,
        "participant": [{"individual": {"display": stay["consultant"]}}],
        "period": {"start": stay["admitted"], "end": stay["discharged"]},
        "location": [{"location": {"display": stay["ward"]}}],
        "serviceProvider": context.organisation,
    }


def _composition(context: _Context, sections: list[Resource]) -> Resource:
    stay = context.stay
    return {
        "resourceType": "Composition",
        "identifier": {"system": f"{_HOSPITAL_IDS}/letter", "value": f"{stay['number']}-discharge"},
        "status": "final",
        "type": _snomed("373942005", "Discharge summary"),
        "subject": context.patient,
        "encounter": context.encounter,
        "date": stay["discharged"],
        "author": [{"display": stay["consultant"]}],
        "title": "Discharge letter",
        "confidentiality": "N",
        "custodian": context.organisation,
        "section": sections,
    }


def _condition(context: _Context, row: Row) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _coded("condition-clinical", "active"),
        "verificationStatus": _coded("condition-ver-status", "confirmed"),
        "category": [_coded("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
        "code": _snomed(row["code"], row["term"]),
        "subject": context.patient,
        "encounter": context.encounter,
        "recordedDate": context.stay["admitted"],
    }


def _medication_statement(context: _Context, row: Row, at: int) -> Resource:
    return {
        "resourceType": "MedicationStatement",
        "identifier": [{"system": f"{_HOSPITAL_IDS}/medicine", "value": f"{context.stay['number']}-{at}"}],
        "status": "active",
        "medicationCodeableConcept": _snomed(row["code"], row["term"]),
        "subject": context.patient,
        "context": context.encounter,
        "effectivePeriod": {"start": context.stay["discharged"]},
        "dateAsserted": context.stay["discharged"],
        "dosage": [{"text": row["dose"]}],
    }


def _allergy_intolerance(context: _Context, row: Row) -> Resource:
    resource = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _coded("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": _coded("allergyintolerance-verification", "confirmed", "Confirmed"),
        "patient": context.patient,
        "encounter": context.encounter,
        "recordedDate": context.stay["admitted"],
        "reaction": [{"manifestation": [_snomed(row["reaction_code"], row["reaction"])]}],
    }
    return resource | ({"code": _snomed(row["code"], row["term"])} if row["code"] else {})


def _section(code: str, title: str, lines: list[str], resources: list[tuple[str, Resource]]) -> Resource:
    """A heading, its text as people read it, and the resources that say the same."""
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    section: Resource = {
        "title": title,
        "code": {"coding": [{"system": HEADINGS, "code": code, "display": title}]},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'},
    }
    return section | ({"entry": [{"reference": urn} for urn, _ in resources]} if resources else {})


def _organisation(code: str, title: str) -> Resource:
    return {"identifier": {"system": ODS_CODE, "value": code}, "display": title}


def _snomed(code: str, term: str) -> Resource:
    return {"coding": [{"system": SNOMED, "code": code, "display": term}], "text": term}


def _coded(system: str, code: str, display: str = "") -> Resource:
    coding = {"system": f"{_TERMINOLOGY}/{system}", "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def _urn() -> str:
    return f"urn:uuid:{uuid.uuid4()}"
