"""$process-message: all of it once, and an answer that is a message."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import BASE, GRANT, Desk, identified

from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse

SENDER = "https://sender.example/fhir"


def header(id: str = "m-1", *focus: str) -> Resource:
    return {
        "resourceType": "MessageHeader",
        "id": id,
        "eventCoding": {"system": "urn:events", "code": "referral"},
        "source": {"endpoint": f"{SENDER}/$process-message"},
        "focus": [{"reference": each} for each in focus or ("urn:uuid:request",)],
    }


def message(*resources: tuple[str, Resource], first: Resource | None = None) -> Resource:
    entries = [("urn:uuid:header", first or header()), *resources]
    told = [{"fullUrl": full_url, "resource": resource} for full_url, resource in entries]
    return {"resourceType": "Bundle", "type": "message", "timestamp": "2026-11-22T12:00:00Z", "entry": told}


def referral(**changes: Any) -> Resource:
    subject = {"reference": "urn:uuid:patient"}
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": "urn:referrals", "value": "1"}],
        "subject": subject,
        **changes,
    }


def sent(**changes: Any) -> Resource:
    return message(("urn:uuid:request", referral(**changes)), ("urn:uuid:patient", identified("7", id="theirs")))


def reason(answer: FhirResponse) -> str:
    assert answer.resource is not None
    return str(answer.resource["issue"][0]["diagnostics"])


async def test_message_is_recorded_with_its_references_and_answered_by_one(desk: Desk) -> None:
    answer = await desk("POST", "$process-message", sent())
    assert answer.status == 200 and answer.resource is not None
    told = answer.resource["entry"][0]["resource"]
    assert ("message", {"identifier": "m-1", "code": "ok"}) == (answer.resource["type"], told["response"])
    assert [{"endpoint": f"{SENDER}/$process-message"}] == told["destination"]
    assert "referral" == told["eventCoding"]["code"]
    ((patient,), (request,)) = (await desk.all("Patient"), await desk.all("ServiceRequest"))
    assert {"reference": f"Patient/{patient['id']}"} == request["subject"] and "theirs" != patient["id"]
    (kept,) = await desk.all("MessageHeader")
    assert [{"reference": f"ServiceRequest/{request['id']}"}] == kept["focus"]


async def test_what_the_message_is_about_goes_over_what_was_there_and_its_context_does_not(desk: Desk) -> None:
    await desk("PUT", "Patient/ours", identified("7", id="ours", gender="female"))
    before = {**referral(), "id": "r", "subject": {"reference": "Patient/ours"}}
    await desk("PUT", "ServiceRequest/r", before)
    assert 200 == (await desk("POST", "$process-message", sent(priority="urgent"))).status
    ((patient,), (request,)) = (await desk.all("Patient"), await desk.all("ServiceRequest"))
    assert ("female", "1") == (patient["gender"], patient["meta"]["versionId"])
    assert ("r", "urgent", "Patient/ours") == (request["id"], request["priority"], request["subject"]["reference"])


async def test_resource_of_the_hub_is_changed_where_it_is_a_focus_and_left_alone_elsewhere(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("7", id="p"))
    await desk("PUT", "Task/t", {"resourceType": "Task", "id": "t", "status": "draft"})
    bundle = message(
        (f"{BASE}/Task/t", {"resourceType": "Task", "id": "t", "status": "ready", "for": {"reference": "Patient/p"}}),
        (f"{BASE}/Patient/p", identified("7", id="p", gender="male")),
        first=header("m-1", f"{BASE}/Task/t"),
    )
    assert 200 == (await desk("POST", "$process-message", bundle)).status
    ((patient,), (task,)) = (await desk.all("Patient"), await desk.all("Task"))
    assert ("ready", "Patient/p", False) == (task["status"], task["for"]["reference"], "gender" in patient)


async def test_message_sent_again_is_answered_as_before_and_does_nothing(desk: Desk) -> None:
    first = await desk("POST", "$process-message", sent())
    again = await desk("POST", "$process-message", {**sent(), "id": "another-envelope"})
    assert (200, first.resource) == (again.status, again.resource)
    assert 1 == len(await desk.all("MessageHeader"))


async def test_same_message_twice_at_a_time_is_recorded_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk("POST", "$process-message", sent()) for _ in range(8)))
    assert [200] * 8 == [each.status for each in answers]
    assert (1, 1) == (len(await desk.all("MessageHeader")), len(await desk.all("ServiceRequest")))


async def test_id_of_a_message_is_its_clients_own_and_of_one_content(desk: Desk) -> None:
    await desk("POST", "$process-message", sent())
    other = await desk("POST", "$process-message", sent(priority="stat"))
    assert (409, True) == (other.status, "'m-1'" in reason(other))
    elsewhere = replace(GRANT, client="gp-system")
    assert 200 == (await desk("POST", "$process-message", sent(priority="stat"), grant=elsewhere)).status


async def test_nothing_is_recorded_of_what_does_not_conform_or_is_not_allowed(desk: Desk) -> None:
    desk.validator.issues["ServiceRequest"] = [Issue("error", "invalid", "no")]
    assert 422 == (await desk("POST", "$process-message", sent())).status
    desk.validator.issues = {"Bundle": [Issue("error", "structure", "a focus of type Task expected")]}
    assert 422 == (await desk("POST", "$process-message", sent())).status
    desk.validator.issues = {}
    narrow = replace(GRANT, scopes=parse_scopes("system/Patient.cruds system/MessageHeader.c"))
    assert 403 == (await desk("POST", "$process-message", sent(), grant=narrow)).status
    assert [] == [*await desk.all("Patient"), *await desk.all("MessageHeader"), *await desk.all("Bundle")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**sent(), "type": "batch"}, "a Bundle of type message"),
        ({"resourceType": "Bundle", "type": "message"}, "a Bundle of type message"),
        (message(first=identified("1")), "a Bundle of type message"),
        ({**sent(), "entry": [{"fullUrl": "urn:uuid:x"}]}, "Bundle.entry[0].resource"),
        (
            {
                "resourceType": "Parameters",
                "parameter": [{"name": "content", "resource": sent()}, {"name": "async", "valueBoolean": True}],
            },
            "at once",
        ),
    ],
    ids=["batch", "empty", "no-header", "no-resource", "async"],
)
async def test_what_is_no_message_is_refused(desk: Desk, body: Resource, message: str) -> None:
    answer = await desk("POST", "$process-message", body)
    assert (400, True) == (answer.status, message in reason(answer))


async def test_what_was_recorded_is_audited_in_its_commit(desk: Desk) -> None:
    await desk("POST", "$process-message", sent())
    (event,) = [each for each in await desk.audits() if each["outcome"] == "0"]
    told = {
        each["what"]["reference"].partition("/")[0] for each in event["entity"] if "reference" in each.get("what", {})
    }
    assert {"Patient", "ServiceRequest", "MessageHeader"} <= told
