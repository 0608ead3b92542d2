"""Receivers that do what no receiver should: each costs one try and nothing else."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.patience import PATIENCE

from careloom.notify import EndpointPolicy, RestHook
from careloom.notify.rest_hook import Outcome
from careloom.settings.tls import ClientTls

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
LOOPBACK = EndpointPolicy.of(["127.0.0.1"])
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiving(behave: Behave) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


def answering(answer: bytes) -> Behave:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(answer)
        await writer.drain()

    return behave


async def send(
    url: str, *, policy: EndpointPolicy = LOOPBACK, timeout: float = PATIENCE, body: bytes = b"{}"
) -> Outcome:
    hook = RestHook(policy, clock=lambda: NOW, timeout=timeout)
    try:
        return await hook.send(url, body, webhook_id="n-1", secret="", headers=())
    finally:
        await hook.close()


async def forever(writer: asyncio.StreamWriter, piece: bytes, pause: float = 0.0) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await forever(writer, b"x", 0.05)


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await forever(writer, b"X-Header: and another one\r\n" * 100)


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def http(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("behave", "kind", "said"),
    [
        pytest.param(answering(http("200 OK", body=b'{"error": "no"}')), "accepted", "", id="200-with-an-error-body"),
        pytest.param(answering(http("204 No Content")), "accepted", "", id="204"),
        pytest.param(
            answering(http("302 Found", "Location: http://127.0.0.1:1/inside")), "retry", "not followed", id="redirect"
        ),
        pytest.param(answering(http("401 Unauthorized")), "retry", "HTTP 401", id="401"),
        pytest.param(answering(http("410 Gone")), "gone", "410", id="410"),
        pytest.param(answering(http("429 Too Many Requests", "Retry-After: 7")), "retry", "HTTP 429", id="429-seconds"),
        pytest.param(
            answering(http("429 Too Many Requests", "Retry-After: Sun, 22 Nov 2026 11:01:00 GMT")),
            "retry",
            "HTTP 429",
            id="429-date",
        ),
        pytest.param(answering(http("413 Content Too Large")), "rejected", "HTTP 413", id="413"),
        pytest.param(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + http("200 OK")), "accepted", "", id="100-continue"),
        pytest.param(
            answering(http("200 OK", "Content-Encoding: gzip", body=gzip.compress(bytes(50_000_000)))),
            "accepted",
            "",
            id="gzip-bomb",
        ),
        pytest.param(answering(b"220 mail.example ESMTP\r\n"), "retry", "", id="not-http"),
        pytest.param(drips, "accepted", "", id="one-byte-at-a-time"),
        pytest.param(endless_headers, "retry", "", id="endless-headers"),
        pytest.param(closes, "retry", "", id="closes"),
        pytest.param(says_nothing, "retry", "no answer within", id="says-nothing"),
    ],
)
async def test_what_a_receiver_does_costs_one_try_and_no_more(behave: Behave, kind: str, said: str) -> None:
    async with receiving(behave) as url, asyncio.timeout(PATIENCE):
        outcome = await send(url, timeout=1.5 if behave is says_nothing else PATIENCE * 2)
    assert (kind, True) == (outcome.kind, said in outcome.detail)


async def test_a_name_that_is_pointed_inside_between_the_check_and_the_connection_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(True)

    async def rebound(host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebound)
    async with receiving(note) as url:
        port = url.split(":")[2]
        outcome = await send(f"https://gp.example:{port}", policy=EndpointPolicy())
    assert ("refused", []) == (outcome.kind, connected)
    assert "127.0.0.1" not in outcome.detail


async def test_a_receiver_that_dies_before_it_answers_is_sent_the_same_once_more() -> None:
    bodies: list[bytes] = []

    async def takes_and_dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        bodies.append(await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])))
        if len(bodies) > 1:
            writer.write(http("204 No Content"))
            await writer.drain()

    async with receiving(takes_and_dies) as url:
        first, second = await send(url, body=b'{"same": 1}'), await send(url, body=b'{"same": 1}')
    assert ("retry", "accepted") == (first.kind, second.kind)
    assert [b'{"same": 1}'] * 2 == bodies


async def test_a_connection_that_was_closed_at_rest_costs_no_try() -> None:
    answered = []

    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(http("204 No Content"))(reader, writer)
        answered.append(True)

    hook = RestHook(LOOPBACK, clock=lambda: NOW)
    async with receiving(answers_once) as url:
        for number in range(3):
            outcome = await hook.send(url, b"{}", webhook_id=f"n-{number}", secret="", headers=())
            assert "accepted" == outcome.kind
    await hook.close()
    assert 3 == len(answered)


async def test_a_certificate_that_has_expired_is_no_connection(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path, datetime.now(UTC) - timedelta(days=1)))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    heard = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    server = await asyncio.start_server(note, "127.0.0.1", 0, ssl=context)
    hook = RestHook(LOOPBACK, clock=lambda: NOW, tls=trusting)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    outcome = await hook.send(url, b"{}", webhook_id="n-1", secret="", headers=())
    await hook.close()
    server.close()
    assert ("retry", True, []) == (outcome.kind, "expired" in outcome.detail, [each for each in heard if each])


@pytest.mark.parametrize("proves_itself", [True, False])
async def test_who_asks_for_a_certificate_of_the_hub_is_shown_the_one_in_the_settings(
    tmp_path: Path, proves_itself: bool
) -> None:
    certificate, key = _certificate(tmp_path, datetime.now(UTC) + timedelta(days=10))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    files = ClientTls(certificate, key, certificate) if proves_itself else ClientTls(authority=certificate)
    hook = RestHook(LOOPBACK, clock=lambda: NOW, tls=files.context())
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    outcome = await hook.send(url, b"{}", webhook_id="n-1", secret="", headers=())
    await hook.close()
    server.close()
    assert ("accepted" if proves_itself else "retry") == outcome.kind


async def test_a_header_may_be_sent_more_than_once_and_instead_of_the_usual_one() -> None:
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    hook = RestHook(LOOPBACK, clock=lambda: NOW)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    given = (("X-Route", "ward: 5"), ("X-Route", "clinic"), ("user-agent", "North"))
    await hook.send(url, b"{}", webhook_id="n-1", secret="", headers=given)
    await hook.close()
    server.close()
    [request] = heard
    assert b"X-Route: ward: 5\r\nX-Route: clinic\r\nuser-agent: North\r\n" in request
    assert b"Careloom" not in request


def _certificate(folder: Path, until: datetime) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that ends at an instant, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=30))
        .not_valid_after(until)
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
