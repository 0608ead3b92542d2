"""No value, wherever it stands, makes the validator raise."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.validation import Options, Validator

FORM = "https://somewhere.test/Questionnaire/q"
ODD: list[Any] = [None, [], {}, 1, "x", [None], [{}], {"x": []}]

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"profile": ["http://example.org/p"], "versionId": "1"},
    "language": "en",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="#o">x</a></div>'},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}],
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "x"}}],
    "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2", "period": {"start": "2020", "end": "2021"}}],
    "name": [{"given": ["Ada", None], "_given": [None, {"id": "g"}]}],
    "birthDate": "1970",
    "_birthDate": {"extension": [{"url": "http://example.org/x", "valueString": "y"}]},
    "photo": [{"data": "SGVsbG8=", "size": 5}],
    "managingOrganization": {"reference": "#o"},
}
OBSERVATION: Resource = {
    "resourceType": "Observation",
    "id": "2",
    "status": "final",
    "category": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "x"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2026-01-01",
    "valueQuantity": {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
}
COMPOSITION: Resource = {
    "resourceType": "Composition",
    "id": "c",
    "status": "final",
    "type": {"text": "x"},
    "date": "2026",
    "title": "x",
    "author": [{"reference": "Patient/1"}],
    "attester": [{"mode": "legal", "party": {"reference": "Patient/1"}}],
    "event": [{"detail": [{"reference": "Observation/2"}]}],
    "section": [{"entry": [{"reference": "Observation/2"}], "section": [{"focus": {"reference": "Patient/1"}}]}],
}
DOCUMENT: Resource = {
    "resourceType": "Bundle",
    "type": "document",
    "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2"},
    "timestamp": "2026-01-01T00:00:00Z",
    "link": [{"relation": "self", "url": "http://example.org"}],
    "entry": [
        {"fullUrl": "http://example.org/fhir/Composition/c", "resource": COMPOSITION},
        {
            "fullUrl": "http://example.org/fhir/Patient/1",
            "resource": {"resourceType": "Patient", "id": "1", "active": True},
        },
    ],
}
QUESTIONNAIRE: Resource = {
    "resourceType": "Questionnaire",
    "url": FORM,
    "status": "active",
    "item": [
        {
            "linkId": "g",
            "type": "group",
            "item": [
                {
                    "linkId": "a",
                    "type": "choice",
                    "answerOption": [{"valueCoding": {"system": "http://x.test", "code": "x"}}],
                },
                {
                    "linkId": "b",
                    "type": "quantity",
                    "enableWhen": [{"question": "a", "operator": "=", "answerCoding": {"code": "x"}}],
                    "extension": [
                        {
                            "url": "http://hl7.org/fhir/StructureDefinition/minValue",
                            "valueQuantity": {"value": 1, "code": "kg"},
                        }
                    ],
                },
            ],
        }
    ],
}
RESPONSE: Resource = {
    "resourceType": "QuestionnaireResponse",
    "questionnaire": FORM,
    "status": "completed",
    "item": [
        {
            "linkId": "g",
            "item": [
                {"linkId": "a", "answer": [{"valueCoding": {"system": "http://x.test", "code": "x"}}]},
                {"linkId": "b", "answer": [{"valueQuantity": {"value": 1, "code": "g"}}]},
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def validator(definitions: Definitions) -> Validator:
    options = Options(check_security=True, allow_example_urls=False, references="valid", best_practice="warning")
    return Validator(definitions.with_resources([QUESTIONNAIRE]), options=options)


@pytest.mark.parametrize(
    "resource", [PATIENT, OBSERVATION, DOCUMENT, QUESTIONNAIRE, RESPONSE], ids=lambda resource: resource["resourceType"]
)
def test_an_odd_value_anywhere_yields_issues_and_nothing_else(validator: Validator, resource: Resource) -> None:
    for mutant in mutants(resource):
        assert isinstance(validator.validate(mutant), list)


def mutants(resource: Resource) -> Iterator[Resource]:
    """The resource with one value after the other replaced by each of the odd ones."""
    for path in places(resource, ()):
        for odd in ODD:
            mutant = deepcopy(resource)
            holder: Any = mutant
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = odd
            yield mutant


def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield (*path, step)
        yield from places(item, (*path, step))
