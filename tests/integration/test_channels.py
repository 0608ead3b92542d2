"""Every way in and out of a hub that runs: streams, messages, signals, XML, and subscriptions as R4 had them first."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.integration.hub import HubProcess, Locality, caller, eventually, running_hub
from tests.integration.test_subscriptions import content, discharge, settings, subscribed, subscription
from tests.patience import PATIENCE, becomes
from tests.unit.connectors.nems.events import a_death

from careloom.notify.extensions import CHANNEL_TYPE

LONG = 120.0
"""Seconds that requests in progress are given at the end: so many that nobody takes waiting for a slow machine."""

GRACE = f"\n[http]\ngrace = {LONG}\n"


def of_kind(kind: str, **channel: Any) -> dict[str, Any]:
    type = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": kind}}]}
    return subscription(type="websocket", payload="application/fhir+json", _type=type, **channel)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    chosen = settings("").replace("[notify]", "[notify]\nr4_subscriptions = true")
    with running_hub(Locality.make(tmp_path_factory.mktemp("hub"), chosen)) as hub:
        yield hub


@asynccontextmanager
async def reading(gp: Any, id: str, last: str = "") -> AsyncIterator["Reader"]:
    headers = {"Authorization": f"Bearer {gp.token}", "Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    async with gp.session.get(f"{gp.base_url}/Subscription/{id}/_stream", headers=headers) as response:
        yield Reader(response)


class Reader:
    """A page that reads a stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, list[str]]:
        """The id of the next event, and the foci that it tells of."""
        fields: dict[str, str] = {}
        while line := (await asyncio.wait_for(self.response.content.readline(), PATIENCE)).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        parameters = json.loads(fields["data"])["entry"][0]["resource"]["parameter"]
        parts = [part for each in parameters if each["name"] == "notification-event" for part in each["part"]]
        foci = [part["valueReference"]["reference"].split("/fhir/")[1] for part in parts if part["name"] == "focus"]
        return fields.get("id", ""), foci


