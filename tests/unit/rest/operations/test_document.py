"""$document: whole, in order, or refused."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import BASE, GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse


def told(answer: FhirResponse) -> list[str]:
    assert answer.resource is not None and answer.status == 200, answer.resource
    return [f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in answer.resource["entry"]]


def composition(*entries: str, id: str = "c") -> Resource:
    return {
        "resourceType": "Composition",
        "id": id,
        "status": "final",
        "subject": {"reference": "Patient/p"},
        "author": [{"reference": "PractitionerRole/r"}],
        "section": [{"entry": [{"reference": each} for each in entries]}],
    }


@pytest.fixture
async def record(desk: Desk) -> Desk:
    resources: tuple[dict[str, Any], ...] = (
        patient(id="p", link=[{"other": {"reference": "Patient/other"}}]),
        patient(id="other"),
        {"resourceType": "Practitioner", "id": "dr"},
        {"resourceType": "Organization", "id": "o"},
        {
            "resourceType": "PractitionerRole",
            "id": "r",
            "practitioner": {"reference": "Practitioner/dr"},
            "organization": {"reference": f"{BASE}/Organization/o"},
        },
        {"resourceType": "Condition", "id": "one", "subject": {"reference": "Patient/p"}},
        {"resourceType": "Condition", "id": "two", "subject": {"reference": "Patient/p"}},
        composition("Condition/two", "Condition/one", "http://elsewhere.example/fhir/Condition/x"),
        composition("Condition/none", id="broken"),
    )
    for resource in resources:
        await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    return desk


async def test_document_has_the_composition_first_and_all_that_it_refers_to(record: Desk) -> None:
    answer = await record("GET", "Composition/c/$document")
    assert [
        "Composition/c",
        "Patient/p",
        "PractitionerRole/r",
        "Condition/two",
        "Condition/one",
        "Practitioner/dr",
        "Organization/o",
    ] == told(answer)
    assert answer.resource is not None
    assert ("document", f"{BASE}/Composition/c") == (answer.resource["type"], answer.resource["entry"][0]["fullUrl"])


async def test_identifier_changes_with_what_the_document_is_made_of(record: Desk) -> None:
    async def identifier() -> str:
        made = (await record("GET", "Composition/c/$document")).resource
        assert made is not None
        return str(made["identifier"]["value"])

    first, again = await identifier(), await identifier()
    await record("PUT", "Condition/one", {"resourceType": "Condition", "id": "one", "recordedDate": "2026-01-01"})
    assert first == again != await identifier()


async def test_composition_may_be_named_by_a_parameter(record: Desk) -> None:
    expected = told(await record("GET", "Composition/c/$document"))
    for name in ("c", "Composition/c", f"{BASE}/Composition/c"):
        assert expected == told(await record("GET", f"Composition/$document?id={name}"))


async def test_document_is_recorded_where_that_is_asked(record: Desk) -> None:
    answer = await record("POST", "Composition/c/$document?persist=true")
    (recorded,) = await record.all("Bundle")
    assert (recorded, f"{BASE}/Bundle/{recorded['id']}/_history/1") == (answer.resource, answer.headers["Location"])
    assert ("Bundle", ()) in record.validator.asked


async def test_document_that_does_not_conform_is_not_recorded(record: Desk) -> None:
    record.validator.issues["Bundle"] = [Issue("error", "invalid", "not so")]
    assert 422 == (await record("POST", "Composition/c/$document?persist=true")).status
    assert [] == await record.all("Bundle")


@pytest.mark.parametrize(
    ("method", "url", "status", "message"),
    [
        ("GET", "Composition/none/$document", 404, "Composition/none is not known"),
        ("GET", "Composition/broken/$document", 409, "Composition/broken refers to Condition/none"),
        ("GET", "Composition/c/$document?persist=true", 400, "send it by POST"),
        ("GET", "Composition/$document", 400, "id: expected, found none"),
        ("GET", "Composition/$document?id=Patient/p", 400, "id: a Composition of this hub expected"),
    ],
    ids=["unknown", "missing-part", "persist-by-get", "unnamed", "patient"],
)
async def test_what_cannot_be_made_is_refused(record: Desk, method: str, url: str, status: int, message: str) -> None:
    answer = await record(method, url)
    assert answer.resource is not None
    assert (status, True) == (answer.status, message in answer.resource["issue"][0]["diagnostics"])


@pytest.mark.parametrize(
    ("scopes", "url"),
    [
        ("system/Composition.rs system/Patient.rs", "Composition/c/$document"),
        ("system/*.rs", "Composition/c/$document?persist=true"),
        ("system/Patient.rs", "Composition/$document?id=c"),
    ],
    ids=["a-part", "record", "by-name"],
)
async def test_what_the_client_may_not_do_is_refused_whole(record: Desk, scopes: str, url: str) -> None:
    assert 403 == (await record("POST", url, grant=replace(GRANT, scopes=parse_scopes(scopes)))).status


async def test_document_has_a_ceiling(record: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careloom.rest.operations.document.MOST", 3)
    answer = await record("GET", "Composition/c/$document")
    assert answer.resource is not None
    assert "too-costly" == answer.resource["issue"][0]["code"]
