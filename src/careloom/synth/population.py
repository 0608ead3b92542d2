"""A stream of records: each patient, then what happened to them.

Every resource is valid R4 and conforms to the UK Core profile of its type (`PROFILES`). They refer to each other by
``Type/id``. The stream never ends by itself, holds one patient at a time, and is the same for the same seed.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from careloom.model import ExactDecimal, Resource
from careloom.synth import terms
from careloom.synth.terms import LOINC, SNOMED, UCUM, Measure

_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
PROFILES = {
    name: _UK_CORE + name
    for name in (
        *("AllergyIntolerance", "Condition", "Encounter", "Immunization", "MedicationRequest", "Observation"),
        *("Patient", "Procedure"),
    )
}
"""Resource type to the UK Core profile that the records of the type conform to."""

_HL7 = "http://terminology.hl7.org/CodeSystem/"
_FIRST_DAY = datetime(2019, 1, 1, tzinfo=UTC)


def population(seed: int) -> Iterator[Resource]:
    """Records without end: patients, encounters, conditions, observations, medications, allergies and more."""
    chance = random.Random(seed)  # repeatable, and protects nothing
    for number in count(1):
        yield from _Life(chance, number).records()


class _Life:
    """What is recorded of one patient."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self._chance = chance
        self._number = number
        self._serial = count(1)
        self._subject = {"reference": f"Patient/p{number}"}
        self._encounter: dict[str, Any] = {}

    def records(self) -> Iterator[Resource]:
        chance = self._chance
        yield self._patient()
        yield from (self._allergy() for _ in range(chance.choice((0, 0, 1, 2))))
        for _ in range(chance.randint(1, 5)):
            start = _FIRST_DAY + timedelta(minutes=chance.randrange(7 * 365 * 24 * 60))
            yield self._visit(start)
            yield from (self._condition(start) for _ in range(chance.choice((0, 1, 1, 2))))
            yield from (self._observation(start) for _ in range(chance.randint(2, 6)))
            yield self._blood_pressure(start)
            yield from (self._medication(start) for _ in range(chance.choice((0, 1, 1, 2))))
            yield from (self._procedure(start) for _ in range(chance.choice((0, 0, 1))))
            yield from (self._immunization(start) for _ in range(chance.choice((0, 0, 1))))

    def _patient(self) -> Resource:
        chance = self._chance
        gender = chance.choice(("female", "male"))
        family, given = chance.choice(terms.FAMILIES), chance.sample(terms.GIVEN[gender], 2)
        ods, practice = chance.choice(terms.PRACTICES)
        patient = {
            "resourceType": "Patient",
            "id": f"p{self._number}",
            "identifier": [
                {"system": terms.NHS_NUMBER, "value": nhs_number(self._number)},
                {"use": "usual", "system": "https://hospital.example.org/mrn", "value": f"M{self._number:07}"},
            ],
            "active": True,
            "name": [
                {"use": "official", "family": family, "given": given, "prefix": ["Ms" if given[0][-1] == "a" else "Mx"]}
            ],
            "telecom": [
                {"system": "phone", "value": f"01632 96{chance.randrange(10_000):04}", "use": "home"},
                {"system": "email", "value": f"{given[0].lower()}.{family.lower()}@example.org"},
            ],
            "gender": gender,
            "birthDate": f"{chance.randint(1925, 2023)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "address": [self._address()],
            "generalPractitioner": [{"identifier": {"system": terms.ODS, "value": ods}, "display": practice}],
        }
        if chance.random() < 0.1:
            patient["deceasedDateTime"] = "2024-11-05"
        if chance.random() < 0.3:
            patient["contact"] = [{"name": {"family": family, "given": [chance.choice(terms.GIVEN["female"])]}}]
        return patient

    def _address(self) -> dict[str, Any]:
        town, county, area = self._chance.choice(terms.TOWNS)
        return {
            "use": "home",
            "line": [f"{self._chance.randint(1, 180)} {self._chance.choice(terms.STREETS)}"],
            "city": town,
            "district": county,
            "postalCode": f"{area}{self._chance.randint(1, 20)} {self._chance.randint(1, 9)}QX",
        }

    def _visit(self, start: datetime) -> Resource:
        code, term = self._chance.choice(terms.REASONS)
        ods, hospital = self._chance.choice(terms.HOSPITALS)
        record = self._record("Encounter", start)
        self._encounter = {"reference": f"Encounter/{record['id']}"}
        return record | {
            "status": "finished",
            "class": {"system": f"{_HL7}v3-ActCode", "code": "AMB", "display": "ambulatory"},
            "type": [_concept(SNOMED, code, term)],
            "subject": self._subject,
            "period": {"start": _instant(start), "end": _instant(start + timedelta(minutes=20))},
            "serviceProvider": {"identifier": {"system": terms.ODS, "value": ods}, "display": hospital},
        }

    def _condition(self, start: datetime) -> Resource:
        code, term = self._chance.choice(terms.CONDITIONS)
        condition = self._record("Condition", start) | {
            "clinicalStatus": _concept(f"{_HL7}condition-clinical", "active", "Active"),
            "verificationStatus": _concept(f"{_HL7}condition-ver-status", "confirmed", "Confirmed"),
            "category": [_concept(f"{_HL7}condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
            "code": _concept(SNOMED, code, term),
            "subject": self._subject,
            "encounter": self._encounter,
            "onsetDateTime": f"{start:%Y-%m-%d}",
            "recordedDate": _instant(start),
        }
        if self._chance.random() < 0.3:
            condition["note"] = [{"text": f"{term}. Discussed with the patient, who prefers to wait and see."}]
        return condition

    def _observation(self, start: datetime) -> Resource:
        measure = self._chance.choice(terms.MEASURES)
        return self._observed(measure, start) | {"valueQuantity": self._quantity(measure)}

    def _blood_pressure(self, start: datetime) -> Resource:
        whole = Measure("85354-9", "Blood pressure panel with all children optional", "", "", 0, 0, 0, "vital-signs")
        parts = (terms.SYSTOLIC, terms.DIASTOLIC)
        return self._observed(whole, start) | {
            "component": [
                {"code": _concept(LOINC, part.code, part.term), "valueQuantity": self._quantity(part)} for part in parts
            ]
        }

    def _observed(self, measure: Measure, start: datetime) -> Resource:
        category = {"vital-signs": "Vital Signs", "laboratory": "Laboratory"}[measure.category]
        return self._record("Observation", start) | {
            "status": "final",
            "category": [_concept(f"{_HL7}observation-category", measure.category, category)],
            "code": _concept(LOINC, measure.code, measure.term),
            "subject": self._subject,
            "encounter": self._encounter,
            "effectiveDateTime": _instant(start),
            "issued": _instant(start + timedelta(hours=3)),
        }

    def _quantity(self, measure: Measure) -> dict[str, Any]:
        value = self._chance.uniform(measure.low, measure.high)
        number = ExactDecimal(f"{value:.{measure.places}f}") if measure.places else round(value)
        return {"value": number, "unit": measure.unit, "system": UCUM, "code": measure.ucum}

    def _medication(self, start: datetime) -> Resource:
        code, term, unit, _ = self._chance.choice(terms.MEDICATIONS)
        often = self._chance.randint(1, 4)
        return self._record("MedicationRequest", start) | {
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept(SNOMED, code, term),
            "subject": self._subject,
            "encounter": self._encounter,
            "authoredOn": _instant(start),
            "requester": {"display": "Dr M. Example"},
            "dosageInstruction": [
                {
                    "text": f"Take one {unit}, {often} times a day",
                    "timing": {"repeat": {"frequency": often, "period": 1, "periodUnit": "d"}},
                    "doseAndRate": [{"doseQuantity": {"value": 1, "unit": unit}}],
                }
            ],
            "dispenseRequest": {"numberOfRepeatsAllowed": 5, "quantity": {"value": 28 * often, "unit": unit}},
            "substitution": {"allowedBoolean": False},
        }

    def _allergy(self) -> Resource:
        code, term, category, sign, named = self._chance.choice(terms.ALLERGIES)
        return self._record("AllergyIntolerance", _FIRST_DAY) | {
            "clinicalStatus": _concept(f"{_HL7}allergyintolerance-clinical", "active", "Active"),
            "verificationStatus": _concept(f"{_HL7}allergyintolerance-verification", "confirmed", "Confirmed"),
            "type": "allergy",
            "category": [category],
            "criticality": self._chance.choice(("low", "high")),
            "code": _concept(SNOMED, code, term),
            "patient": self._subject,
            "recordedDate": _instant(_FIRST_DAY),
            "reaction": [{"manifestation": [_concept(SNOMED, sign, named)], "severity": "moderate"}],
        }

    def _procedure(self, start: datetime) -> Resource:
        return self._record("Procedure", start) | {
            "status": "completed",
            "code": _concept(SNOMED, "73761001", "Colonoscopy"),
            "subject": self._subject,
            "encounter": self._encounter,
            "performedDateTime": _instant(start),
        }

    def _immunization(self, start: datetime) -> Resource:
        return self._record("Immunization", start) | {
            "status": "completed",
            "vaccineCode": _concept(SNOMED, "46233009", "Influenza vaccine"),
            "patient": self._subject,
            "occurrenceDateTime": _instant(start),
            "primarySource": True,
            "lotNumber": f"LOT{self._chance.randrange(100_000):05}",
        }

    def _record(self, type: str, at: datetime) -> Resource:
        return {
            "resourceType": type,
            "id": f"p{self._number}-{next(self._serial)}",
            "meta": {"versionId": "1", "lastUpdated": _instant(at + timedelta(days=1))},
        }


def nhs_number(number: int) -> str:
    """The test NHS number of a rank: of the range 999, with its check digit."""
    while True:
        digits = f"999{number % 1_000_000:06}"
        check = 11 - sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(check % 11)
        number += 500_000  # 10 is no digit: such a number is never given out


def _concept(system: str, code: str, term: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": term}], "text": term}


def _instant(at: datetime) -> str:
    """A moment as clocks in the United Kingdom show it, near enough: an hour ahead from March to October."""
    if at.month in _WINTER:
        return f"{at:%Y-%m-%dT%H:%M:%S}Z"
    return f"{at + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+01:00"


_WINTER = frozenset({11, 12, 1, 2})
