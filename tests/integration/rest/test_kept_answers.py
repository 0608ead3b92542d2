"""What is kept for a client to fetch is told as long as that client might still ask for it, and not a day longer."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE
from tests.unit.rest import conftest as fixtures
from tests.unit.rest.desk import BASE, GRANT, NOW, Desk, patient, registry, transaction

from careloom.governance import Grant, parse_scopes
from careloom.rest.deferred import defer
from careloom.rest.jobs import Jobs
from careloom.rest.messages import FhirRequest, FhirResponse

desk, hub_key, parameters = fixtures.desk, fixtures.hub_key, fixtures.parameters


class Later:
    """Asks for answers that come later, and fetches them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(
        self, method: str, url: str, body: Any = None, grant: Grant = GRANT, prefer: str = "", **more: Any
    ) -> str:
        """The address of the job, once it is done."""
        path, _, query = url.partition("?")
        route = self.desk.hub.routes.find(method, path)
        asked = tuple((name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))
        headers = {"prefer": f"respond-async, {prefer}"}
        request = FhirRequest("", method, url, parameters=asked, headers=headers, body=body, grant=grant, **more)
        answer = await defer(route.interaction, route.addressed(request), self.desk.hub)
        job = answer.headers["Content-Location"].removeprefix(f"{BASE}/")
        async with asyncio.timeout(PATIENCE):
            while (await self.fetch(job, grant)).status == 202:
                await asyncio.sleep(0.01)
        return job

    async def fetch(self, address: str, grant: Grant = GRANT, **rules: Any) -> FhirResponse:
        """What is told at an address, by other rules where they are given."""
        desk = self.desk.with_hub(registry=registry(**rules)) if rules else self.desk
        return await desk("GET", address.removeprefix(f"{BASE}/"), grant=grant)


@pytest.fixture
async def later(desk: Desk, tmp_path: Path) -> AsyncIterator[Later]:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("PUT", "Device/d", {"resourceType": "Device", "id": "d"})
    jobs = Jobs(tmp_path / "jobs", lambda: NOW, desk.hub.new_id)
    yield Later(desk.with_hub(jobs=jobs))
    await jobs.close()


ENDED: dict[str, Any] = {"end": NOW - timedelta(minutes=1)}


@pytest.mark.parametrize("url", ["Patient?name=ashe", "Patient/p", "Patient/p/$everything", "_history", "$export"])
async def test_answer_is_not_told_once_the_agreement_has_ended(url: str, later: Later) -> None:
    job = await later.ask("GET", url)
    assert 200 == (await later.fetch(job)).status
    refused = await later.fetch(job, **ENDED)
    assert (403, True) == (refused.status, "'all' ended at" in str(refused.resource))


@pytest.mark.parametrize("since", ["", "&_since=2020-01-01T00:00:00Z"])
async def test_files_are_not_given_out_once_the_agreement_has_ended(since: str, later: Later) -> None:
    await later.desk("DELETE", "Patient/p")
    job = await later.ask("GET", f"$export?_type=Patient,Device{since}")
    manifest: Any = (await later.fetch(job)).json
    files = [each["url"] for each in (*manifest["output"], *manifest.get("deleted", ()))]
    assert (1 + bool(since), {200}) == (len(files), {(await later.fetch(each)).status for each in files})
    assert {403} == {(await later.fetch(each, **ENDED)).status for each in files}


async def test_answer_is_not_told_for_another_purpose_or_by_a_narrower_token(later: Later) -> None:
    job = await later.ask("GET", "Patient?name=ashe")
    for narrower in (replace(GRANT, purpose="HPAYMT"), replace(GRANT, scopes=parse_scopes("system/Device.rs"))):
        assert 403 == (await later.fetch(job, narrower)).status
    assert 200 == (await later.fetch(job, replace(GRANT, scopes=parse_scopes("system/Patient.s")))).status


async def test_answer_about_some_types_is_told_whatever_becomes_of_others(later: Later) -> None:
    job = await later.ask("GET", "Patient?name=ashe")
    assert 200 == (await later.fetch(job, types=frozenset({"Patient"}))).status
    assert 403 == (await later.fetch(job, types=frozenset({"Device"}))).status


async def test_who_may_only_write_is_told_what_became_of_it(later: Later) -> None:
    writer = replace(GRANT, scopes=parse_scopes("system/Patient.c"))
    for url, body in (
        ("Patient", patient()),
        ("", transaction({"request": {"method": "POST", "url": "Patient"}, "resource": patient()})),
    ):
        job = await later.ask("POST", url, body, writer, prefer="return=representation")
        assert 200 == (await later.fetch(job, writer)).status


async def test_answer_that_is_no_resource_is_told_in_a_binary(later: Later) -> None:
    job = await later.ask("GET", '$graphql?query={Patient(id:"p"){id}}')
    [told] = ((await later.fetch(job)).resource or {})["entry"]
    assert {"data": {"Patient": {"id": "p"}}} == json.loads(b64decode(told["resource"]["data"]))


async def test_binary_that_is_asked_for_as_it_is_comes_later_as_a_resource(later: Later) -> None:
    await later.desk(
        "PUT", "Binary/b", {"resourceType": "Binary", "id": "b", "contentType": "image/png", "data": "AQI="}
    )
    job = await later.ask("GET", "Binary/b", takes_raw=True)
    [told] = ((await later.fetch(job)).resource or {})["entry"]
    assert ("image/png", "AQI=") == (told["resource"]["contentType"], told["resource"]["data"])


async def test_file_is_not_given_out_before_the_work_is_done(later: Later) -> None:
    jobs: Any = later.desk.hub.jobs
    job = jobs.new(client=GRANT.client, url=f"{BASE}/$export", code="$export", purpose="TREAT")
    written, going_on = asyncio.Event(), asyncio.Event()

    async def work(task: Any) -> FhirResponse:
        (task.files / "Patient.1.ndjson").write_text("{}\n")
        written.set()
        await going_on.wait()
        return FhirResponse(200, json={})

    jobs.start(job, work, BASE)
    await written.wait()
    assert 404 == (await later.fetch(f"_jobs/{job.id}/Patient.1.ndjson")).status
    going_on.set()
