"""Care dates: when what a resource tells of took place, as ``start`` and ``end`` of ``$everything`` mean it.

A record is full of dates that are not of care: when something was written down, issued, updated, born. For each type
of clinical resource one search parameter says when the care was; a type without one (Patient, Practitioner, Coverage)
is timeless and always in scope, and so is a resource whose date is not recorded, since leaving it out would hide it.

Source: FHIR R4, Patient $everything, start and end.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from careloom.search import SearchParameters
from careloom.search.criteria import read_criterion
from careloom.search.query import And, Condition, IsType, Missing, Not, Or
from careloom.search.scope import Scope

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


def within(start: str, end: str, registry: SearchParameters, now: datetime) -> Condition | None:
    """That the care was in a period, on resources of any type; None where there is neither start nor end.

    Args:
        start: A date, the first that counts; empty for no start.
        end: A date, the last that counts; empty for no end.
        registry: Search parameters.
        now: The present instant.

    Raises:
        InvalidError: One of them is no date.
    """
    bounds = [f"{prefix}{text}" for prefix, text in (("ge", start), ("le", end)) if text]
    if not bounds:
        return None
    each = [_of_type(type, code, bounds, registry, now) for type, code in CARE_DATES.items()]
    return Or((Not(IsType(tuple(CARE_DATES))), *each))


def _of_type(type: str, code: str, bounds: list[str], registry: SearchParameters, now: datetime) -> Condition:
    scope = Scope.of(registry, (type,), now)
    dated = And(tuple(read_criterion(code, bound, scope) for bound in bounds))
    return And((IsType((type,)), Or((Missing(code, True), dated))))
