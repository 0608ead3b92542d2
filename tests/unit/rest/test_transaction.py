from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import BASE, GRANT, Desk, entry, identified, patient, transaction

from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.policy import Policy
from careloom.rest.transaction import transaction as prepared

PATIENT = "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a01"
CONDITION = "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a02"


def condition(subject: str, **changes: Any) -> Resource:
    return {"resourceType": "Condition", "subject": {"reference": subject}, **changes}


def statuses(answer: FhirResponse) -> list[str]:
    assert answer.resource is not None
    return [each["response"]["status"][:3] for each in answer.resource["entry"]]


def diagnostics(answer: FhirResponse) -> str:
    assert answer.resource is not None
    return str(answer.resource["issue"][0]["diagnostics"])


def expression(answer: FhirResponse) -> list[str]:
    assert answer.resource is not None
    found: list[str] = answer.resource["issue"][0]["expression"]
    return found


async def test_entries_refer_to_each_other_forward_and_backward(desk: Desk) -> None:
    answer = await desk(
        "POST",
        "",
        transaction(
            entry(
                "POST", "Condition", condition(PATIENT, evidence=[{"detail": [{"reference": CONDITION}]}]), CONDITION
            ),
            entry("POST", "Patient", patient(), PATIENT),
        ),
    )
    assert statuses(answer) == ["201", "201"]
    [recorded], [subject] = await desk.all("Condition"), await desk.all("Patient")
    assert recorded["subject"]["reference"] == f"Patient/{subject['id']}"
    assert recorded["evidence"][0]["detail"][0]["reference"] == f"Condition/{recorded['id']}"


async def test_answers_stand_in_the_order_of_the_entries_without_bodies_unless_preferred(desk: Desk) -> None:
    bundle = transaction(entry("GET", "Patient/p"), entry("PUT", "Patient/p", patient(id="p")))
    short = await desk("POST", "", bundle)
    whole = await desk("POST", "", bundle, prefer="return=representation")
    assert short.resource is not None and whole.resource is not None
    assert statuses(short) == ["200", "201"]
    assert ["resource" in each for each in short.resource["entry"]] == [True, False]
    assert ["resource" in each for each in whole.resource["entry"]] == [True, True]
    assert short.resource["entry"][1]["response"]["location"] == f"{BASE}/Patient/p/_history/1"


@pytest.mark.parametrize("type", ["transaction", "batch"])
async def test_an_answer_without_entries_has_no_empty_list(desk: Desk, type: str) -> None:
    answer = await desk("POST", "", transaction(type=type))
    assert answer.resource == {"resourceType": "Bundle", "type": f"{type}-response"}


async def test_deletes_come_first_and_reads_last(desk: Desk) -> None:
    await desk("PUT", "Patient/old", identified("1", id="old"))
    answer = await desk(
        "POST",
        "",
        transaction(
            entry("GET", "Patient?identifier=urn:x|2"),
            entry("PUT", "Patient/new", identified("2", id="new")),
            entry("DELETE", "Patient/old"),
        ),
    )
    assert answer.resource is not None
    assert statuses(answer) == ["200", "201", "204"]
    assert answer.resource["entry"][0]["resource"]["entry"][0]["resource"]["id"] == "new"


async def test_one_failing_entry_undoes_all_and_is_named(desk: Desk) -> None:
    answer = await desk("POST", "", transaction(entry("POST", "Patient", patient()), entry("GET", "Patient/none")))
    assert answer.status == 404
    assert expression(answer) == ["Bundle.entry[1]"]
    assert await desk.all("Patient") == []
    [audit] = await desk.audits()
    assert audit["outcome"] == "4"


async def test_issues_of_all_entries_are_told_at_their_place(desk: Desk) -> None:
    desk.validator.issues["Condition"] = [Issue("error", "required", "Condition.code: missing", "Condition.code")]
    bundle = transaction(entry("POST", "Patient", patient()), *[entry("POST", "Condition", condition("Patient/p"))] * 2)
    answer = await desk("POST", "", bundle)
    assert answer.status == 422 and answer.resource is not None
    places = [issue["expression"][0] for issue in answer.resource["issue"]]
    assert places == ["Bundle.entry[1].resource.code", "Bundle.entry[2].resource.code"]
    assert await desk.all("Patient") == []


async def test_each_entry_is_decided(desk: Desk) -> None:
    reader = replace(GRANT, scopes=parse_scopes("system/Patient.cruds"))
    bundle = transaction(entry("POST", "Patient", patient()), entry("POST", "Condition", condition("Patient/p")))
    answer = await desk("POST", "", bundle, grant=reader)
    assert answer.status == 403
    assert "system/Condition.c" in diagnostics(answer)
    assert await desk.all("Patient") == []


