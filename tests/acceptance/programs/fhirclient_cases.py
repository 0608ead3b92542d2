"""What a program with the Python library fhirclient does; every answer is held to the library's models of FHIR."""

# mypy: ignore-errors

from cases import case, run
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.capabilitystatement import CapabilityStatement
from fhirclient.models.condition import Condition
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException
from requests import HTTPError


def server(base_url):
    client = FHIRClient(settings={"app_id": "acceptance", "api_base": base_url})
    assert client.prepare()
    return client.server


def new_patient(base_url, family):
    patient = Patient({"name": [{"family": family, "given": ["Mary"]}], "gender": "female", "birthDate": "1780-12-26"})
    return patient.create(server(base_url))["id"]


def new_observation(base_url, patient, value):
    Observation(
        {
            "status": "final",
            "code": {"coding": [{"system": "urn:acceptance", "code": "turns"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "valueQuantity": {"value": value, "unit": "/min"},
        }
    ).create(server(base_url))


@case
def it_understands_the_capability_statement(base_url):
    found = server(base_url).capabilityStatement
    assert isinstance(found, CapabilityStatement)
    assert found.fhirVersion == "4.0.1"
    assert {"Patient", "Observation"} <= {each.type for each in found.rest[0].resource}


@case
def it_creates_reads_updates_and_deletes(base_url):
    hub = server(base_url)
    id = new_patient(base_url, "Somerville")
    found = Patient.read(id, hub)
    assert (found.name[0].family, found.birthDate.isostring) == ("Somerville", "1780-12-26")
    assert found.meta.lastUpdated.datetime.tzinfo is not None

    found.name[0].family = "Greig"
    assert found.update()["meta"]["versionId"] == "2"
    assert Patient.read(id, hub).name[0].family == "Greig"

    Patient.read(id, hub).delete()
    try:
        Patient.read(id, hub)
    except (HTTPError, FHIRNotFoundException) as error:
        assert error.response.status_code in (404, 410)
    else:
        raise AssertionError("what was deleted is still read")


@case
def it_searches_by_structures(base_url):
    hub = server(base_url)
    id = new_patient(base_url, "Structure")
    found = list(Patient.where({"family": "struct", "gender": "female"}).perform_resources_iter(hub))
    assert [each.id for each in found] == [id]
    exactly = Patient.where({"family": {"$exact": "struct"}})
    assert list(exactly.perform_resources_iter(hub)) == []
    either = Patient.where({"family": {"$or": ["nobody", "structure"]}})
    assert [each.id for each in either.perform_resources_iter(hub)] == [id]
    told = Patient.where({"_id": id, "address": {"$missing": "true"}})
    assert [each.id for each in told.perform_resources_iter(hub)] == [id]


@case
def it_follows_pages_to_the_end(base_url):
    patient = new_patient(base_url, "Pages")
    for value in range(7):
        new_observation(base_url, patient, 60 + value)
    wanted = Observation.where({"subject": f"Patient/{patient}", "_count": "3", "_sort": "value-quantity"})
    pages = list(wanted.perform_iter(server(base_url)))
    assert [len(page.entry) for page in pages] == [3, 3, 1]
    assert [entry.resource.valueQuantity.value for page in pages for entry in page.entry] == list(range(60, 67))


@case
def it_includes_both_ways(base_url):
    hub = server(base_url)
    patient = new_patient(base_url, "Includes")
    new_observation(base_url, patient, 70)
    forward = Observation.where({"subject": f"Patient/{patient}"}).include("subject")
    assert {each.resource_type for each in forward.perform_resources_iter(hub)} == {"Observation", "Patient"}
    back = Patient.where({"_id": patient}).include("subject", Observation, reverse=True)
    assert {each.resource_type for each in back.perform_resources_iter(hub)} == {"Observation", "Patient"}


@case
def it_resolves_references(base_url):
    hub = server(base_url)
    patient = new_patient(base_url, "Resolved")
    new_observation(base_url, patient, 71)
    found = next(Observation.where({"subject": f"Patient/{patient}"}).perform_resources_iter(hub))
    assert found.subject.resolved(Patient).name[0].family == "Resolved"


@case
def it_sends_transactions(base_url):
    name = "urn:uuid:9f4f8bd2-0c6e-4b36-8d0c-8b0a3bc1f111"
    condition = {"resourceType": "Condition", "subject": {"reference": name}, "code": {"text": "cough"}}
    bundle = Bundle(
        {
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": name,
                    "resource": {"resourceType": "Patient", "name": [{"family": "Transacted"}]},
                    "request": {"method": "POST", "url": "Patient"},
                },
                {"resource": condition, "request": {"method": "POST", "url": "Condition"}},
            ],
        }
    )
    told = Bundle(bundle.create(server(base_url)))
    assert told.type == "transaction-response"
    assert [entry.response.status[:3] for entry in told.entry] == ["201", "201"]
    asked = Condition.where({"subject.family": "Transacted"})
    assert len(list(asked.perform_resources_iter(server(base_url)))) == 1


@case
def it_is_told_why_a_resource_is_refused(base_url):
    try:
        server(base_url).post_json("Patient", {"resourceType": "Patient", "gender": "unsaid"})
    except HTTPError as error:
        assert error.response.status_code == 422
        assert error.response.json()["resourceType"] == "OperationOutcome"
    else:
        raise AssertionError("it was taken")


if __name__ == "__main__":
    run()
