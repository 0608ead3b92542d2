"""Search parameters of several types, and composites."""

import pytest
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions
from careloom.model import Resource

SIMPLE = "http://hl7.org/fhir/SearchParameter/clinical-code"
COMPOSITE = "http://hl7.org/fhir/SearchParameter/Observation-code-value-quantity"


def search_parameter(expression: str, *bases: str, type: str = "string") -> Resource:
    return {
        "resourceType": "SearchParameter",
        "url": "https://somewhere.test/SearchParameter/s",
        "name": "S",
        "status": "active",
        "description": "x",
        "code": "s",
        "base": list(bases),
        "type": type,
        "expression": expression,
    }


@pytest.mark.parametrize(
    ("expression", "is_fine"),
    [
        ("Patient.name | Practitioner.name", True),
        ("Patient.name | (Practitioner.name as HumanName)", True),
        ("name", True),
        ("Patient.name | Organization.name", False),
        ("Patient.nickname | Practitioner.name", False),
        ("Patient.name |", False),
    ],
)
def test_each_part_of_an_expression_leads_somewhere_on_one_of_the_bases(
    definitions: Definitions, expression: str, is_fine: bool
) -> None:
    resource = search_parameter(expression, "Patient", "Practitioner")
    places = found(definitions, resource, "search-expression")
    assert places == ([] if is_fine else ["SearchParameter.expression"])


def test_a_part_of_a_composite_is_no_composite(definitions: Definitions) -> None:
    resource = search_parameter("Observation", "Observation", type="composite")
    resource["component"] = [{"definition": each, "expression": "code"} for each in (COMPOSITE, SIMPLE)]
    assert found(definitions, resource, "search-expression") == ["SearchParameter.component[0]"]


def test_a_composite_has_two_parts_at_least(definitions: Definitions) -> None:
    resource = search_parameter("Observation", "Observation", type="composite")
    resource["component"] = [{"definition": SIMPLE, "expression": "code"}]
    assert found(definitions, resource, "search-expression") == ["SearchParameter"]
