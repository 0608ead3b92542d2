from dataclasses import replace
from typing import Any

from tests.unit.rest.desk import BASE, GRANT, Desk, identified, patient

from careloom.governance import parse_scopes
from careloom.model.resource import Resource


def _ids(bundle: Resource | None, mode: str = "match") -> list[str]:
    assert bundle is not None
    return [entry["resource"]["id"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == mode]


def _link(bundle: Resource, relation: str) -> str | None:
    found: list[Any] = [link["url"] for link in bundle["link"] if link["relation"] == relation]
    return found[0] if found else None


async def test_search_tells_what_matches_with_total_and_full_url(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    await desk("PUT", "Patient/q", identified("2", id="q"))
    bundle = (await desk("GET", "Patient?identifier=urn:x|1")).resource
    assert bundle is not None
    assert (bundle["type"], bundle["total"], _ids(bundle)) == ("searchset", 1, ["p"])
    assert bundle["entry"][0]["fullUrl"] == f"{BASE}/Patient/p"


async def test_empty_result_has_no_entry_since_fhir_has_no_empty_lists(desk: Desk) -> None:
    bundle = (await desk("GET", "Patient?identifier=urn:x|1")).resource
    assert bundle is not None and bundle["total"] == 0 and "entry" not in bundle


async def test_pages_follow_one_another_to_the_end(desk: Desk) -> None:
    for number in range(5):
        await desk("PUT", f"Patient/p{number}", patient(id=f"p{number}"))
    seen, url = [], "Patient?_count=2&_sort=_id"
    while url:
        bundle = (await desk("GET", url)).resource
        assert bundle is not None
        seen += _ids(bundle)
        url = (_link(bundle, "next") or "").removeprefix(f"{BASE}/")
    assert seen == ["p0", "p1", "p2", "p3", "p4"]


async def test_unknown_parameter_is_told_and_missing_in_the_self_link(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    bundle = (await desk("GET", "Patient?family=ashe&favourite=tea")).resource
    assert bundle is not None
    outcomes = [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "outcome"]
    assert "favourite" in outcomes[0]["issue"][0]["diagnostics"]
    assert _ids(bundle) == ["p"]
    self_link = _link(bundle, "self") or ""
    assert "family=ashe" in self_link and "favourite" not in self_link


async def test_unknown_parameter_is_400_when_handling_is_strict(desk: Desk) -> None:
    answer = await desk("GET", "Patient?favourite=tea", prefer="handling=strict")
    assert answer.status == 400


async def test_parts_of_resources_are_not_promised(desk: Desk) -> None:
    bundle = (await desk("GET", "Patient?_elements=name")).resource
    assert bundle is not None and "_elements" in bundle["entry"][0]["resource"]["issue"][0]["diagnostics"]
    assert (await desk("GET", "Patient?_summary=true", prefer="handling=strict")).status == 400


async def test_value_that_cannot_be_read_is_400(desk: Desk) -> None:
    assert (await desk("GET", "Patient?birthdate=yesterday")).status == 400


async def test_include_brings_what_matches_refer_to(desk: Desk) -> None:
    await _record_condition(desk)
    bundle = (await desk("GET", "Condition?_include=Condition:subject")).resource
    assert (_ids(bundle), _ids(bundle, "include")) == (["c"], ["p"])


async def test_include_leaves_out_types_that_the_client_may_not_search(desk: Desk) -> None:
    await _record_condition(desk)
    narrow = replace(GRANT, scopes=parse_scopes("system/Condition.rs"))
    answer = await desk("GET", "Condition?_include=Condition:subject", grant=narrow)
    assert answer.status == 200
    assert (_ids(answer.resource), _ids(answer.resource, "include")) == (["c"], [])


async def test_summary_count_tells_the_total_alone(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    bundle = (await desk("GET", "Patient?_summary=count")).resource
    assert bundle is not None and bundle["total"] == 1 and "entry" not in bundle


async def test_count_is_held_to_the_hubs_ceiling(desk: Desk) -> None:
    for number in range(3):
        await desk("PUT", f"Patient/p{number}", patient(id=f"p{number}"))
    small = desk.with_hub(limits=replace(desk.hub.limits, page=2))
    bundle = (await small("GET", "Patient?_count=1000")).resource
    assert len(_ids(bundle)) == 2


async def _record_condition(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}}
    await desk("PUT", "Condition/c", condition)
