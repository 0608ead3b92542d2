"""$erase: nothing of the patient is left to be found, everything of others is, and it is proven."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.json import serialize_json
from careloom.model.resource import Resource
from careloom.rest.errors import MethodNotAllowedError
from careloom.rest.messages import FhirResponse

SECRET = "Zaphodine"


def why(reason: str = "court order 7", **flags: bool) -> Resource:
    parts: list[dict[str, Any]] = [{"name": "reason", "valueString": reason}]
    parts += [{"name": name, "valueBoolean": value} for name, value in flags.items()]
    return {"resourceType": "Parameters", "parameter": parts}


@pytest.fixture
async def record(desk: Desk) -> Desk:
    """A patient with a past, a deleted condition, a document and a letter; and another patient."""
    subject = {"reference": "Patient/p"}
    letter = {"contentType": "text/plain", "data": b64encode(SECRET.encode()).decode()}
    document = {"type": "document", "entry": [{"resource": patient(id="p", name=[{"family": SECRET}])}]}
    resources: tuple[dict[str, Any], ...] = (
        patient(id="p", name=[{"family": SECRET}]),
        patient(id="p", name=[{"family": "Beeblebrox"}]),
        patient(id="q"),
        {"resourceType": "Condition", "id": "gone", "subject": subject, "code": {"text": SECRET}},
        {"resourceType": "Condition", "id": "there", "subject": subject, "code": {"text": SECRET}},
        {"resourceType": "Condition", "id": "other", "subject": {"reference": "Patient/q"}},
        {"resourceType": "Binary", "id": "b", **letter},
        {"resourceType": "Binary", "id": "theirs", **letter},
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "subject": subject,
            "content": [{"attachment": {"url": "Binary/b"}}],
        },
        {"resourceType": "Bundle", "id": "doc", **document},
        {"resourceType": "Bundle", "id": "unrelated", "type": "collection"},
    )
    for resource in resources:
        assert (await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)).status < 300
    await desk("DELETE", "Condition/gone")
    return desk


def told(answer: FhirResponse) -> dict[str, Any]:
    assert answer.status == 200 and answer.resource is not None, answer.resource
    part = answer.resource["parameter"][0]["part"]
    return {each["name"]: next(value for name, value in each.items() if name != "name") for each in part}


async def test_nothing_of_the_patient_is_left_in_any_version(record: Desk) -> None:
    erasure = told(await record("POST", "Patient/p/$erase", why()))
    assert 4 == erasure["resources"] and erasure["versions"] >= 6
    for url in (
        "Patient/p",
        "Patient/p/_history/1",
        "Patient/p/_history",
        "Condition/gone",
        "Condition/there/_history/1",
    ):
        assert 404 == (await record("GET", url)).status, url
    for url in ("DocumentReference/d", "Binary/b", "Bundle/doc"):
        assert 404 == (await record("GET", url)).status, url
    for query in (f"Condition?code:text={SECRET}", f"Patient?name={SECRET}", "Condition?subject=Patient/p"):
        found = (await record("GET", query)).resource
        assert found is not None and 0 == found["total"], query
    history = (await record("GET", "_history?_count=1000")).resource
    assert history is not None
    kept = [each for each in history["entry"] if not each["fullUrl"].rpartition("/fhir/")[2].startswith("AuditEvent")]
    assert SECRET.encode() not in serialize_json(kept)


async def test_what_is_of_others_is_left_as_it_was(record: Desk) -> None:
    await record("POST", "Patient/p/$erase", why())
    for url in ("Patient/q", "Condition/other", "Binary/theirs", "Bundle/unrelated"):
        assert 200 == (await record("GET", url)).status, url


async def test_intention_and_outcome_are_audited_with_reason_and_digest(record: Desk) -> None:
    erasure = told(await record("POST", "Patient/p/$erase", why("court order 7")))
    outcome, intention = (await record.audits())[:2]
    assert "about to erase: court order 7" in intention["outcomeDesc"]
    assert "court order 7" in outcome["outcomeDesc"] and erasure["digest"] in outcome["outcomeDesc"]
    assert SECRET.encode() not in serialize_json([outcome, intention])


async def test_what_is_about_other_patients_too_is_erased_only_where_that_is_said(record: Desk) -> None:
    members = [{"entity": {"reference": f"Patient/{each}"}} for each in "pq"]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members}
    await record("PUT", "Group/g", group)
    refused = await record("POST", "Patient/p/$erase", why())
    assert refused.resource is not None
    assert (409, True) == (refused.status, "Group/g" in refused.resource["issue"][0]["diagnostics"])
    assert 200 == (await record("GET", "Patient/p")).status
    assert 200 == (await record("POST", "Patient/p/$erase", why(includeShared=True))).status
    assert (404, 200) == ((await record("GET", "Group/g")).status, (await record("GET", "Patient/q")).status)


async def test_erasing_again_is_no_error_and_erases_nothing(record: Desk) -> None:
    await record("POST", "Patient/p/$erase", why())
    assert 0 == told(await record("POST", "Patient/p/$erase", why()))["resources"]


async def test_what_is_kept_for_clients_is_forgotten(record: Desk) -> None:
    class Kept:
        def forget_all(self) -> int:
            return 3

    answer = await record.with_hub(jobs=Kept())("POST", "Patient/p/$erase", why())
    assert answer.resource is not None
    assert {"name": "jobsForgotten", "valueInteger": 3} == answer.resource["parameter"][-1]


@pytest.mark.parametrize(
    ("scopes", "body", "status"),
    [
        ("system/*.crus", why(), 403),
        ("system/Patient.cruds", why(), 403),
        ("system/*.cruds", {"resourceType": "Parameters"}, 400),
        ("system/*.cruds", why(" "), 400),
        ("system/*.cruds", why("x" * 501), 400),
    ],
    ids=["no-delete", "one-type", "no-reason", "blank", "long"],
)
async def test_what_is_not_allowed_or_not_said_why_is_refused(
    record: Desk, scopes: str, body: Resource, status: int
) -> None:
    answer = await record("POST", "Patient/p/$erase", body, grant=replace(GRANT, scopes=parse_scopes(scopes)))
    assert status == answer.status
    assert 200 == (await record("GET", "Patient/p")).status


async def test_it_is_not_offered_by_get(record: Desk) -> None:
    with pytest.raises(MethodNotAllowedError, match="GET is not offered"):
        await record("GET", "Patient/p/$erase")
