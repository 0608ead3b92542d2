"""Refusals of strangers over HTTP: a few audit records, and one for the rest; those of known clients one by one."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.rest.desk import NOW, Desk, registry
from tests.unit.rest.test_perform import Failing

from careloom.governance import Client, Folding, Registry, new_key, token_form
from careloom.model.errors import UnavailableError
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.perform import perform_openly
from careloom.rest.service import Incoming, serve
from careloom.rest.strangers import record_folded, recording

KEY = new_key("ES384", kid="acute-epr")


@pytest.fixture
def gate(desk: Desk) -> Desk:
    """A hub that records two refusals of a network by themselves in a minute, and knows one client's key."""
    known = registry()
    client = Client("acute-epr", "acute", (KEY.public,), known.clients[0].scopes)
    clients = Registry(known.organisations, (client,), known.agreements)
    return desk.with_hub(folding=Folding(refusals=2, seconds=60), registry=clients)


async def _read(desk: Desk, address: str = "192.0.2.7") -> FhirResponse:
    async def nothing(limit: int) -> bytes:
        return b""

    return await serve(Incoming("GET", "/Patient/p", "", {}, address, nothing), desk.hub)


async def _ask_token(desk: Desk, form: dict[str, str]) -> FhirResponse:
    route = desk.hub.routes.find("POST", "auth/token")
    parameters = tuple(form.items())
    request = FhirRequest("token", "POST", "auth/token", parameters=parameters, address="192.0.2.7")
    return await perform_openly(route.interaction, request, desk.hub)


def _numbers(audits: list[dict[str, Any]]) -> list[str]:
    """How many refusals each record of several tells of."""
    return [audit["entity"][0]["detail"][0]["valueString"] for audit in audits if "period" in audit]


async def test_a_stranger_who_comes_again_and_again_leaves_a_few_records_and_one_for_the_rest(gate: Desk) -> None:
    answers = [await _read(gate) for _ in range(20)]
    assert {answer.status for answer in answers} == {401}
    assert len(await gate.audits()) == 2
    await record_folded(gate.with_hub(clock=lambda: NOW + timedelta(seconds=60)).hub)
    audits = await gate.audits()
    assert (len(audits), _numbers(audits)) == (3, ["18"])


async def test_every_answer_names_the_record_that_tells_of_it(gate: Desk) -> None:
    told = {(await _read(gate)).headers["Careloom-Audit"] for _ in range(20)}
    await record_folded(gate.hub, is_last=True)
    assert told == {f"AuditEvent/{audit['id']}" for audit in await gate.audits()}


async def test_what_is_folded_is_counted_in_the_figures(gate: Desk) -> None:
    for _ in range(5):
        await _read(gate)
    assert "careloom_refusals_folded_total 3.0" in gate.hub.metrics.text().decode()


async def test_refusals_at_the_token_endpoint_are_folded_with_those_at_resources(gate: Desk) -> None:
    for _ in range(3):
        await _read(gate)
        assert (await _ask_token(gate, {"grant_type": "client_credentials"})).status == 401
    assert (await _ask_token(gate, {"grant_type": "password"})).status == 400
    await record_folded(gate.hub, is_last=True)
    [folded] = [audit for audit in await gate.audits() if "period" in audit]
    assert folded["outcomeDesc"].endswith("1 with 400, 4 with 401")


async def test_what_a_proven_client_is_refused_is_recorded_each_time(gate: Desk) -> None:
    for _ in range(3):
        await _read(gate)
    url = gate.hub.authority.token_url
    for _ in range(4):
        form = token_form(KEY, client="acute-epr", token_url=url, scope="patient/*.read", now=NOW, purpose="TREAT")
        answer = await _ask_token(gate, form)
        assert (answer.status, answer.json and answer.json["error"]) == (400, "invalid_scope")
    assert len(await gate.audits()) == 2 + 4


async def test_an_assertion_that_is_used_again_and_again_is_a_strangers(gate: Desk) -> None:
    url = gate.hub.authority.token_url
    form = token_form(KEY, client="acute-epr", token_url=url, scope="system/Patient.rs", now=NOW, purpose="TREAT")
    assert [(await _ask_token(gate, form)).status for _ in range(6)] == [200, *[401] * 5]
    assert len(await gate.audits()) == 1 + 2


async def test_a_known_clients_refusals_are_recorded_each_time(gate: Desk) -> None:
    for _ in range(6):
        assert (await gate("GET", "Patient/none")).status == 404
    assert len(await gate.audits()) == 6


async def test_what_cannot_be_recorded_is_recorded_when_it_can_be(gate: Desk) -> None:
    for _ in range(5):
        await _read(gate)
    broken = gate.with_hub(repository=Failing(gate.hub.repository, UnavailableError("disk full")))
    await record_folded(broken.hub, is_last=True)
    assert _numbers(await gate.audits()) == []
    await record_folded(gate.hub, is_last=True)
    assert _numbers(await gate.audits()) == ["3"]


async def test_what_was_recorded_by_a_commit_of_unknown_outcome_is_not_recorded_twice(gate: Desk) -> None:
    for _ in range(5):
        await _read(gate)
    [owed] = gate.hub.refusals.rest()
    await record_folded(gate.hub)
    gate.hub.refusals._owed = [owed]
    await record_folded(gate.hub)
    assert (_numbers(await gate.audits()), gate.hub.refusals.rest()) == (["3"], [])


async def test_a_hub_that_stops_records_what_it_has_counted(gate: Desk) -> None:
    async with recording(lambda: gate.hub):
        for _ in range(9):
            await _read(gate)
        assert _numbers(await gate.audits()) == []
    assert _numbers(await gate.audits()) == ["7"]
