"""Care dates: when what a resource tells of took place, as ``start`` and ``end`` of ``$everything`` mean it.

A record is full of dates that are not of care: when something was written down, issued, updated, born. For each type
of clinical resource one search parameter says when the care was; a type without one (Patient, Practitioner, Coverage)
is timeless and always in scope, and so is a resource whose date is not recorded, since leaving it out would hide it.

Source: FHIR R4, Patient $everything, start and end.
"""

from collections.abc import Mapping
from typing import Final

from careloom.model.errors import InvalidError
from careloom.search import SearchParameters
from careloom.search.conditions import And, Comparison, Condition, IsType, Missing, Not, Or
from careloom.search.dates import Interval, date_interval
from careloom.search.escaping import shown
from careloom.search.operands import DateOperand
from careloom.search.values import BEGINNING_OF_TIME, END_OF_TIME

CARE_DATES: Final[Mapping[str, str]] = {
    "AdverseEvent": "date",
    "AllergyIntolerance": "onset",
    "Appointment": "date",
    "CarePlan": "date",
    "CareTeam": "date",
    "ChargeItem": "occurrence",
    "ClinicalImpression": "date",
    "Communication": "sent",
    "CommunicationRequest": "occurrence",
    "Composition": "date",
    "Condition": "onset-date",
    "DetectedIssue": "identified",
    "DeviceRequest": "event-date",
    "DiagnosticReport": "date",
    "DocumentReference": "period",
    "Encounter": "date",
    "EpisodeOfCare": "date",
    "FamilyMemberHistory": "date",
    "Goal": "start-date",
    "ImagingStudy": "started",
    "Immunization": "date",
    "List": "date",
    "Media": "created",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "Observation": "date",
    "Procedure": "date",
    "QuestionnaireResponse": "authored",
    "RequestGroup": "authored",
    "RiskAssessment": "date",
    "ServiceRequest": "occurrence",
    "Specimen": "collected",
    "SupplyRequest": "date",
    "VisionPrescription": "datewritten",
}
"""By type, the search parameter of its care date."""


def within(start: str, end: str, registry: SearchParameters) -> Condition | None:
    """That some of the care was in a period, on resources of any type; None where there is neither start nor end.

    Args:
        start: A date, the first that counts; empty for no start.
        end: A date, the last that counts; empty for no end.
        registry: Search parameters, for the time zone of dates that have none.

    Raises:
        InvalidError: One of them is no date.
    """
    if not (start or end):
        return None
    low = _interval("start", start, registry)[0] if start else BEGINNING_OF_TIME
    high = _interval("end", end, registry)[1] if end else END_OF_TIME
    meets = DateOperand(f"{start}..{end}", "ap", low, high)  # with no margin, that is to overlap
    each = [_of_type(type, code, meets) for type, code in CARE_DATES.items()]
    return Or((Not(IsType(tuple(CARE_DATES))), *each))


def _interval(name: str, text: str, registry: SearchParameters) -> Interval:
    found = date_interval(text, registry.zone)
    if found is None:
        raise InvalidError(f"{name}: a date such as 2026-11-22 expected, found {shown(text)}")
    return found


def _of_type(type: str, code: str, meets: DateOperand) -> Condition:
    dated = Comparison(code, "date", (meets,))
    return And((IsType((type,)), Or((Missing(code, True), dated))))
