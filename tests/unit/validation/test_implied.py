"""Profiles that apply unasked: vital signs, by the codes of their measurements."""

import pytest
from tests.unit.validation.builders import observation

from careloom.validation.implied import implied_profiles

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("system", "code", "name"),
    [
        (LOINC, "8867-4", "heartrate"),
        (LOINC, "59408-5", "oxygensat"),
        (LOINC, "8480-6", "bp"),
        (SNOMED, "386725007", "bodytemp"),
        (SNOMED, "50373000", "bodyheight"),
        (SNOMED, "8867-4", None),
        (LOINC, "386725007", None),
    ],
)
def test_a_vital_sign_is_known_by_loinc_and_snomed(system: str, code: str, name: str | None) -> None:
    resource = observation(code={"coding": [{"system": system, "code": code}]})
    expected = [f"http://hl7.org/fhir/StructureDefinition/{name}"] if name else []
    assert list(implied_profiles(resource)) == expected
