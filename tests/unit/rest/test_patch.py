import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk, entry, identified, patient, transaction

from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.rest.policy import Policy

ACTIVE = [{"op": "add", "path": "/active", "value": True}]


def _fhirpath(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    told = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    told += [{"name": name, **value} for name, value in parts.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": told}]}


async def test_json_patch_makes_a_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("PATCH", "Patient/p", patch=ACTIVE)
    assert (answer.status, answer.headers["ETag"]) == (200, 'W/"2"')
    assert answer.resource is not None and answer.resource["active"] is True
    assert answer.resource["name"] == [{"family": "Ashe"}]


async def test_fhirpath_patch_makes_a_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    change = _fhirpath("replace", "Patient.name.family", value={"valueString": "Birch"})
    answer = await desk("PATCH", "Patient/p", change)
    assert answer.resource is not None and answer.resource["name"] == [{"family": "Birch"}]
    assert answer.resource["meta"]["versionId"] == "2"


async def test_patch_that_changes_nothing_makes_no_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    answer = await desk("PATCH", "Patient/p", patch=ACTIVE)
    assert (answer.status, answer.headers["ETag"]) == (200, 'W/"1"')
    assert len(await desk.audits()) == 2


async def test_update_that_changes_nothing_makes_no_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("PUT", "Patient/p", patient(id="p"))
    assert (answer.status, answer.headers["ETag"]) == (200, 'W/"1"')
    other = await desk("PUT", "Patient/p", patient(id="p", active=False))
    assert other.headers["ETag"] == 'W/"2"'


async def test_result_must_conform(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    desk.validator.issues["Patient"] = [Issue("error", "value", "no", "Patient.active")]
    assert (await desk("PATCH", "Patient/p", patch=ACTIVE)).status == 422
    assert [each["meta"]["versionId"] for each in await desk.all("Patient")] == ["1"]


@pytest.mark.parametrize("path", ["/id", "/resourceType"])
async def test_identity_stays(path: str, desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("PATCH", "Patient/p", patch=[{"op": "replace", "path": path, "value": "x"}])).status == 422
    assert (await desk("PATCH", "Patient/p", patch=[{"op": "replace", "path": "", "value": 1}])).status == 422


async def test_only_what_is_there_can_be_patched(desk: Desk) -> None:
    assert (await desk("PATCH", "Patient/p", patch=ACTIVE)).status == 404
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("DELETE", "Patient/p")
    assert (await desk("PATCH", "Patient/p", patch=ACTIVE)).status == 410
    assert (await desk("PATCH", "Patient/p")).status == 400


async def test_version_is_held_to(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("PATCH", "Patient/p", patch=ACTIVE, if_match='W/"7"')).status == 412
    assert (await desk("PATCH", "Patient/p", patch=ACTIVE, if_match='W/"1"')).status == 200
    careful = desk.with_hub(policy=Policy(version_required=True))
    assert (await careful("PATCH", "Patient/p", patch=ACTIVE)).status == 412


async def test_condition_picks_the_one_to_be_patched(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    answer = await desk("PATCH", "Patient?identifier=urn:x|1", patch=ACTIVE)
    assert answer.status == 200 and answer.resource is not None and answer.resource["id"] == "p"
    assert (await desk("PATCH", "Patient?identifier=urn:x|2", patch=ACTIVE)).status == 404
    await desk("PUT", "Patient/q", identified("1", id="q"))
    assert (await desk("PATCH", "Patient?identifier=urn:x|1", patch=ACTIVE)).status == 412


async def test_failed_test_is_told_with_its_place(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("PATCH", "Patient/p", patch=[{"op": "test", "path": "/name/0/family", "value": "Birch"}])
    assert answer.status == 422 and answer.resource is not None
    assert "operation 0 of the patch: test failed: /name/0/family" in answer.resource["issue"][0]["diagnostics"]


@pytest.mark.parametrize("url", ["Patient/p", "Patient/none", "Patient?identifier=urn:x|1"])
@pytest.mark.parametrize("family", ["Ashe", "Birch"])
async def test_who_may_not_see_what_is_there_learns_nothing_of_it_by_a_patch(url: str, family: str, desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    blind = replace(GRANT, scopes=parse_scopes("system/Patient.u"))
    guess = [{"op": "test", "path": "/name/0/family", "value": family}, *ACTIVE]
    alone = await desk("PATCH", url, patch=guess, grant=blind)
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": b64encode(json.dumps(guess).encode()).decode(),
    }
    bundled = await desk("POST", "", transaction(entry("PATCH", url, binary)), grant=blind)
    assert (403, 403) == (alone.status, bundled.status)


async def test_who_may_search_may_patch(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    searcher = replace(GRANT, scopes=parse_scopes("system/Patient.us"))
    assert 200 == (await desk("PATCH", "Patient/p", patch=ACTIVE, grant=searcher)).status


async def test_merge_patch_is_an_allowance(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    plain = "application/json"
    answer = await desk("PATCH", "Patient/p", patch={"active": None, "gender": "female"}, content_type=plain)
    assert answer.resource is not None and ("active" in answer.resource, answer.resource["gender"]) == (False, "female")
    strict = desk.with_hub(policy=Policy(allowances=frozenset()))
    assert (await strict("PATCH", "Patient/p", patch={"gender": "male"}, content_type=plain)).status == 415


async def test_an_object_that_is_said_to_be_a_json_patch_is_refused(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    said = "application/json-patch+json"
    assert (await desk("PATCH", "Patient/p", patch={"gender": "male"}, content_type=said)).status == 400
    data = b64encode(b'{"gender": "male"}').decode()
    binary = {"resourceType": "Binary", "contentType": said, "data": data}
    assert (await desk("POST", "", transaction(entry("PATCH", "Patient/p", binary)))).status == 400
    [unchanged] = await desk.all("Patient")
    assert "gender" not in unchanged


async def test_patches_stand_in_batches_and_transactions(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0=",
    }
    birch = _fhirpath("replace", "Patient.name.family", value={"valueString": "Birch"})
    batch = await desk("POST", "", transaction(entry("PATCH", "Patient/p", binary), type="batch"))
    assert batch.resource is not None and batch.resource["entry"][0]["response"]["status"] == "200 OK"
    answer = await desk("POST", "", transaction(entry("PATCH", "Patient/p", birch)))
    assert answer.status == 200 and answer.resource is not None
    [found] = await desk.all("Patient")
    assert (found["active"], found["name"], found["meta"]["versionId"]) == (True, [{"family": "Birch"}], "3")


async def test_binary_of_another_kind_is_no_patch(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": ""}
    answer = await desk("POST", "", transaction(entry("PATCH", "Patient/p", binary)))
    assert answer.status == 415 and answer.resource is not None
    assert answer.resource["issue"][0]["expression"] == ["Bundle.entry[0]"]
