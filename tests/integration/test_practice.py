"""The GP system's inbox: what it accepts, what it refuses, and what it remembers over a restart."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from careloom.connectathon.suppliers.practice import Practice
from careloom.connectathon.suppliers.system import Place
from careloom.connectathon.suppliers.wire import Account, HubClient
from careloom.governance import new_key
from careloom.model.instants import utc_now
from careloom.notify import new_secret, signed_headers

SECRET = new_secret()


@contextmanager
def practice(folder: Path) -> Iterator[Practice]:
    account = Account("http://127.0.0.1/fhir", "practice-system", new_key(), "system/*.rs", "TREAT")
    settings = {"topic": "http://topic", "webhook-secret": SECRET}
    # Nothing is read from the hub here, so its line needs no network behind it.
    made = Practice(Place(HubClient(None, account), folder, "http://127.0.0.1", settings))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def notification(focus: str = "http://127.0.0.1/fhir/Encounter/7") -> bytes:
    parameter: list[dict[str, Any]] = [{"name": "type", "valueCode": "event-notification"}]
    if focus:
        part = [{"name": "focus", "valueReference": {"reference": focus}}]
        parameter.append({"name": "notification-event", "part": part})
    entry = [{"resource": {"resourceType": "Parameters", "parameter": parameter}}]
    return json.dumps({"resourceType": "Bundle", "type": "history", "entry": entry}).encode()


async def deliver(
    system: Practice, body: bytes, *, id: str = "msg_1", secret: str = SECRET, age: timedelta = timedelta()
) -> tuple[int, str]:
    headers = signed_headers(secret, id, utc_now() - age, body)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhook",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    (route,) = system.routes
    answer = await route.endpoint(Request(scope, receive))  # type: ignore[attr-defined]
    return answer.status_code, json.loads(answer.body)["did"]


async def test_a_notification_is_noted_once(tmp_path: Path) -> None:
    with practice(tmp_path) as system:
        assert await deliver(system, notification()) == (200, "noted, will read the letter")
        assert await deliver(system, notification()) == (200, "had this one already: ignored")
        assert system.state()["notifications"] == ["msg_1"]


async def test_what_was_noted_is_remembered_over_a_restart(tmp_path: Path) -> None:
    with practice(tmp_path) as system:
        await deliver(system, notification())
    with practice(tmp_path) as system:
        assert await deliver(system, notification()) == (200, "had this one already: ignored")


async def test_a_handshake_is_answered(tmp_path: Path) -> None:
    with practice(tmp_path) as system:
        assert await deliver(system, notification(focus="")) == (200, "yes, this is the practice")


@pytest.mark.parametrize(
    ("secret", "age"), [(new_secret(), timedelta()), (SECRET, timedelta(minutes=6))], ids=["forged", "old"]
)
async def test_a_notification_that_is_forged_or_old_is_refused_and_not_noted(
    tmp_path: Path, secret: str, age: timedelta
) -> None:
    with practice(tmp_path) as system:
        assert (await deliver(system, notification(), secret=secret, age=age))[0] == 401
        assert system.state()["notifications"] == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"resourceType": "Bundle"}', b'{"resourceType": "Bundle", "entry": [7]}']
)
async def test_what_is_no_notification_is_refused(tmp_path: Path, body: bytes) -> None:
    with practice(tmp_path) as system:
        assert (await deliver(system, body))[0] == 400
        assert system.state()["notifications"] == []
