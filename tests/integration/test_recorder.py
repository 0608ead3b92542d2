"""The exchange recorder between real sockets: nothing is lost, changed or followed on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from tests.unit.connectathon.builders import run
from yarl import URL

from careloom.connectathon.evidence import read_evidence
from careloom.connectathon.identity import Identities
from careloom.connectathon.listeners import Application, Listeners, Receive, Scope, Send
from careloom.connectathon.ports import free_port
from careloom.connectathon.recorder import Gateway, Recorder
from careloom.connectathon.run import Run


@dataclass
class Recorded:
    """A recorder in front of an application that keeps what reaches it."""

    run: Run
    gateway: Gateway
    recorder: Recorder
    url: str
    seen: list[tuple[bytes, list[tuple[bytes, bytes]], bytes]]


def upstream(seen: list[tuple[bytes, list[tuple[bytes, bytes]], bytes]]) -> Application:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        target: bytes = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        seen.append((target, list(scope["headers"]), body))
        if scope["path"] == "/away":
            headers = [(b"location", b"http://192.0.2.1/"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 307, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers = [
            (b"etag", b'W/"1"'),
            (b"content-encoding", b"gzip"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
        ]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"not really gzip \x00\xff"})

    return application


@asynccontextmanager
async def recording() -> AsyncIterator[Recorded]:
    played = run()
    listeners = Listeners()
    behind, front = listeners.open(), listeners.open()
    seen: list[tuple[bytes, list[tuple[bytes, bytes]], bytes]] = []
    listeners.put(behind, upstream(seen))
    gateway = Gateway("hub", upstream=f"http://127.0.0.1:{behind}")
    async with aiohttp.ClientSession(auto_decompress=False) as http, listeners.serving():
        recorder = Recorder(played, Identities({"hospital-epr": "hospital"}), http)
        listeners.put(front, recorder.application(gateway))
        yield Recorded(played, gateway, recorder, f"http://127.0.0.1:{front}", seen)


@pytest.fixture
async def recorded() -> AsyncIterator[Recorded]:
    async with recording() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False, headers={"User-Agent": "hospital-epr/1"}) as session:
        yield session


async def test_request_and_answer_pass_byte_for_byte(recorded: Recorded, client: aiohttp.ClientSession) -> None:
    body = b'{"value": 1.50, "odd": "\xf0\x9f\xa7\xb5"}'
    url = URL(recorded.url + "/fhir/Patient?identifier=a%7Cb&name=%C3%A9", encoded=True)
    async with client.post(url, data=body, headers={"If-None-Exist": "x"}) as answer:
        assert (201, b"not really gzip \x00\xff") == (answer.status, await answer.read())
        assert ["a=1", "b=2"] == answer.headers.getall("set-cookie")
    target, headers, received = recorded.seen[0]
    assert (b"/fhir/Patient?identifier=a%7Cb&name=%C3%A9", body) == (target, received)
    assert (b"if-none-exist", b"x") in headers


async def test_the_hub_sees_the_address_that_the_client_used(recorded: Recorded, client: aiohttp.ClientSession) -> None:
    async with client.get(recorded.url + "/fhir/metadata"):
        pass
    assert (b"host", recorded.url.removeprefix("http://").encode()) in recorded.seen[0][1]


async def test_an_exchange_is_evidence_with_both_sides(recorded: Recorded, client: aiohttp.ClientSession) -> None:
    async with client.post(recorded.url + "/fhir", data=b"{}"):
        pass
    made = recorded.run.exchanges[0]
    assert ("hospital", "hub", "POST", "/fhir", 201) == (
        made.sender,
        made.receiver,
        made.method,
        made.path,
        made.status,
    )
    assert made.response.header("etag") == 'W/"1"'
    assert [line.kind for line in read_evidence(recorded.run.evidence.text())] == ["run", "exchange"]


async def test_a_redirect_is_told_and_not_followed(recorded: Recorded, client: aiohttp.ClientSession) -> None:
    async with client.get(recorded.url + "/away", allow_redirects=False) as answer:
        assert answer.status == 307
    assert recorded.run.exchanges[0].response.header("location") == "http://192.0.2.1/"


async def test_a_system_that_does_not_answer_is_told_and_recorded(
    recorded: Recorded, client: aiohttp.ClientSession
) -> None:
    recorded.gateway.upstream = f"http://127.0.0.1:{free_port()}"
    async with client.get(recorded.url + "/fhir/metadata") as answer:
        assert answer.status == 502
        assert (await answer.json(content_type=None))["issue"][0]["code"] == "transient"
    made = recorded.run.exchanges[0]
    assert made.status == 0
    assert made.fault.startswith("hub does not answer")


async def test_many_requests_at_once_are_all_recorded_with_numbers_of_their_own(
    recorded: Recorded, client: aiohttp.ClientSession
) -> None:
    async def ask(number: int) -> None:
        async with client.get(f"{recorded.url}/fhir/Patient/{number}") as answer:
            assert answer.status == 201

    await asyncio.gather(*(ask(number) for number in range(40)))
    assert list(range(1, 41)) == [one.number for one in recorded.run.exchanges]
    assert all(one.is_over for one in recorded.run.exchanges)
    assert len(read_evidence(recorded.run.evidence.text())) == 41


async def test_a_recorded_request_can_be_sent_again_as_it_was(
    recorded: Recorded, client: aiohttp.ClientSession
) -> None:
    async with client.post(recorded.url + "/webhook", data=b"{}", headers={"webhook-id": "msg_1"}):
        pass
    first = recorded.run.exchanges[0]
    await recorded.recorder.forward(recorded.gateway, first.method, first.path, first.request, sender="hub")
    (_, headers, body), (_, headers_again, body_again) = recorded.seen
    assert (sorted(headers), body) == (sorted(headers_again), body_again)
