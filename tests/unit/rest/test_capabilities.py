from collections.abc import Mapping
from typing import Any

from tests.unit.rest.desk import Desk

from careloom.rest.capabilities import capability_statement
from careloom.rest.interaction import Interaction
from careloom.rest.policy import Policy
from careloom.rest.read import read
from careloom.rest.routes import Routes
from careloom.rest.validate import VALIDATE


def _resource(desk: Desk, type: str) -> Mapping[str, Any]:
    resources = capability_statement(desk.hub)["rest"][0]["resource"]
    found: Mapping[str, Any] = next(each for each in resources if each["type"] == type)
    return found


def _codes(resource: Mapping[str, Any]) -> list[str]:
    return [each["code"] for each in resource["interaction"]]


def test_what_runs_is_told(desk: Desk) -> None:
    resource = _resource(desk, "Patient")
    assert _codes(resource) == [
        "read",
        "vread",
        "history-instance",
        "history-type",
        "create",
        "update",
        "patch",
        "delete",
        "search-type",
    ]
    assert (resource["conditionalCreate"], resource["conditionalUpdate"]) == (True, True)
    assert {"name": "family", "type": "string"}.items() <= {
        key: value for each in resource["searchParam"] if each["name"] == "family" for key, value in each.items()
    }.items()


def test_what_does_not_run_is_not_told(desk: Desk) -> None:
    smaller = desk.with_hub(routes=Routes([Interaction("read", "GET", "{type}/{id}", read)], {"Patient"}))
    assert _codes(_resource(smaller, "Patient")) == ["read"]
    assert "conditionalCreate" not in {
        name for name, value in _resource(smaller, "Patient").items() if value not in (False, "not-supported")
    }


def test_audit_events_are_read_and_never_written(desk: Desk) -> None:
    assert _codes(_resource(desk, "AuditEvent")) == [
        "read",
        "vread",
        "history-instance",
        "history-type",
        "search-type",
    ]


def test_every_parameter_that_can_be_searched_by_is_told_with_its_definition(desk: Desk) -> None:
    told = {each["name"]: each for each in _resource(desk, "Observation")["searchParam"]}
    assert (told["code"]["type"], told["code-value-quantity"]["type"]) == ("token", "composite")
    assert told["code"]["definition"] == "http://hl7.org/fhir/SearchParameter/clinical-code"


def test_what_refers_to_a_type_is_told_with_it(desk: Desk) -> None:
    resource = _resource(desk, "Patient")
    assert "Patient:general-practitioner" in resource["searchInclude"]
    assert "Observation:subject" in resource["searchRevInclude"]
    assert "Patient:general-practitioner" in _resource(desk, "Practitioner")["searchRevInclude"]


def test_operations_are_told_where_they_are_offered(desk: Desk) -> None:
    assert {"name": "validate", "definition": VALIDATE.definition} in _resource(desk, "Patient")["operation"]
    assert "expand" in {each["name"] for each in _resource(desk, "ValueSet")["operation"]}
    assert "expand" not in {each["name"] for each in _resource(desk, "Patient")["operation"]}


def test_formats_and_what_spans_all_types_are_told(desk: Desk) -> None:
    statement = capability_statement(desk.hub)
    rest = statement["rest"][0]
    assert statement["format"] == ["application/fhir+json", "application/fhir+xml"]
    assert "application/json-patch+json" in statement["patchFormat"]
    assert {each["code"] for each in rest["interaction"]} == {"transaction", "batch", "search-system", "history-system"}
    assert "http://hl7.org/fhir/CompartmentDefinition/relatedPerson" in rest["compartment"]
    assert {"_lastUpdated", "_filter", "_has", "_list"} <= {each["name"] for each in rest["searchParam"]}


def test_localitys_choices_are_told(desk: Desk) -> None:
    policy = Policy(version_required=True, delete_many=10, origins=frozenset({"https://app.example"}))
    careful = desk.with_hub(policy=policy)
    resource = _resource(careful, "Patient")
    assert (resource["versioning"], resource["conditionalDelete"]) == ("versioned-update", "multiple")
    assert capability_statement(careful.hub)["rest"][0]["security"]["cors"] is True


def test_localitys_profiles_are_told(desk: Desk) -> None:
    strict = desk.with_hub(conformance={"Patient": ("https://locality.example/P",)})
    assert _resource(strict, "Patient")["supportedProfile"] == ["https://locality.example/P"]
