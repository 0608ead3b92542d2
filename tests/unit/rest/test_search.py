from dataclasses import replace
from typing import Any

from tests.unit.rest.desk import BASE, GRANT, Desk, identified, patient

from careloom.governance import parse_scopes
from careloom.model.resource import Resource
from careloom.rest.policy import Policy


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


async def test_link_to_a_page_that_was_changed_or_given_out_for_another_search_is_400(desk: Desk) -> None:
    for number in range(3):
        await desk("PUT", f"Patient/p{number}", patient(id=f"p{number}"))
    bundle = (await desk("GET", "Patient?_count=2&_sort=_id")).resource
    assert bundle is not None
    url = (_link(bundle, "next") or "").removeprefix(f"{BASE}/")
    changed = url[:-1] + ("A" if url[-1] != "A" else "B")
    for wrong in (changed, url.replace("_sort=_id", "_sort=-_id"), url + "x"):
        answer = await desk("GET", wrong)
        assert answer.status == 400, wrong
    assert (await desk("GET", url)).status == 200


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


async def test_matches_are_told_in_part_and_what_is_included_whole(desk: Desk) -> None:
    await _record_condition(desk)
    bundle = (await desk("GET", "Condition?_elements=code&_include=Condition:subject")).resource
    assert bundle is not None
    told = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    assert "clinicalStatus" not in told["Condition"] and "subject" in told["Condition"]  # which must be there
    assert told["Condition"]["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert "tag" not in told["Patient"]["meta"]


async def test_unknown_elements_are_told_or_refused(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    bundle = (await desk("GET", "Patient?_elements=name,shoeSize")).resource
    assert bundle is not None
    assert "shoeSize" in bundle["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    assert "shoeSize" not in (_link(bundle, "self") or "")
    assert (await desk("GET", "Patient?_elements=shoeSize", prefer="handling=strict")).status == 400


async def test_text_and_includes_do_not_go_together(desk: Desk) -> None:
    assert (await desk("GET", "Condition?_summary=text&_include=Condition:subject")).status == 400


async def test_count_tells_the_total_alone(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    bundle = (await desk("GET", "Patient?_summary=count")).resource
    assert bundle is not None and (bundle["total"], "entry" in bundle) == (1, False)


async def test_system_is_searched_by_types(desk: Desk) -> None:
    await _record_condition(desk)
    bundle = (await desk("GET", "?_type=Patient,Condition")).resource
    assert bundle is not None
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"Patient", "Condition"}
    assert (_link(bundle, "self") or "").startswith(f"{desk.hub.base_url}?_type=Patient,Condition")


async def test_system_is_searched_only_in_what_the_client_may_see(desk: Desk) -> None:
    await _record_condition(desk)
    narrow = replace(GRANT, scopes=parse_scopes("system/Condition.rs"))
    bundle = (await desk("GET", "?_type=Patient,Condition", grant=narrow)).resource
    assert bundle is not None
    assert ({entry["resource"]["resourceType"] for entry in bundle["entry"]}, bundle["total"]) == ({"Condition"}, 1)
    nothing = replace(GRANT, scopes=parse_scopes("system/Condition.c"))
    assert (await desk("GET", "?_type=Patient,Condition", grant=nothing)).status == 403


async def test_compartment_holds_what_refers_to_its_owner(desk: Desk) -> None:
    await _record_condition(desk)
    await desk("PUT", "Patient/other", patient(id="other"))
    bundle = (await desk("GET", "Patient/p/Condition")).resource
    assert bundle is not None and _ids(bundle) == ["c"]
    assert (_link(bundle, "self") or "").startswith(f"{desk.hub.base_url}/Patient/p/Condition")
    assert "entry" not in ((await desk("GET", "Patient/other/Condition")).resource or {})
    clinical = replace(GRANT, scopes=parse_scopes("system/Patient.rs system/Condition.rs"))
    everything = (await desk("GET", "Patient/p/*", grant=clinical)).resource
    assert everything is not None and sorted(_ids(everything)) == ["c", "p"]


async def test_quirk_of_a_client_is_passed_over_unless_that_is_withdrawn(desk: Desk) -> None:
    assert (await desk("GET", "Patient?_totalMethod=count", prefer="handling=strict")).status == 200
    strict = desk.with_hub(policy=Policy(allowances=frozenset()))
    assert (await strict("GET", "Patient?_totalMethod=count", prefer="handling=strict")).status == 400


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


async def test_search_is_explained_where_that_is_set(desk: Desk) -> None:
    class Explaining:
        search = desk.hub.repository.search
        commit = desk.hub.repository.commit
        prepare = desk.hub.repository.prepare

        async def explain(self, query: object) -> list[str]:
            return ["begins with family"]

    open_desk = desk.with_hub(repository=Explaining(), policy=Policy(explain=True))
    for each, told in (
        (open_desk, "begins with family"),
        (desk, "not set to explain"),
        (desk.with_hub(policy=Policy(explain=True)), "not set"),
    ):
        bundle = (await each("GET", "Patient?family=ashe&_explain=true")).resource
        assert bundle is not None
        assert told in bundle["entry"][-1]["resource"]["issue"][0]["diagnostics"]
        assert "_explain" not in (_link(bundle, "self") or "")
