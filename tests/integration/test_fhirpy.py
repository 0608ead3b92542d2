"""A FHIR client that nobody here wrote works with the hub: fhirpy."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from tests.integration import hub as hubs
from tests.integration.hub import HubProcess, ask_token

hub = hubs.hub_of_a_file


@pytest.fixture
async def client(hub: HubProcess) -> AsyncIterator[AsyncFHIRClient]:
    async with aiohttp.ClientSession() as session:
        token = (await ask_token(session, hub, "acute-epr"))["access_token"]
    yield AsyncFHIRClient(hub.base_url, authorization=f"Bearer {token}")


async def test_it_creates_reads_and_updates(client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Byron"}])
    await patient.save()
    found = await client.reference("Patient", patient.id).to_resource()
    assert found["name"][0]["family"] == "Byron"

    found["birthDate"] = "1815-12-10"
    await found.save()
    assert (await client.get("Patient", patient.id))["birthDate"] == "1815-12-10"
    assert found["meta"]["versionId"] == "2"


async def test_it_searches_pages_counts_and_includes(client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Somerville"}])
    await patient.save()
    for code in ("a", "b", "c"):
        await client.resource("Condition", subject=patient.to_reference(), code={"text": code}).save()

    conditions = client.resources("Condition").search(subject=patient.to_reference().reference)
    assert len(await conditions.limit(2).fetch()) == 2
    assert len(await conditions.limit(2).fetch_all()) == 3
    assert await conditions.count() == 3
    first = await client.resources("Patient").search(family="somerv").first()
    assert first is not None and first.id == patient.id
    with_patients = await conditions.include("Condition", "subject").fetch_raw()
    assert {entry["resource"]["resourceType"] for entry in with_patients["entry"]} == {"Condition", "Patient"}


async def test_it_creates_on_condition_once(client: AsyncFHIRClient) -> None:
    wanted = client.resource("Patient", identifier=[{"system": "urn:x", "value": "fhirpy"}])
    first, created = await client.resources("Patient").search(identifier="urn:x|fhirpy").get_or_create(wanted)
    again, created_again = await client.resources("Patient").search(identifier="urn:x|fhirpy").get_or_create(wanted)
    assert (created, created_again, first.id) == (True, False, again.id)


async def test_it_deletes_and_then_finds_nothing(client: AsyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Gone"}])
    await patient.save()
    await client.delete("Patient", patient.id)
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", patient.id).to_resource()


async def test_it_understands_refusals_and_validation(client: AsyncFHIRClient) -> None:
    broken = client.resource("Patient", gender="unsaid")
    with pytest.raises(OperationOutcome, match="gender"):
        await broken.save()
    assert not await broken.is_valid()
    assert await client.resource("Patient", gender="female").is_valid()


async def test_it_sends_transactions(client: AsyncFHIRClient) -> None:
    name = "urn:uuid:0b5c4c62-6d0b-4b0e-9d7e-0e7f5f0c2a01"
    bundle = client.resource(
        "Bundle",
        type="transaction",
        entry=[
            {
                "fullUrl": name,
                "resource": {"resourceType": "Patient", "name": [{"family": "Herschel"}]},
                "request": {"method": "POST", "url": "Patient"},
            },
            {
                "resource": {"resourceType": "Condition", "subject": {"reference": name}, "code": {"text": "x"}},
                "request": {"method": "POST", "url": "Condition"},
            },
        ],
    )
    await bundle.save()
    patient = await client.resources("Patient").search(family="herschel").get()
    condition = await client.resources("Condition").search(subject=f"Patient/{patient.id}").get()
    assert condition.subject.reference == f"Patient/{patient.id}"
