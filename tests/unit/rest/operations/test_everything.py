"""$everything: the compartment, what its entries refer to, and nothing of anybody else."""

from dataclasses import replace

import pytest
from tests.unit.rest.desk import BASE, GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.model.resource import Resource


def told(bundle: Resource | None, mode: str = "match") -> list[str]:
    assert bundle is not None
    entries = [each for each in bundle.get("entry", []) if each["search"]["mode"] == mode]
    return sorted(f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in entries)


def next_of(bundle: Resource) -> str:
    links = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
    return links[0].removeprefix(f"{BASE}/") if links else ""


@pytest.fixture
async def record(desk: Desk) -> Desk:
    """Two patients; one of them with an encounter, two conditions and the practitioner who saw them."""
    subject = {"reference": "Patient/p"}
    practitioner = {"reference": "Practitioner/dr"}
    for resource in (
        patient(id="p", generalPractitioner=[practitioner]),
        patient(id="q"),
        {"resourceType": "Practitioner", "id": "dr"},
        {"resourceType": "Practitioner", "id": "stranger"},
        {"resourceType": "Encounter", "id": "e", "subject": subject, "period": {"start": "2025-03-01"}},
        {"resourceType": "Condition", "id": "old", "subject": subject, "onsetDateTime": "2019-01-01"},
        {
            "resourceType": "Condition",
            "id": "new",
            "subject": subject,
            "encounter": {"reference": "Encounter/e"},
            "asserter": practitioner,
            "onsetDateTime": "2025-03-01",
        },
        {"resourceType": "Condition", "id": "other", "subject": {"reference": "Patient/q"}},
    ):
        await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    return desk


async def test_all_of_a_patient_is_told_with_what_it_refers_to_and_nothing_else(record: Desk) -> None:
    answer = await record("GET", "Patient/p/$everything")
    assert answer.status == 200
    assert ["Condition/new", "Condition/old", "Encounter/e", "Patient/p"] == told(answer.resource)
    assert ["Practitioner/dr"] == told(answer.resource, "include")
    assert answer.resource is not None and 4 == answer.resource["total"]


async def test_all_of_an_encounter_is_told(record: Desk) -> None:
    answer = await record("GET", "Encounter/e/$everything")
    assert ["Condition/new", "Encounter/e"] == told(answer.resource)
    assert ["Practitioner/dr"] == told(answer.resource, "include")


async def test_pages_hold_each_entry_once_while_others_write(record: Desk) -> None:
    seen: list[str] = []
    url = "Patient/p/$everything?_count=1"
    while url:
        bundle = (await record("GET", url)).resource
        assert bundle is not None
        seen += told(bundle)
        await record("POST", "Condition", {"resourceType": "Condition", "subject": {"reference": "Patient/p"}})
        url = next_of(bundle)
    assert ["Condition/new", "Condition/old", "Encounter/e", "Patient/p"] == sorted(seen)


async def test_care_outside_the_period_is_left_out_and_what_has_no_date_is_not(record: Desk) -> None:
    answer = await record("GET", "Patient/p/$everything?start=2025-01-01&end=2025-12-31")
    assert ["Condition/new", "Encounter/e", "Patient/p"] == told(answer.resource)
    early = await record("GET", "Patient/p/$everything?end=2019-12-31")
    assert ["Condition/old", "Patient/p"] == told(early.resource)


@pytest.mark.parametrize(
    ("period", "is_told"),
    [
        ("start=2024-06-01&end=2024-06-30", True),
        ("start=2024-06-15", True),
        ("end=2024-05-20", True),
        ("start=2024-06-16", False),
        ("end=2024-05-19", False),
        ("start=2024-05-25&end=2024-05-26", True),
    ],
)
async def test_care_of_which_some_was_in_the_period_is_told(record: Desk, period: str, is_told: bool) -> None:
    """That it began before the first day, or ended in the course of it, is no reason to leave it out."""
    stay = {"start": "2024-05-20T22:00:00Z", "end": "2024-06-15T10:00:00Z"}
    encounter = {"resourceType": "Encounter", "id": "stay", "subject": {"reference": "Patient/p"}, "period": stay}
    await record("PUT", "Encounter/stay", encounter)
    answer = await record("GET", f"Patient/p/$everything?_type=Encounter&{period}")
    assert ("Encounter/stay" in told(answer.resource)) is is_told


async def test_types_are_chosen_in_the_compartment_and_outside_it(record: Desk) -> None:
    assert ["Condition/new", "Condition/old"] == told(
        (await record("GET", "Patient/p/$everything?_type=Condition")).resource
    )
    both = (await record("GET", "Patient/p/$everything?_type=Condition,Practitioner")).resource
    assert (["Condition/new", "Condition/old"], ["Practitioner/dr"]) == (told(both), told(both, "include"))


async def test_what_was_recorded_before_since_is_left_out(record: Desk) -> None:
    assert [] == told((await record("GET", "Patient/p/$everything?_since=2030-01-01T00:00:00Z")).resource)
    all_of_it = (await record("GET", "Patient/p/$everything?_since=2020-01-01T00:00:00+00:00")).resource
    assert 4 == len(told(all_of_it))


async def test_types_that_the_client_may_not_search_are_neither_told_nor_counted(record: Desk) -> None:
    narrow = replace(GRANT, scopes=parse_scopes("system/Patient.rs system/Encounter.rs"))
    answer = await record("GET", "Patient/p/$everything", grant=narrow)
    assert ["Encounter/e", "Patient/p"] == told(answer.resource)
    assert answer.resource is not None and 2 == answer.resource["total"]
    assert [] == told(answer.resource, "include")
    nobody = replace(GRANT, scopes=parse_scopes("system/Condition.rs"))
    assert (await record("GET", "Patient/p/$everything", grant=nobody)).status == 403


async def test_link_of_one_patient_does_not_open_another(record: Desk) -> None:
    bundle = (await record("GET", "Patient/p/$everything?_count=1")).resource
    assert bundle is not None
    answer = await record("GET", next_of(bundle).replace("Patient/p/", "Patient/q/"))
    assert answer.status in (400, 422)


@pytest.mark.parametrize(
    ("url", "status", "message"),
    [
        ("Patient/none/$everything", 404, "Patient/none is not known"),
        ("Patient/p/$everything?_typ=Condition", 400, "did you mean '_type'?"),
        ("Patient/p/$everything?start=yesterday", 400, "yesterday"),
        ("Patient/p/$everything?_since=never", 400, "_since: an instant or a date expected, found 'never'"),
        ("Patient/p/$everything?_type=Practitioner", 400, "none of Practitioner is in the Patient compartment"),
    ],
    ids=["patient", "parameter", "start", "since", "type"],
)
async def test_what_cannot_be_answered_is_refused_by_name(record: Desk, url: str, status: int, message: str) -> None:
    answer = await record("GET", url)
    assert answer.resource is not None
    assert (status, True) == (answer.status, message in answer.resource["issue"][0]["diagnostics"])


async def test_what_was_told_is_audited(record: Desk) -> None:
    await record("GET", "Patient/p/$everything?_type=Encounter")
    event = (await record.audits())[0]
    assert "Encounter/e/_history/1" in {each.get("what", {}).get("reference") for each in event["entity"]}
