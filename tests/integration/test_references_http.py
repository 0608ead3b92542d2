"""References as clients send them, judged by the validator that a hub runs with."""

from typing import Any

from tests.integration import hub as hubs
from tests.integration.hub import Answer, Caller

PATIENT, NOTE = "urn:uuid:6f1c7d3e-5a0b-4a3e-9d67-0a5f0f0c1d01", "urn:uuid:6f1c7d3e-5a0b-4a3e-9d67-0a5f0f0c1d02"
SOUGHT = "Patient?identifier=urn:references|known"


hub, call = hubs.hub_of_a_file, hubs.client_of_the_hub


def observation(subject: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": subject}}


def entry(full_url: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


async def send(call: Caller, *entries: dict[str, Any], type: str = "transaction") -> Answer:
    bundle = {"resourceType": "Bundle", "type": type, "entry": list(entries)}
    return await call("POST", "", bundle, Prefer="return=representation")


async def test_entries_with_names_refer_to_the_record_by_search(call: Caller) -> None:
    identifier = [{"system": "urn:references", "value": "known"}]
    known = (
        await call("PUT", "Patient/known", {"resourceType": "Patient", "id": "known", "identifier": identifier})
    ).json
    for sought in (SOUGHT, "Patient?identifier=urn%3Areferences%7Cknown"):
        answer = await send(call, entry(PATIENT, {"resourceType": "Patient"}), entry(NOTE, observation(sought)))
        assert answer.status == 200, answer.json
        assert answer.json["entry"][1]["resource"]["subject"]["reference"] == f"Patient/{known['id']}"


async def test_a_reference_by_search_names_a_type_that_may_stand_there(call: Caller) -> None:
    answer = await send(call, entry(NOTE, observation("Practitioner?identifier=1")))
    assert answer.status == 422
    assert answer.json["issue"][0]["expression"] == ["Bundle.entry[0].resource.subject"]


async def test_outside_of_a_transaction_a_reference_by_search_is_refused_and_not_kept_as_it_is(call: Caller) -> None:
    for _ in range(3):
        assert (await call("POST", "Observation", observation("Patient/known"))).status == 201
    assert (await call("POST", "Observation", observation(SOUGHT))).status == 422
    (answered,) = (await send(call, entry(NOTE, observation(SOUGHT)), type="batch")).json["entry"]
    assert answered["response"]["status"].startswith("422")


async def test_links_of_a_narrative_lead_to_what_a_transaction_makes(call: Caller) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{PATIENT}">who</a></div>'
    note = {**observation(PATIENT), "text": {"status": "additional", "div": div}}
    answer = await send(call, entry(PATIENT, {"resourceType": "Patient"}), entry(NOTE, note))
    assert answer.status == 200, answer.json
    made, told = (each["resource"] for each in answer.json["entry"])
    assert f'href="Patient/{made["id"]}"' in told["text"]["div"]


async def test_the_first_quantities_of_a_hub_are_found_in_other_units(call: Caller) -> None:
    """They come at once, while what knows of units is being loaded."""
    units = {"mg": 5000, "g": 5, "kg": 0.005, "ug": 5_000_000}
    quantities = [
        {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        for unit, value in units.items()
    ]
    entries = [entry("", {**observation("Patient/known"), "valueQuantity": each}) for each in quantities * 4]
    for each in entries:
        del each["fullUrl"]
    answer = await send(call, *entries, type="batch")
    assert {each["response"]["status"] for each in answer.json["entry"]} == {"201 Created"}
    found = await call("GET", "Observation?value-quantity=5|http://unitsofmeasure.org|g&_summary=count")
    assert found.json["total"] == len(entries)
