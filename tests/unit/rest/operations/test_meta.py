"""$meta, $meta-add, $meta-delete."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse

RED = {"system": "urn:tags", "code": "red"}
BLUE = {"system": "urn:tags", "code": "blue"}
SECRET = {"system": "urn:security", "code": "R"}


def labels(answer: FhirResponse) -> dict[str, Any]:
    """The labels in an answer, without what the store adds."""
    assert answer.resource is not None and answer.status == 200, answer.resource
    told: dict[str, Any] = answer.resource["parameter"][0]["valueMeta"] if "parameter" in answer.resource else {}
    return {name: value for name, value in told.items() if name in ("profile", "security", "tag")}


def sent(**meta: Any) -> Resource:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


@pytest.fixture
async def record(desk: Desk) -> Desk:
    await desk("PUT", "Patient/p", patient(id="p", meta={"tag": [RED], "profile": ["urn:profile"]}))
    await desk("PUT", "Patient/q", patient(id="q", meta={"tag": [RED, BLUE]}))
    await desk("PUT", "Patient/plain", patient(id="plain"))
    await desk("PUT", "Organization/o", {"resourceType": "Organization", "id": "o", "meta": {"security": [SECRET]}})
    return desk


async def test_labels_of_a_resource_are_told_with_its_version(record: Desk) -> None:
    answer = await record("GET", "Patient/p/$meta")
    assert {"tag": [RED], "profile": ["urn:profile"]} == labels(answer)
    assert 'W/"1"' == answer.headers["ETag"]


async def test_labels_of_a_version_are_told_as_they_were(record: Desk) -> None:
    await record("POST", "Patient/p/$meta-add", sent(tag=[BLUE]))
    assert [RED] == labels(await record("GET", "Patient/p/_history/1/$meta"))["tag"]
    assert [RED, BLUE] == labels(await record("GET", "Patient/p/_history/2/$meta"))["tag"]


async def test_labels_in_use_are_told_of_a_type_and_of_everything(record: Desk) -> None:
    assert [BLUE, RED] == sorted(labels(await record("GET", "Patient/$meta"))["tag"], key=lambda tag: tag["code"])
    assert [SECRET] == labels(await record("GET", "$meta"))["security"]


async def test_labels_of_what_the_client_may_not_see_are_not_told(record: Desk) -> None:
    narrow = replace(GRANT, scopes=parse_scopes("system/Organization.rs"))
    assert {"security": [SECRET]} == labels(await record("GET", "$meta", grant=narrow))
    assert 403 == (await record("GET", "Patient/$meta", grant=narrow)).status


async def test_added_labels_make_a_version_and_stand_beside_those_that_were_there(record: Desk) -> None:
    answer = await record("POST", "Patient/p/$meta-add", sent(tag=[RED, BLUE], security=[SECRET]))
    assert {"tag": [RED, BLUE], "profile": ["urn:profile"], "security": [SECRET]} == labels(answer)
    assert 'W/"2"' == answer.headers["ETag"]


async def test_adding_what_is_there_makes_no_version(record: Desk) -> None:
    answer = await record("POST", "Patient/p/$meta-add", sent(tag=[{**RED, "display": "other words"}]))
    assert ('W/"1"', [RED]) == (answer.headers["ETag"], labels(answer)["tag"])


async def test_labels_are_taken_away_and_those_that_are_not_there_are_no_error(record: Desk) -> None:
    answer = await record("POST", "Patient/p/$meta-delete", sent(tag=[RED, BLUE], profile=["urn:profile"]))
    assert ({}, 'W/"2"') == (labels(answer), answer.headers["ETag"])
    recorded = (await record("GET", "Patient/p")).resource
    assert recorded is not None and {"versionId", "lastUpdated"} == recorded["meta"].keys()


async def test_what_the_change_makes_must_conform(record: Desk) -> None:
    record.validator.issues["Patient"] = [Issue("error", "invalid", "not that profile")]
    assert 422 == (await record("POST", "Patient/p/$meta-add", sent(profile=["urn:other"]))).status
    assert ["urn:profile"] == labels(await record("GET", "Patient/p/$meta"))["profile"]


async def test_change_is_held_to_the_version_the_client_has_seen(record: Desk) -> None:
    assert 412 == (await record("POST", "Patient/p/$meta-add", sent(tag=[BLUE]), if_match='W/"7"')).status


async def test_change_needs_the_right_to_update(record: Desk) -> None:
    reader = replace(GRANT, scopes=parse_scopes("system/*.rs"))
    assert 403 == (await record("POST", "Patient/p/$meta-add", sent(tag=[BLUE]), grant=reader)).status
    blind = replace(GRANT, scopes=parse_scopes("system/Patient.u"))
    assert 403 == (await record("POST", "Patient/p/$meta-add", sent(tag=[BLUE]), grant=blind)).status


@pytest.mark.parametrize(
    ("url", "body", "status"),
    [
        ("Patient/none/$meta-add", sent(tag=[RED]), 404),
        ("Patient/p/$meta-add", sent(versionId="9"), 400),
        ("Patient/p/$meta-add", sent(tag=["red"]), 400),
        ("Patient/p/$meta-add", sent(tag=[{"system": ["red"]}]), 400),
        ("Patient/p/$meta-add", {"resourceType": "Parameters"}, 400),
        ("Patient/p/$meta-add", sent(tag=[RED]) | {"parameter": [{"name": "meta", "valueString": "x"}]}, 400),
        ("AuditEvent/a/$meta-add", sent(tag=[RED]), 405),
    ],
    ids=["unknown", "not-a-label", "no-coding", "odd-system", "no-meta", "no-value-meta", "audit"],
)
async def test_what_cannot_be_changed_is_refused(record: Desk, url: str, body: Resource, status: int) -> None:
    assert status == (await record("POST", url, body)).status


async def test_too_many_resources_to_look_at_are_refused(record: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careloom.rest.operations.meta.MOST", 1)
    monkeypatch.setattr("careloom.rest.operations.meta.PAGE", 1)
    answer = await record("GET", "Patient/$meta")
    assert answer.resource is not None
    assert (400, "too-costly") == (answer.status, answer.resource["issue"][0]["code"])
