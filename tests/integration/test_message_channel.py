"""A notification as a FHIR message: what is sent, and what the other server's answer means."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.unit.notify.channels.test_mesh import a_handshake, a_notification

from careloom.definitions import Definitions
from careloom.model import parse_json
from careloom.notify import EndpointPolicy, new_secret, verify
from careloom.notify.channels.http import HttpAnswer
from careloom.notify.channels.message import Messaging, address, meaning
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BASE = "https://hub.example/fhir"


def an_answer(code: str, identifier: str = "w") -> bytes:
    response = {"identifier": identifier, "code": code}
    header = {"resourceType": "MessageHeader", "response": response}
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}).encode()


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, an_answer("ok"), "accepted"),
        (200, an_answer("transient-error"), "retry"),
        (200, an_answer("fatal-error"), "rejected"),
        (200, an_answer("no such code"), "retry"),
        (200, an_answer("ok", "another message"), "retry"),
        (202, b"", "accepted"),
        (204, b"", "accepted"),
        (200, b"not FHIR", "accepted"),
        (200, b"[]", "accepted"),
        (200, b'{"resourceType": "Bundle", "type": "message", "entry": [7]}', "accepted"),
        (200, b'{"resourceType": "OperationOutcome"}', "accepted"),
        (500, an_answer("ok"), "retry"),
        (422, b"", "rejected"),
        (410, b"", "gone"),
        (302, b"", "retry"),
    ],
)
def test_the_answer_decides(status: int, answer: bytes, kind: str) -> None:
    assert kind == meaning(HttpAnswer(status, None, answer), "w", NOW).kind


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://gp.example/fhir", "https://gp.example/fhir/$process-message"),
        ("https://gp.example/fhir/", "https://gp.example/fhir/$process-message"),
        ("https://gp.example/fhir/$process-message", "https://gp.example/fhir/$process-message"),
    ],
)
def test_an_endpoint_is_a_server_or_its_operation(endpoint: str, expected: str) -> None:
    assert expected == address(endpoint)


class Server:
    """Another server's $process-message."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.code = "ok"
        app = web.Application()
        app.router.add_post("/fhir/$process-message", self.process)
        self.test = TestServer(app, host="127.0.0.1")

    async def process(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        identifier = json.loads(self.bodies[-1])["entry"][0]["resource"]["id"]
        return web.Response(body=an_answer(self.code, identifier), content_type="application/fhir+json")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    await server.test.start_server()
    yield server
    await server.test.close()


@pytest.fixture
async def channel() -> AsyncIterator[Messaging]:
    channel = Messaging(EndpointPolicy.of(["127.0.0.1"]), base_url=BASE, clock=lambda: NOW)
    yield channel
    await channel.close()


async def test_a_message_is_about_the_notification_and_signed(server: Server, channel: Messaging) -> None:
    secret, body = new_secret(), a_notification(7)
    endpoint = str(server.test.make_url("/fhir"))
    outcome = await channel.send(endpoint, body, webhook_id="w", secret=secret, headers=(("X-Key", "1"),))
    assert "accepted" == outcome.kind
    header, notification = (entry["resource"] for entry in json.loads(server.bodies[0])["entry"])
    assert ("w", "https://careloom.example/SubscriptionTopic/discharge") == (header["id"], header["eventUri"])
    assert parse_json(body) == notification
    assert [{"reference": f"urn:uuid:{notification['id']}"}] == header["focus"]
    assert "w" == verify(secret, server.headers[0], server.bodies[0], now=NOW)
    assert "1" == server.headers[0]["x-key"]


async def test_the_same_notification_is_the_same_message(server: Server, channel: Messaging) -> None:
    endpoint = str(server.test.make_url("/fhir/$process-message"))
    for _ in range(2):
        await channel.send(endpoint, a_notification(7), webhook_id="w", secret="", headers=())
    assert server.bodies[0] == server.bodies[1]


@pytest.mark.parametrize(("code", "kind"), [("transient-error", "retry"), ("fatal-error", "rejected")])
async def test_a_server_that_cannot_or_will_not(server: Server, channel: Messaging, code: str, kind: str) -> None:
    server.code = code
    endpoint = str(server.test.make_url("/fhir"))
    outcome = await channel.send(endpoint, a_notification(7), webhook_id="w", secret="", headers=())
    assert (kind, f"MessageHeader.response.code: {code}") == (outcome.kind, outcome.detail)


async def test_a_message_is_valid_fhir(server: Server, channel: Messaging, definitions: Definitions) -> None:
    endpoint = str(server.test.make_url("/fhir"))
    for body in (a_notification(7, 8), a_handshake()):
        await channel.send(endpoint, body, webhook_id="w", secret="", headers=())
    for sent in server.bodies:
        issues: list[Any] = [each for each in Validator(definitions).validate(parse_json(sent)) if each.is_error]
        assert [] == issues