async def test_a_stream_tells_and_goes_on_where_its_reader_was(hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr:
        id = await subscribed(gp, of_kind("server-sent-events", _payload=content("id-only")), "requested")
        first = await discharge(epr)
        async with reading(gp, id) as page:
            assert "text/event-stream" == page.response.headers["Content-Type"]
            assert [("", []), ("1", [first])] == [await page.next(), await page.next()]
            second = await discharge(epr)
            assert ("2", [second]) == await page.next()
        assert "active" == (await gp("GET", f"Subscription/{id}")).json["status"]
        third = await discharge(epr)
        async with reading(gp, id, last="1") as page:
            assert [("", []), ("2", [second]), ("3", [third])] == [await page.next() for _ in range(3)]
            await becomes(lambda: hub.delivered_to(id) == 3)  # it would be told again if not
        async with reading(gp, id) as page:
            await page.next()
            off = of_kind("server-sent-events") | {"id": id, "status": "off"}
            assert 200 == (await gp("PUT", f"Subscription/{id}", off)).status
            assert b"" == await asyncio.wait_for(page.response.content.read(), PATIENCE)


async def test_a_stream_is_for_its_own_client_and_refusals_are_outcomes(hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr, caller(hub, "") as nobody:
        id = await subscribed(gp, of_kind("server-sent-events"), "requested")
        other = await subscribed(gp, subscription(type="websocket", payload="application/fhir+json"), "requested")
        asked = {
            401: await nobody("GET", f"Subscription/{id}/_stream", Accept="text/event-stream"),
            404: await epr("GET", f"Subscription/{id}/_stream", Accept="text/event-stream"),
            422: await gp("GET", f"Subscription/{other}/_stream", Accept="text/event-stream"),
            400: await gp("GET", f"Subscription/{id}/_stream", Accept="text/event-stream", Last_Event_ID="x"),
        }
        assert list(asked) == [answer.status for answer in asked.values()]
        assert {"OperationOutcome"} == {answer.json["resourceType"] for answer in asked.values()}


class Post:
    """Another system: keeps what it is sent, and answers as one that takes it."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, str, bytes]] = []
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.take)
        self.server = TestServer(app, host="127.0.0.1")

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.came.append((request.method, request.path, request.headers.get("Content-Type", ""), body))
        if not request.path.endswith("$process-message"):
            return web.Response(status=204)
        header = {
            "resourceType": "MessageHeader",
            "response": {"identifier": json.loads(body)["entry"][0]["resource"]["id"], "code": "ok"},
        }
        answer = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}
        return web.json_response(answer, content_type="application/fhir+json")

    async def __aenter__(self) -> "Post":
        await self.server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()

    @property
    def url(self) -> str:
        return str(self.server.make_url("/fhir"))

    async def has(self, count: int) -> bool:
        return len(self.came) >= count


async def test_notifications_go_as_messages_in_xml_and_as_r4_had_them_first(hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr, Post() as message, Post() as xml, Post() as put:
        full = content("full-resource")
        await subscribed(gp, subscription(message.url, type="message", _payload=full))
        await subscribed(gp, subscription(xml.url, payload="application/fhir+xml", _payload=full))
        criteria = {"criteria": "Encounter?status=finished"}
        await subscribed(gp, subscription(put.url) | criteria)
        focus = await discharge(epr)
        for each in (message, xml, put):
            await eventually(lambda each=each: each.has(2))
        method, path, _, body = message.came[1]
        assert ("POST", "/fhir/$process-message") == (method, path)
        assert focus == json.loads(body)["entry"][1]["resource"]["entry"][1]["fullUrl"].split("/fhir/")[1]
        method, path, media, body = xml.came[1]
        assert ("POST", "/fhir", "application/fhir+xml") == (method, path, media)
        assert body.startswith(b"<") and focus.encode() in body
        assert ("POST", "/fhir", b"") == (put.came[0][0], put.came[0][1], put.came[0][3])
        method, path, _, body = put.came[1]
        assert ("PUT", f"/fhir/{focus}") == (method, path)
        assert focus == f"Encounter/{json.loads(body)['id']}"


async def test_a_signal_is_recorded_and_told_on(hub: HubProcess) -> None:
    signal = {
        "specversion": "1.0",
        "id": "1",
        "source": "uk.nhs.personal-demographics-service",
        "type": "pds-change-of-gp-2",
        "time": "2026-11-22T10:15:00Z",
        "dataref": "https://pds.example/fhir/Patient/p",
    }
    async with caller(hub) as epr, Post() as post:
        await subscribed(epr, subscription(post.url) | {"criteria": "Basic?code=pds-change-of-gp-2"})
        answer = await epr("POST", "_signals", signal, Content_Type="application/cloudevents+json")
        assert 200 == answer.status, answer.json
        binary = {f"ce-{name}": value for name, value in (signal | {"id": "2"}).items()}
        headers = {"Authorization": f"Bearer {epr.token}", **binary}
        async with epr.session.post(f"{hub.base_url}/_signals", headers=headers) as found:
            assert 200 == found.status
        await eventually(lambda: post.has(3))
        assert ["1", "2"] == [json.loads(body)["identifier"][0]["value"] for *_, body in post.came[1:]]


async def test_an_event_message_in_stu3_changes_a_patient_and_is_told_on(hub: HubProcess) -> None:
    async with caller(hub) as epr, Post() as post:
        await subscribed(epr, subscription(post.url) | {"criteria": "Patient?deceased=true"})
        answer = await epr("POST", "$process-message", a_death("2"), Content_Type="application/fhir+xml")
        assert (200, "ok") == (answer.status, answer.json["entry"][0]["resource"]["response"]["code"])
        await eventually(lambda: post.has(2))
        assert "2026-11-01" == json.loads(post.came[1][3])["deceasedDateTime"]


async def test_a_hub_that_is_told_to_stop_does_not_wait_for_those_who_read(tmp_path: Path) -> None:
    with running_hub(Locality.make(tmp_path, settings("") + GRACE)) as hub:
        async with caller(hub, "gp-system") as gp:
            id = await subscribed(gp, of_kind("server-sent-events"), "requested")
            async with reading(gp, id) as page:
                await page.next()
                started = time.monotonic()
                assert 0 == await asyncio.to_thread(hub.stop, timeout=LONG * 2)
                assert time.monotonic() - started < LONG / 2, "it has waited"
                assert b"" == await page.response.content.read()
