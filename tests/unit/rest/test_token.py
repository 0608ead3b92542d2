from typing import Any

import pytest
from tests.unit.rest.desk import EVERYTHING, NOW, Desk, registry

from careloom.governance import Client, PrivateKey, Registry, new_key, token_form
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.perform import perform_openly


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return new_key("ES384", kid="acute-epr")


async def _ask(desk: Desk, key: PrivateKey, form: dict[str, Any]) -> FhirResponse:
    known = registry()
    client = Client("acute-epr", "acute", (key.public,), EVERYTHING)
    hub = desk.with_hub(registry=Registry(known.organisations, (client,), known.agreements)).hub
    route = hub.routes.find("POST", "auth/token")
    request = FhirRequest("token", "POST", "auth/token", parameters=tuple(form.items()), request_id="r-1")
    return await perform_openly(route.interaction, request, hub)


def _form(desk: Desk, key: PrivateKey, scope: str = "system/Patient.rs") -> dict[str, str]:
    url = desk.hub.authority.token_url
    return token_form(key, client="acute-epr", token_url=url, scope=scope, now=NOW, purpose="TREAT")


async def test_good_assertion_gives_a_token_that_no_cache_keeps(desk: Desk, key: PrivateKey) -> None:
    answer = await _ask(desk, key, _form(desk, key))
    assert answer.status == 200 and answer.json is not None
    assert answer.json["scope"] == "system/Patient.rs"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_replayed_assertion_is_refused_and_both_are_audited(desk: Desk, key: PrivateKey) -> None:
    form = _form(desk, key)
    first, second = await _ask(desk, key, form), await _ask(desk, key, form)
    assert (first.status, second.status) == (200, 401)
    assert second.json is not None and second.json["error"] == "invalid_client"
    assert [audit["outcome"] for audit in await desk.audits()] == ["8", "0"]


async def test_audit_of_a_token_holds_neither_token_nor_assertion(desk: Desk, key: PrivateKey) -> None:
    form = _form(desk, key)
    answer = await _ask(desk, key, form)
    assert answer.json is not None
    [audit] = await desk.audits()
    assert str(answer.json["access_token"])[-20:] not in str(audit)
    assert form["client_assertion"][-20:] not in str(audit)


async def test_request_that_is_not_understood_is_400(desk: Desk, key: PrivateKey) -> None:
    assert (await _ask(desk, key, {"grant_type": "password"})).status == 400
    assert (await _ask(desk, key, _form(desk, key, scope="patient/*.read"))).status == 400
