"""SearchParameter at the door of the hub: what cannot be served is refused, what can is served from then on."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import Desk, entry, patient, registry, transaction

from careloom.rest.capabilities import capability_statement
from careloom.rest.search_parameters import servable


def lot(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": "https://hub.example/SearchParameter/lot",
        "status": "active",
        "code": "lot",
        "base": ["Patient"],
        "type": "string",
        "expression": "Patient.address.city",
        **changes,
    }


@pytest.fixture
def hooked(desk: Desk) -> Desk:
    return desk.with_hub(before_write={"SearchParameter": servable(desk.hub.repository)})


def at_present(desk: Desk) -> Desk:
    """As the next request meets it."""
    return desk.with_hub(parameters=desk.hub.repository.parameters)


def told(desk: Desk) -> list[str]:
    statement = capability_statement(at_present(desk).hub)
    [of_patient] = (each for each in statement["rest"][0]["resource"] if each["type"] == "Patient")
    return [each["name"] for each in of_patient["searchParam"]]


async def test_what_cannot_be_served_is_refused_and_not_recorded(hooked: Desk) -> None:
    bad = lot(expression="Patient.(")
    asked = [
        ("POST", "SearchParameter", bad),
        ("PUT", "SearchParameter/1", {**bad, "id": "1"}),
        ("POST", "", transaction(entry("POST", "SearchParameter", bad))),
    ]
    for method, url, body in asked:
        answer = await hooked(method, url, body)
        assert answer.status == 422
        assert "SearchParameter.expression: FHIRPath on Patient expected" in str(answer.resource)
    assert await hooked.all("SearchParameter") == []


async def test_a_patch_that_makes_one_unservable_is_refused(hooked: Desk) -> None:
    await hooked("PUT", "SearchParameter/1", lot(id="1"))
    patch = [{"op": "replace", "path": "/code", "value": "_lot"}]
    answer = await hooked("PATCH", "SearchParameter/1", patch=patch, content_type="application/json-patch+json")
    assert answer.status == 422
    assert "found '_lot'" in str(answer.resource)


async def test_what_is_recorded_is_searched_by_and_told_until_it_is_deleted(hooked: Desk) -> None:
    await hooked("PUT", "Patient/1", patient(id="1", address=[{"city": "Leeds"}]))
    await hooked("POST", "", transaction(entry("PUT", "SearchParameter/1", lot(id="1"))))
    assert "lot" in told(hooked)
    answer = await at_present(hooked)("GET", "Patient?lot=leeds", Prefer="handling=strict")
    assert answer.resource is not None
    assert [each["resource"]["id"] for each in answer.resource["entry"]] == ["1"]
    await hooked("DELETE", "SearchParameter/1")
    assert "lot" not in told(hooked)


async def test_who_may_not_write_the_type_records_none(hooked: Desk) -> None:
    outsider = hooked.with_hub(registry=registry(types=frozenset({"Patient"})))
    answer = await outsider("POST", "SearchParameter", lot())
    assert answer.status == 403
    assert "lot" not in told(replace(hooked, hub=outsider.hub))
