"""The library fhirpy, without asynchrony and on either database; what it does with it is in the integration tests."""

import pytest
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from tests.integration.hub import HubProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def client(hub: HubProcess) -> SyncFHIRClient:
    return SyncFHIRClient(hub.base_url)


def test_it_creates_patches_and_deletes(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Byron"}])
    patient.save()
    patient.patch(gender="female")
    found = client.reference("Patient", patient.id).to_resource()
    assert (found["gender"], found["name"][0]["family"]) == ("female", "Byron")
    patient.delete()  # type: ignore[no-untyped-call]  # fhirpy does not say
    with pytest.raises(ResourceNotFound):
        client.reference("Patient", patient.id).to_resource()


def test_it_searches_and_counts(client: SyncFHIRClient) -> None:
    patient = client.resource("Patient", name=[{"family": "Somerville"}])
    patient.save()
    for code in "abc":
        client.resource("Condition", subject=patient.to_reference(), code={"text": code}).save()
    conditions = client.resources("Condition").search(subject=patient.to_reference().reference)
    assert (len(conditions.limit(2).fetch_all()), conditions.count()) == (3, 3)


def test_it_creates_on_condition_once(client: SyncFHIRClient) -> None:
    wanted = client.resource("Patient", identifier=[{"system": "urn:x", "value": "sync"}])
    query = client.resources("Patient").search(identifier="urn:x|sync")
    first, created = query.get_or_create(wanted)
    again, created_again = query.get_or_create(wanted)
    assert (created, created_again, first.id) == (True, False, again.id)


def test_it_understands_refusals(client: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome, match="gender"):
        client.resource("Patient", gender="unsaid").save()
