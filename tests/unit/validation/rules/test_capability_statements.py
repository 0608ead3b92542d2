"""Capability statements: search parameters and profiles are what they are said to be."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions
from careloom.model import Resource

CORE = "http://hl7.org/fhir/"
AT = "CapabilityStatement.rest[0].resource[0]"


def capability_statement(**patient: Any) -> Resource:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026",
        "kind": "requirements",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [{"type": "Patient", **patient}]}],
    }


@pytest.mark.parametrize(("type", "places"), [("date", []), ("string", [f"{AT}.searchParam[0]"])])
def test_a_search_parameter_has_the_type_of_its_definition(
    definitions: Definitions, type: str, places: list[str]
) -> None:
    definition = f"{CORE}SearchParameter/individual-birthdate"
    resource = capability_statement(searchParam=[{"name": "birthdate", "definition": definition, "type": type}])
    assert found(definitions, resource, "capability") == places


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"profile": f"{CORE}StructureDefinition/Patient"}, []),
        ({"profile": f"{CORE}StructureDefinition/bp"}, [f"{AT}.profile"]),
        ({"supportedProfile": [f"{CORE}StructureDefinition/bp"]}, [f"{AT}.supportedProfile[0]"]),
        ({"profile": "https://somewhere.test/StructureDefinition/unknown"}, []),
    ],
)
def test_a_profile_is_one_of_the_resource_type(
    definitions: Definitions, fields: dict[str, Any], places: list[str]
) -> None:
    assert found(definitions, capability_statement(**fields), "capability") == places
