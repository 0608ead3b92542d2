"""The programs in the documentation of the receiver kit do what they are there for."""

import http.server
import re
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.receiver.test_receiver import notification

from careloom.notify.signature import new_secret, signed_headers

PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"
SECRET = new_secret()


def programs() -> list[str]:
    """Those of the section on the kit, in their order: with Starlette, and without a framework."""
    section = PAGE.read_text("utf-8").partition("## The receiver kit")[2]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the first program has made, and what it lacks."""
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {"SECRET": SECRET, "fetch_with_token": lambda url: b""}
    exec(programs()[0], found)
    return found


def signed(body: bytes) -> dict[str, str]:
    return signed_headers(SECRET, "n-1", datetime.now(UTC), body)


async def test_with_starlette(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    body = notification(kind="handshake")
    assert 200 == await posted(names["app"], body, signed(body))
    told = notification(1)
    assert [200, 200] == [await posted(names["app"], told, signed(told)) for _ in range(2)]
    assert 401 == await posted(names["app"], told, signed(b"another body"))
    assert "1 https://hub.example/fhir/Encounter/1\n" == capsys.readouterr().out


async def posted(app: Any, body: bytes, headers: dict[str, str]) -> int:
    """The status that an ASGI application answers a POST with."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/hook",
        "raw_path": b"/hook",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_without_a_framework(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[http.server.ThreadingHTTPServer] = []

    class Server(http.server.ThreadingHTTPServer):
        def __init__(self, address: tuple[str, int], handler: Any) -> None:
            super().__init__((address[0], 0), handler)
            made.append(self)

        def serve_forever(self, poll_interval: float = 0.5) -> None:
            threading.Thread(target=super().serve_forever, args=(0.05,), daemon=True).start()

    monkeypatch.setattr(http.server, "ThreadingHTTPServer", Server)
    exec(programs()[1], names)
    told = notification(1)
    hello = notification(kind="handshake")
    url = f"http://127.0.0.1:{made[0].server_address[1]}/hook"
    assert [200, 200, 200] == [post(url, each, signed(each)) for each in (hello, told, told)]
    assert 401 == post(url, told, signed(b"another body"))
    made[0].shutdown()
    made[0].server_close()
    assert "1 https://hub.example/fhir/Encounter/1\n" == capsys.readouterr().out


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
