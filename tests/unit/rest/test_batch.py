from dataclasses import replace

import pytest
from tests.unit.rest.desk import GRANT, Desk, entry, patient, transaction

from careloom.governance import parse_scopes
from careloom.rest.hub import Limits


def _batch(*entries: object) -> dict[str, object]:
    return transaction(*entries, type="batch")  # type: ignore[arg-type]  # what is no entry is under test


async def test_one_entry_may_fail_and_the_rest_go_on(desk: Desk) -> None:
    answer = await desk(
        "POST",
        "",
        _batch(
            entry("POST", "Patient", patient()),
            entry("GET", "Patient/none"),
            entry("POST", "Observation", patient()),
            entry("DELETE", "Patient/none"),
        ),
    )
    assert answer.status == 200 and answer.resource is not None
    assert answer.resource["type"] == "batch-response"
    statuses = [each["response"]["status"] for each in answer.resource["entry"]]
    assert statuses == ["201 Created", "404 Not Found", "400 Bad Request", "204 No Content"]
    assert answer.resource["entry"][1]["response"]["outcome"]["issue"][0]["code"] == "not-found"
    assert len(await desk.all("Patient")) == 1


async def test_entry_that_cannot_be_read_fails_alone_and_is_named(desk: Desk) -> None:
    answer = await desk("POST", "", _batch(entry("GET", "Patientt"), {}, entry("POST", "Patient/p")))
    assert answer.resource is not None
    told = [each["response"] for each in answer.resource["entry"]]
    assert [each["status"][:3] for each in told] == ["404", "400", "405"]
    assert told[1]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1]"]


async def test_each_entry_is_decided_and_audited_on_its_own(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    before = len(await desk.audits())
    reader = replace(GRANT, scopes=parse_scopes("system/Patient.r"))
    answer = await desk("POST", "", _batch(entry("GET", "Patient/p"), entry("DELETE", "Patient/p")), grant=reader)
    assert answer.resource is not None
    assert [each["response"]["status"][:3] for each in answer.resource["entry"]] == ["200", "403"]
    assert answer.resource["entry"][0]["resource"]["id"] == "p"
    assert len(await desk.audits()) == before + 3


async def test_bundle_of_another_type_is_400(desk: Desk) -> None:
    assert (await desk("POST", "", transaction(type="collection"))).status == 400
    assert (await desk("POST", "", patient())).status == 400


async def test_batch_within_a_batch_is_refused(desk: Desk) -> None:
    answer = await desk("POST", "", _batch(entry("POST", "", _batch())))
    assert answer.resource is not None
    response = answer.resource["entry"][0]["response"]
    assert response["status"] == "400 Bad Request"
    assert "found a bundle within a bundle" in response["outcome"]["issue"][0]["diagnostics"]


@pytest.mark.parametrize("type", ["batch", "transaction"])
async def test_head_is_answered_without_the_resource_but_with_what_is_wrong(desk: Desk, type: str) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("POST", "", transaction(entry("HEAD", "Patient/p"), type=type))
    assert answer.resource is not None
    (told,) = answer.resource["entry"]
    assert "resource" not in told and told["response"]["status"] == "200 OK" and told["response"]["etag"] == 'W/"1"'
    refused = await desk("POST", "", _batch(entry("HEAD", "Patient/none")))
    assert refused.resource is not None
    assert refused.resource["entry"][0]["response"]["outcome"]["issue"][0]["code"] == "not-found"


async def test_more_entries_than_the_hub_takes_are_413(desk: Desk) -> None:
    small = desk.with_hub(limits=replace(desk.hub.limits, entries=1))
    assert (await small("POST", "", _batch(entry("GET", "Patient/p"), entry("GET", "Patient/p")))).status == 413


async def test_answers_over_the_ceiling_are_refused_entry_by_entry(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    small = desk.with_hub(limits=Limits(answers=1000))
    answer = await small("POST", "", _batch(*[entry("GET", "Patient/p")] * 100))
    assert answer.resource is not None
    statuses = [each["response"]["status"][:3] for each in answer.resource["entry"]]
    assert statuses[0] == "200" and statuses[-1] == "400"
    assert statuses.count("200") < 40


async def test_instant_that_no_calendar_has_is_400(desk: Desk) -> None:
    for instant in ("soon", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"):
        answer = await desk("POST", "", _batch(entry("GET", "Patient/p", ifModifiedSince=instant)))
        assert answer.resource is not None
        assert answer.resource["entry"][0]["response"]["status"] == "400 Bad Request"
