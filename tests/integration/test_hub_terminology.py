"""The terminology operations of a running hub: packages, the record and a store, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.hub import SETTINGS, Answer, Caller, HubProcess, Locality, caller, running_hub
from tests.unit.terminology.building import CS, VS, code_system, filtered, told, value_set

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.terminology.stored import load_code_system

STORED = "http://codes.test/CodeSystem/large"


@pytest.fixture(scope="module")
def hub(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder = tmp_path_factory.mktemp("locality")
    file = folder / "large.json"
    file.write_bytes(serialize_json(code_system(url=STORED, version="2026")))
    load_code_system(file, folder / "codes")
    with running_hub(Locality.make(folder, f'{SETTINGS}\n[terminology]\nstore = "codes"\n')) as running:
        yield running


@pytest.fixture
async def call(hub: HubProcess) -> AsyncIterator[Caller]:
    async with caller(hub) as known:
        yield known


def codes(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [entry["code"] for entry in answer.json["expansion"]["contains"]]


async def test_a_code_of_the_store_is_looked_up(call: Caller) -> None:
    answer = await call("GET", f"CodeSystem/$lookup?system={STORED}&code=dog&displayLanguage=de")
    assert ("Hund", "2026") == (told(answer.json)["display"], told(answer.json)["version"])


async def test_a_value_set_that_is_put_into_the_record_can_be_asked_at_once(call: Caller) -> None:
    recorded = value_set({**filtered("concept", "is-a", "dog"), "system": STORED}, url="http://codes.test/vs", id="d")
    assert (await call("PUT", "ValueSet/d", recorded)).status == 201
    assert ["dog", "puppy"] == codes(await call("GET", "ValueSet/$expand?url=http://codes.test/vs"))
    question: dict[str, Any] = {
        "resourceType": "Parameters",
        "parameter": [{"name": "coding", "valueCoding": {"system": STORED, "code": "cat"}}],
    }
    answer = await call("POST", "ValueSet/d/$validate-code", question)
    assert (False, 200) == (told(answer.json)["result"], answer.status)


async def test_the_audit_record_names_the_operation_and_what_it_drew_on(call: Caller) -> None:
    for resource in (code_system(id="own"), value_set({"system": CS}, id="own")):
        await call("PUT", f"{resource['resourceType']}/own", resource)
    answer = await call("GET", f"ValueSet/$expand?url={VS}&count=1")
    assert ["animal"] == codes(answer)
    event = await call.audit_of(answer)
    told_of = {entity["what"]["reference"] for entity in event["entity"] if "reference" in entity.get("what", {})}
    assert {"ValueSet/own/_history/1", "CodeSystem/own/_history/1"} <= told_of


async def test_operations_may_stand_in_a_batch(call: Caller) -> None:
    urls = (f"CodeSystem/$lookup?system={STORED}&code=cat", f"CodeSystem/$lookup?system={STORED}&code=unicorn")
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": url}} for url in urls],
    }
    answer = await call("POST", "", batch)
    assert ["200 OK", "404 Not Found"] == [entry["response"]["status"] for entry in answer.json["entry"]]


async def test_what_is_refused_is_an_outcome(call: Caller) -> None:
    for url, status, message in (
        ("ValueSet/$expand?url=http://nowhere.test", 404, "http://nowhere.test is not in the loaded definitions"),
        (f"ValueSet/$expand?url={VS}&cuont=1", 400, "did you mean 'count'?"),
        ("CodeSystem/$lookup?system=http://snomed.info/sct&code=1", 404, "careloom terminology load"),
    ):
        answer = await call("GET", url)
        assert (status, "OperationOutcome") == (answer.status, answer.json["resourceType"])
        assert message in answer.json["issue"][0]["diagnostics"]


async def test_who_has_no_agreement_gets_what_packages_say_and_nothing_of_the_record(
    hub: HubProcess, call: Caller, tmp_path: Path
) -> None:
    await call("PUT", "ValueSet/own", value_set({"system": STORED}, id="own"))
    async with caller(hub, "gp-system", scope="system/*.rs") as other:
        gender = await other("GET", "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender")
        assert 4 == len(codes(gender))
        assert (await other("GET", f"ValueSet/$expand?url={VS}")).status == 404
        assert (await other("GET", "ValueSet/own/$expand")).status == 403
