"""``is``, ``as`` and ``ofType``."""

from typing import Any

import pytest
from tests.unit.fhirpath.conftest import Evaluate

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "gender": "male",
    "extension": [{"url": "age", "valueAge": {"value": 41, "system": "http://unitsofmeasure.org", "code": "a"}}],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("active is boolean", [True]),
        ("active is Boolean", [False]),
        ("active is System.Boolean", [False]),
        ("active is FHIR.boolean", [True]),
        ("true is Boolean", [True]),
        ("gender is string", [True]),
        ("gender.ofType(string)", []),
        ("gender.as(code)", ["male"]),
        ("Patient is DomainResource", [True]),
        ("Patient is Observation", [False]),
        ("Patient.is(System.Patient)", [False]),
        ("extension.value is Age", [True]),
        ("extension.value is Quantity", [True]),
        ("extension.value.ofType(Quantity).value", [41]),
        ("extension.value = 41 years", [True]),
        ("gender.type().namespace & gender.type().name", ["FHIRcode"]),
        ("{} is boolean", []),
    ],
)
def test_types_of_fhir_and_of_the_system_are_told_apart(
    evaluate: Evaluate, expression: str, expected: list[Any]
) -> None:
    assert expected == evaluate(expression, PATIENT)
