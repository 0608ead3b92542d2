"""Signals by HTTP: on record before they are answered, or refused with an outcome and not on record at all."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, NOW, Desk, registry

from careloom.connectors.inflow import Inflow
from careloom.connectors.nems import EventRules
from careloom.governance import parse_scopes
from careloom.model.issues import Issue
from careloom.rest.messages import FhirResponse

SIGNAL: dict[str, Any] = {
    "specversion": "1.0",
    "id": "236a1d4a-5d69-4fa9-9c7f-e72bf505aa5b",
    "source": "uk.nhs.personal-demographics-service",
    "type": "pds-change-of-gp-2",
    "time": "2026-11-22T10:15:00Z",
    "dataref": "https://pds.example/fhir/Patient/p",
    "subject": "9990548609",
}
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def hub(desk: Desk) -> Desk:
    return desk.with_hub(inflow=Inflow(EventRules(lambda: NOW, lambda resource: []), desk.hub.types))


async def post(hub: Desk, content: Any, media: str = STRUCTURED, **more: Any) -> FhirResponse:
    return await hub("POST", "_signals", data=json.dumps(content).encode(), content_type=media, **more)


def told(answer: FhirResponse) -> str:
    assert answer.resource is not None
    return str(answer.resource["issue"][0]["diagnostics"])


async def test_a_structured_signal_is_on_record_when_it_is_answered(hub: Desk) -> None:
    answer = await post(hub, SIGNAL)
    (basic,) = await hub.all("Basic")
    assert (200, "signals on record: 1, of which new: 1") == (answer.status, told(answer))
    assert "pds-change-of-gp-2" == basic["code"]["coding"][0]["code"]
    (audit,) = await hub.audits()
    assert f"Basic/{basic['id']}/_history/1" in json.dumps(audit)


async def test_a_binary_signal_has_its_attributes_in_headers(hub: Desk) -> None:
    headers = {f"ce_{name}": value for name, value in SIGNAL.items()}
    assert 200 == (await hub("POST", "_signals", **headers)).status
    assert 1 == len(await hub.all("Basic"))


async def test_of_a_batch_with_one_bad_signal_none_is_recorded(hub: Desk) -> None:
    answer = await post(hub, [SIGNAL, {**SIGNAL, "id": "2", "Colour": "red"}], BATCH)
    assert (422, []) == (answer.status, await hub.all("Basic"))
    assert told(answer).startswith("event 2: the name of an attribute")


async def test_a_signal_that_comes_again_changes_nothing(hub: Desk) -> None:
    await post(hub, SIGNAL)
    answer = await post(hub, [SIGNAL, {**SIGNAL, "id": "2"}], BATCH)
    assert "signals on record: 2, of which new: 1" == told(answer)
    assert 2 == len(await hub.all("Basic"))


async def test_the_name_of_another_signal_is_a_conflict(hub: Desk) -> None:
    await post(hub, SIGNAL)
    assert 409 == (await post(hub, [{**SIGNAL, "id": "2"}, {**SIGNAL, "type": "pds-death-2"}], BATCH)).status
    assert 1 == len(await hub.all("Basic"))


@pytest.mark.parametrize("scopes", ["system/Patient.cruds", "system/Basic.rs"])
async def test_who_may_not_create_one_is_refused_on_record(hub: Desk, scopes: str) -> None:
    answer = await post(hub, SIGNAL, grant=replace(GRANT, scopes=parse_scopes(scopes)))
    assert (403, []) == (answer.status, await hub.all("Basic"))
    assert "8" == (await hub.audits())[0]["outcome"]


async def test_what_is_not_agreed_is_refused(hub: Desk) -> None:
    narrow = hub.with_hub(registry=registry(types=frozenset({"Patient"})))
    assert (403, []) == ((await post(narrow, SIGNAL)).status, await hub.all("Basic"))


async def test_a_signal_is_held_to_what_the_locality_asks(hub: Desk) -> None:
    hub.validator.issues["Basic"] = [Issue("error", "invalid", "Basic.author: 1 expected")]
    assert (422, []) == ((await post(hub, SIGNAL)).status, await hub.all("Basic"))


@pytest.mark.parametrize(("media", "status"), [("text/plain", 415), ("", 415), (BATCH, 422)])
async def test_what_is_no_signal_is_refused(hub: Desk, media: str, status: int) -> None:
    answer = await post(hub, SIGNAL, media)
    assert status == answer.status
    assert answer.resource is not None and "OperationOutcome" == answer.resource["resourceType"]


async def test_no_json_is_malformed(hub: Desk) -> None:
    assert 400 == (await hub("POST", "_signals", data=b"{", content_type=STRUCTURED)).status
