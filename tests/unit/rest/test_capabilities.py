from collections.abc import Mapping
from typing import Any

from tests.unit.rest.desk import Desk

from careloom.rest.capabilities import capability_statement
from careloom.rest.interaction import Interaction
from careloom.rest.read import read
from careloom.rest.routes import Routes


def _resource(desk: Desk, type: str) -> Mapping[str, Any]:
    resources = capability_statement(desk.hub)["rest"][0]["resource"]
    found: Mapping[str, Any] = next(each for each in resources if each["type"] == type)
    return found


def _codes(resource: Mapping[str, Any]) -> list[str]:
    return [each["code"] for each in resource["interaction"]]


def test_what_runs_is_told(desk: Desk) -> None:
    resource = _resource(desk, "Patient")
    assert _codes(resource) == ["read", "vread", "history-instance", "create", "update", "delete", "search-type"]
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
    assert _codes(_resource(desk, "AuditEvent")) == ["read", "vread", "history-instance", "search-type"]


def test_parameters_that_cannot_be_searched_by_are_not_told(desk: Desk) -> None:
    told = {each["name"]: each["type"] for each in _resource(desk, "Observation")["searchParam"]}
    assert told["code"] == "token" and "composite" not in told.values() and "_content" not in told


def test_localitys_profiles_are_told(desk: Desk) -> None:
    strict = desk.with_hub(conformance={"Patient": ("https://locality.example/P",)})
    assert _resource(strict, "Patient")["supportedProfile"] == ["https://locality.example/P"]
