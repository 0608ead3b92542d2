"""Heads of requests that take too long or are too large, over a connection of a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from tests.patience import PATIENCE

from careloom.serving import bounded_heads
from careloom.serving.bounded_heads import MOST, BoundedHeads

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def seconds() -> float:
    """How long a server waits for a head."""
    return PATIENCE


SOON = pytest.mark.parametrize("seconds", [0.5])
LATER = pytest.mark.parametrize("seconds", [2.0])
"""Where something else must have been sent and read by then."""


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch, seconds: float) -> AsyncIterator[Line]:
    """A connection to a server."""
    monkeypatch.setattr(bounded_heads, "SECONDS", seconds)
    config = uvicorn.Config(_echo, port=0, http=BoundedHeads, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()
    server.should_exit = True
    await serving


async def _rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


@SOON
@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX: ", b"\r\n"])
async def test_head_that_does_not_come_is_given_up(line: Line, sent: bytes) -> None:
    line[1].write(sent)
    assert (await _rest(line[0])).startswith(b"HTTP/1.1 408 ")


@LATER
@pytest.mark.parametrize("sent", [b"GET / HT", b"\r\n"])
async def test_head_of_a_later_request_is_given_up_as_well(line: Line, sent: bytes) -> None:
    line[1].write(REQUEST)
    assert (await line[0].readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
    line[1].write(sent)
    assert (await _rest(line[0])).startswith(b"HTTP/1.1 408 ")


async def test_head_without_end_is_refused(line: Line) -> None:
    line[1].write(b"GET / HTTP/1.1\r\nX: " + b"a" * (MOST - 50))
    await asyncio.sleep(0.1)  # what is not read yet would have the connection reset
    line[1].write(b"a" * 100)
    assert (await _rest(line[0])).startswith(b"HTTP/1.1 431 ")


async def test_head_that_is_too_large_is_refused_though_it_comes_at_once(line: Line) -> None:
    line[1].write(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * MOST + b"\r\n\r\n")
    answer = await _rest(line[0])
    assert answer.startswith(b"HTTP/1.1 431 ") and _told(answer) == "too-long"


async def test_what_is_no_http_is_told_so(line: Line) -> None:
    line[1].write(b"hello, hub\r\n\r\n")
    answer = await _rest(line[0])
    assert answer.startswith(b"HTTP/1.1 400 ") and _told(answer) == "structure"


def _told(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/fhir+json" in head
    return str(json.loads(body)["issue"][0]["code"])


@pytest.mark.parametrize("size", [MOST - 1, MOST])
async def test_head_as_large_as_may_be_is_taken_with_what_follows(line: Line, size: int) -> None:
    body = b"b" * MOST
    start, end = b"POST / HTTP/1.1\r\nHost: x\r\nX: ", b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    line[1].write(start + b"a" * (size - len(start) - len(end)) + end + body)
    async with asyncio.timeout(PATIENCE):
        assert (await line[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert body == await line[0].readexactly(len(body))


@LATER
async def test_body_may_be_larger_and_slower_than_a_head(line: Line) -> None:
    body = b"b" * 3 * MOST
    line[1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:MOST])
    await asyncio.sleep(2.2)
    line[1].write(body[MOST:])
    async with asyncio.timeout(PATIENCE):
        assert (await line[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert body == await line[0].readexactly(len(body))
    line[1].write(REQUEST)
    assert (await line[0].readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