async def test_conditional_create_that_finds_one_links_to_it(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    answer = await desk(
        "POST",
        "",
        transaction(
            entry("POST", "Patient", identified("1"), PATIENT, ifNoneExist="identifier=urn:x|1"),
            entry("POST", "Condition", condition(PATIENT)),
        ),
    )
    assert statuses(answer) == ["200", "201"]
    [recorded] = await desk.all("Condition")
    assert recorded["subject"]["reference"] == "Patient/p"
    assert len(await desk.all("Patient")) == 1


async def test_conditional_update_names_the_resource_it_finds_or_makes(desk: Desk) -> None:
    bundle = transaction(
        entry("PUT", "Patient?identifier=urn:x|1", identified("1"), PATIENT),
        entry("PUT", "Condition?subject=Patient/none", condition(PATIENT), CONDITION),
    )
    first, second = await desk("POST", "", bundle), await desk("POST", "", bundle)
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    [subject] = await desk.all("Patient")
    assert {each["subject"]["reference"] for each in await desk.all("Condition")} == {f"Patient/{subject['id']}"}


async def test_reference_by_search_leads_to_the_one_that_matches(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    await desk("POST", "", transaction(entry("POST", "Condition", condition("Patient?identifier=urn:x|1"))))
    [recorded] = await desk.all("Condition")
    assert recorded["subject"]["reference"] == "Patient/p"


@pytest.mark.parametrize("matches", [0, 2])
async def test_reference_by_search_that_leads_not_to_exactly_one_undoes_all(desk: Desk, matches: int) -> None:
    for _ in range(matches):
        await desk("POST", "Patient", identified("1"))
    bundle = transaction(entry("POST", "Condition", condition("Patient?identifier=urn:x|1")))
    answer = await desk("POST", "", bundle)
    assert answer.resource is not None
    assert (answer.status, answer.resource["issue"][0]["code"]) == (412, "multiple-matches" if matches else "not-found")
    assert answer.resource["issue"][0]["expression"] == ["Bundle.entry[0]"]
    assert await desk.all("Condition") == []


async def test_condition_needs_the_right_to_search(desk: Desk) -> None:
    writer = replace(GRANT, scopes=parse_scopes("system/Condition.c system/Patient.c"))
    by_reference = transaction(entry("POST", "Condition", condition("Patient?identifier=urn:x|1")))
    by_header = transaction(entry("POST", "Patient", identified("1"), ifNoneExist="identifier=urn:x|1"))
    assert (await desk("POST", "", by_reference, grant=writer)).status == 403
    assert (await desk("POST", "", by_header, grant=writer)).status == 403


@pytest.mark.parametrize(
    "entries",
    [
        [entry("PUT", "Patient/p", patient(id="p")), entry("PUT", "Patient/p", patient(id="p"))],
        [entry("PUT", "Patient/p", patient(id="p")), entry("DELETE", "Patient/p")],
        [entry("PUT", "Patient/p", patient(id="p")), entry("PUT", "Patient?identifier=urn:x|1", identified("1"))],
        [entry("DELETE", "Patient/p"), entry("DELETE", "Patient?identifier=urn:x|1")],
        [entry("DELETE", "Patient/p"), entry("POST", "Patient", identified("1"), ifNoneExist="identifier=urn:x|1")],
        [entry("POST", "Patient", patient(), PATIENT), entry("POST", "Patient", patient(), PATIENT)],
    ],
)
async def test_two_entries_about_one_resource_are_refused(desk: Desk, entries: list[Resource]) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    answer = await desk("POST", "", transaction(*entries))
    assert answer.status == 400
    assert expression(answer) == ["Bundle.entry[1]"]
    [kept] = await desk.all("Patient")
    assert kept["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("POST", "Patient", identified("1"), ifNoneExist="identifier=urn:x|1")] * 2,
        [entry("PUT", "Patient?identifier=urn:x|1", identified("1"))] * 2,
        [
            entry("POST", "Patient", identified("1")),
            entry("POST", "Patient", identified("1"), ifNoneExist="identifier=urn:x|1"),
        ],
    ],
)
async def test_condition_met_by_its_own_transaction_is_refused_rather_than_doubled(
    desk: Desk, entries: list[Resource]
) -> None:
    answer = await desk("POST", "", transaction(*entries))
    assert answer.status == 400
    assert "which this transaction writes" in diagnostics(answer)
    assert await desk.all("Patient") == []


async def test_if_match_of_an_entry_holds_the_whole_transaction(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    stale = entry("PUT", "Patient/p", patient(id="p"), ifMatch='W/"9"')
    answer = await desk("POST", "", transaction(entry("POST", "Condition", condition("Patient/p")), stale))
    assert answer.status == 412
    assert await desk.all("Condition") == []


async def test_what_has_no_place_in_a_transaction_is_refused(desk: Desk) -> None:
    for url in ("metadata", "Patient/p/_history/1", "Patient/p/$validate", "Patient?_include=Patient:organization"):
        answer = await desk("POST", "", transaction(entry("GET", url)))
        assert answer.status == 400, url


async def test_conditional_delete_of_nothing_is_no_error(desk: Desk) -> None:
    assert statuses(await desk("POST", "", transaction(entry("DELETE", "Patient?identifier=urn:x|1")))) == ["204"]


async def test_whole_transaction_is_one_audit_record_with_its_patient(desk: Desk) -> None:
    answer = await desk(
        "POST",
        "",
        transaction(entry("POST", "Patient", patient(), PATIENT), entry("POST", "Condition", condition(PATIENT))),
    )
    [audit] = await desk.audits()
    assert answer.headers["Careloom-Audit"] == f"AuditEvent/{audit['id']}"
    [subject] = await desk.all("Patient")
    named = [each["what"].get("reference") for each in audit["entity"] if "what" in each]
    assert f"Patient/{subject['id']}" in named
    assert audit["subtype"][0]["code"] == "transaction"
    assert audit["outcomeDesc"] == "agreement 'all' lets organisation 'acute' create every type for TREAT"
    assert "urn:careloom:agreement:all" in audit["agent"][0]["policy"]


async def test_entries_refer_to_each_other_by_every_form_of_name(desk: Desk) -> None:
    names = (
        "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9",
        "urn:oid:1.2.3.4.5",
        f"{desk.hub.base_url}/Patient/temporary",
    )
    for name in names:
        condition = {"resourceType": "Condition", "subject": {"reference": name}}
        await desk(
            "POST",
            "",
            transaction(entry("POST", "Condition", condition), entry("POST", "Patient", patient(), full_url=name)),
        )
    subjects = {each["subject"]["reference"] for each in await desk.all("Condition")}
    assert subjects == {f"Patient/{each['id']}" for each in await desk.all("Patient")}
    assert len(subjects) == len(names)


async def test_guess_that_turns_out_wrong_is_mended_in_the_turn(desk: Desk) -> None:
    """Between preparation and turn somebody else creates what the conditional create would have."""
    condition = {"resourceType": "Condition", "subject": {"reference": "urn:uuid:a"}}
    bundle = transaction(
        entry("POST", "Patient", identified("1"), "urn:uuid:a", ifNoneExist="identifier=urn:x|1"),
        entry("POST", "Condition", condition),
    )
    request = FhirRequest("transaction", "POST", "", body=bundle, grant=GRANT)
    work = await prepared(request, desk.hub)
    await desk("PUT", "Patient/first", identified("1", id="first"))
    await desk.hub.repository.commit(work)
    [found] = await desk.all("Condition")
    assert found["subject"]["reference"] == "Patient/first"
    assert len(await desk.all("Patient")) == 1


async def test_conditional_delete_may_take_several_where_that_is_set(desk: Desk) -> None:
    for id in ("p", "q", "r"):
        await desk("PUT", f"Patient/{id}", identified("1", id=id))
    url = "Patient?identifier=urn:x|1"
    assert (await desk("DELETE", url)).status == 412
    few, many = (desk.with_hub(policy=Policy(delete_many=most)) for most in (2, 3))
    assert (await few("DELETE", url)).status == 412
    assert len(await desk.all("Patient")) == 3
    answer = await many("POST", "", transaction(entry("DELETE", url)))
    assert answer.status == 200 and await desk.all("Patient") == []
    assert [version.id for version in answer.versions] == ["r", "q", "p"]


async def test_entry_that_fails_in_the_turn_is_named(desk: Desk) -> None:
    stale = entry("PUT", "Patient/p", patient(id="p"), ifMatch='W/"7"')
    answer = await desk("POST", "", transaction(entry("POST", "Patient", patient()), stale))
    assert answer.status == 412 and answer.resource is not None
    assert answer.resource["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert await desk.all("Patient") == []


async def test_patch_and_update_of_one_resource_are_refused(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    parts = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Patient.name"}]
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    both = transaction(entry("PUT", "Patient/p", patient(id="p")), entry("PATCH", "Patient/p", patch))
    assert (await desk("POST", "", both)).status == 400
