import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.counter import send
from tests.unit.rest.desk import Desk, entry, patient, transaction

from careloom.model.json import serialize_json
from careloom.model.room import ROOM
from careloom.rest import receiving
from careloom.rest.http import fhir_application
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.routes import Routes


async def test_a_request_counts_until_it_is_answered(desk: Desk) -> None:
    seen: list[int] = []

    async def look(request: FhirRequest, hub: Hub) -> FhirResponse:
        seen.append(ROOM._small)
        return FhirResponse(200)

    rows = Routes([Interaction("read", "GET", "{type}/{id}", look)], {"Patient"})
    before = ROOM._small
    await send(desk.with_hub(routes=rows), "GET", "/Patient/1")
    assert (seen, ROOM._small) == ([before + 1], before)


async def test_a_large_bundle_is_recorded_as_any_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "LARGE", 100)
    entries = [entry("PUT", f"Patient/{number}", patient(id=str(number))) for number in range(20)]
    hub = desk.with_hub(limits=replace(desk.hub.limits, entries=20))
    sent = serialize_json(transaction(*entries))
    answer = await send(hub, "POST", "/", sent, content_type="application/fhir+json")
    assert answer.status == 200
    assert len(await desk.all("Patient")) == 20
    assert ROOM._small == 0


async def test_over_http_a_request_counts_until_its_answer_has_gone_out(desk: Desk) -> None:
    """What is sent goes out at the end of a round of the event loop, and before that others have their turn."""
    seen: list[int] = []
    before = ROOM._small
    loop = asyncio.get_running_loop()

    async def sent(message: Any) -> None:
        seen.append(ROOM._small)
        if message["type"] == "http.response.body":
            loop.call_soon(lambda: seen.append(ROOM._small))

    receive: Any = None
    scope = {"type": "http", "method": "GET", "path": "/fhir/metadata", "query_string": b"", "headers": []}
    await fhir_application(lambda: desk.hub, "/fhir")(scope, receive, sent)
    await asyncio.sleep(0)
    assert seen == [before + 1] * 3
    await asyncio.sleep(0)
    assert ROOM._small == before
