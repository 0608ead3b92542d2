"""What every request meets, whatever it asks for: origins, limits, figures, the log."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from tests.unit.rest.counter import bearer, send
from tests.unit.rest.desk import Desk, patient

from careloom.model.json import serialize_json
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.policy import Policy
from careloom.rest.probes import health, metrics, ready
from careloom.rest.routes import Routes
from careloom.rest.service import Incoming, serve
from careloom.rest.update import update

JSON = "application/fhir+json"
APP = "https://app.example"


@pytest.fixture
def lines() -> Iterator[LogCapture]:
    capture = LogCapture()
    structlog.configure(processors=[capture])
    yield capture
    structlog.reset_defaults()


def _open_to(desk: Desk, *origins: str) -> Desk:
    return desk.with_hub(policy=Policy(origins=frozenset(origins)))


async def test_options_tell_the_methods_of_an_address(desk: Desk) -> None:
    answer = await send(desk, "OPTIONS", "/Patient/1", known=False)
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS")
    assert not any(name.startswith("Access-Control") for name in answer.headers)


async def test_pages_of_other_origins_are_told_nothing_unless_it_is_set(desk: Desk) -> None:
    for hub, origin in ((desk, APP), (_open_to(desk, APP), "https://evil.example")):
        answer = await send(hub, "GET", "/metadata", known=False, origin=origin)
        assert not any(name.startswith("Access-Control") for name in answer.headers)


async def test_pages_of_a_set_origin_may_ask_and_read(desk: Desk) -> None:
    hub = _open_to(desk, APP)
    asked = await send(hub, "OPTIONS", "/Patient", known=False, origin=APP, access_control_request_method="POST")
    assert asked.headers["Access-Control-Allow-Origin"] == APP
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    refused = await send(hub, "GET", "/Patient/none", origin=APP)
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (404, APP)
    assert "ETag" in refused.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in refused.headers


async def test_every_origin_may_be_set(desk: Desk) -> None:
    answer = await send(_open_to(desk, "*"), "GET", "/metadata", known=False, origin="https://any.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://any.example"


async def _slow(request: FhirRequest, hub: Hub) -> FhirResponse:
    await asyncio.sleep(30)
    return FhirResponse(200)


async def test_request_that_takes_too_long_is_given_up(desk: Desk) -> None:
    rows = Routes([Interaction("read", "GET", "{type}/{id}", _slow)], {"Patient"})
    hub = desk.with_hub(routes=rows, limits=replace(desk.hub.limits, seconds=0))
    answer = await send(hub, "GET", "/Patient/1")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.resource is not None and answer.resource["issue"][0]["code"] == "timeout"


async def test_body_that_does_not_come_is_given_up(desk: Desk) -> None:
    async def never(limit: int) -> bytes:
        await asyncio.sleep(30)
        raise AssertionError

    hub = desk.with_hub(limits=replace(desk.hub.limits, seconds=0)).hub
    headers = {"authorization": bearer(desk), "content-type": JSON}
    assert (await serve(Incoming("POST", "/Patient", "", headers, "", never), hub)).status == 408


async def test_what_is_late_for_its_turn_is_not_written(desk: Desk) -> None:
    late = FhirRequest("update", "PUT", "Patient/p", "Patient", "p", body=patient(id="p"), deadline=0.0)
    from tests.unit.rest.desk import GRANT

    from careloom.rest.perform import perform

    async def prepared(request: FhirRequest, hub: Hub) -> Any:
        return await update(replace(request, deadline=0.0), hub)

    row = Interaction("update", "PUT", "{type}/{id}", prepared)
    answer = await perform(row, replace(late, grant=GRANT), desk.hub)
    assert answer.status == 503
    assert await desk.all("Patient") == []


async def test_more_requests_than_are_taken_at_a_time_are_told_to_come_again(desk: Desk) -> None:
    full = desk.with_hub(limits=replace(desk.hub.limits, waiting=1))
    full.hub.metrics.begin()
    answer = await send(full, "GET", "/Patient")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_figures_are_counted_by_words_of_the_hub_alone(desk: Desk) -> None:
    await send(desk, "PUT", "/Patient/Ashe-1950", serialize_json(patient(id="Ashe-1950")), content_type=JSON)
    await send(desk, "GET", "/Patient/Ashe-1950")
    await send(desk, "GET", "/Nonsense/Ashe")
    text = desk.hub.metrics.text().decode()
    assert 'careloom_requests_total{interaction="read",status="200",type="Patient"} 1.0' in text
    assert 'careloom_request_seconds_count{interaction="update"} 1.0' in text
    assert "careloom_requests_in_progress 0.0" in text
    assert "Ashe" not in text and "Nonsense" not in text


async def test_figures_are_for_the_networks_that_are_set(desk: Desk) -> None:
    hub = desk.with_hub(policy=Policy(metrics=(ip_network("10.0.0.0/8"),))).hub
    assert (await metrics("10.1.2.3", hub)).status == 200
    assert (await metrics("192.0.2.1", hub)).status == 404
    assert (await metrics("", hub)).status == 404
    assert (await metrics("10.1.2.3", desk.hub)).status == 404


async def test_health_and_readiness(desk: Desk) -> None:
    assert ((await health("", desk.hub)).status, (await ready("", desk.hub)).status) == (200, 200)
    await desk.hub.repository.close()
    assert ((await health("", desk.hub)).status, (await ready("", desk.hub)).status) == (200, 503)


async def _broken(request: FhirRequest, hub: Hub) -> FhirResponse:
    raise RuntimeError(f"cannot cope with {request.url} {request.body}")


async def test_log_never_holds_what_tells_of_patients(desk: Desk, lines: LogCapture) -> None:
    """Ids, names, dates of birth and NHS numbers, in addresses, queries, bodies, headers and errors of our own."""
    secrets = ("Ashe", "9434765919", "1950-01-01", "p-secret")
    body = serialize_json(patient(id="p-secret", birthDate="1950-01-01"))
    broken = desk.with_hub(
        routes=Routes(
            [*desk.hub.routes.interactions, Interaction("vread", "GET", "{type}/{id}/_x/{file}", _broken)],
            desk.hub.routes.types,
        )
    )
    await send(desk, "PUT", "/Patient/p-secret", body, content_type=JSON)
    await send(desk, "GET", "/Patient/p-secret", if_none_match="p-secret")
    await send(desk, "GET", "/Patient", query="identifier=9434765919&family=Ashe&birthdate=1950-01-01")
    await send(desk, "GET", "/Patient", query="birthdate=Ashe")
    await send(desk, "GET", "/Ashe/9434765919")
    await send(desk, "PUT", "/Patient/p-secret", b'{"resourceType": "Ashe"', content_type=JSON)
    await send(desk, "GET", "/Patient/p-secret", known=False, authorization="Bearer Ashe")
    assert (await send(broken, "GET", "/Patient/p-secret/_history/9434765919")).status == 404
    rows = Routes([Interaction("read", "GET", "{type}/{id}", _broken)], {"Patient"})
    assert (await send(desk.with_hub(routes=rows), "GET", "/Patient/p-secret")).status == 500
    assert len(lines.entries) >= 9
    told = repr(lines.entries)
    assert [each for each in secrets if each in told] == []


async def test_log_tells_the_route_and_the_request(desk: Desk, lines: LogCapture) -> None:
    await send(desk, "GET", "/Patient/p/_history/1", x_request_id="r-9")
    line = lines.entries[-1]
    assert (line["route"], line["request_id"], line["status"]) == ("{type}/{id}/_history/{version_id}", "r-9", 404)
