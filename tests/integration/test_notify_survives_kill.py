"""A hub killed between the commit and the delivery tells after its next start: once or more, never zero times.

The judge is a receiver of its own, which knows nothing of the hub's state: it keeps what it was sent.
"""

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from tests.integration.hub import SETTINGS, Caller, HubProcess, Locality, caller, eventually, running_hub
from tests.patience import PATIENCE

from careloom.connectathon.ports import free_port
from careloom.notify import new_secret, verify

KILLS = 20
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"

MORE_SETTINGS = """
[notify]
allow_endpoints = ["127.0.0.1"]
retry_base = 0.05
retry_ceiling = 0.2

[[agreements]]
id = "told"
title = "The surgery subscribes, and reads what it is told of"
parties = ["acute", "gp"]
interactions = ["create", "read"]
types = ["Subscription", "Encounter"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-01-01
grantees = ["gp"]
"""


@dataclass
class Receiver:
    """A GP system's webhook: keeps every body it was sent under its id, and answers as it is told to."""

    secret: str
    port: int = 0
    is_open: bool = True
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        webhook_id = verify(self.secret, headers, body, now=datetime.now(UTC))
        self.seen.set()
        if not self.is_open:
            await asyncio.sleep(30)
            return web.Response(status=503)
        self.accepted.append((webhook_id, body))
        return web.Response(status=204)

    def told(self) -> list[tuple[str, bytes]]:
        """What was accepted and tells of events, as handshakes and heartbeats do not."""
        return [(id, body) for id, body in self.accepted if _events(json.loads(body))]

    def events(self) -> list[tuple[int, str]]:
        """Number and focus of each event accepted, in the order of arrival, duplicates included."""
        return [event for _, body in self.accepted for event in _events(json.loads(body))]


@asynccontextmanager
async def receiving(secret: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(secret)
    application = web.Application()
    application.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def test_every_event_survives_twenty_kills(tmp_path: Path) -> None:
    chance = random.Random(20161)
    secret = new_secret()
    locality = Locality.make(tmp_path, _settings(free_port(), secret))
    async with receiving(secret) as receiver:
        with running_hub(locality) as hub:
            await _subscribe(hub, receiver)
        expected = []
        for number in range(1, KILLS + 1):
            with running_hub(locality) as hub:
                receiver.seen.clear()
                receiver.is_open = number % 4 == 0
                expected.append(await _discharge(hub))
                await _moment(number % 4, receiver, chance)
                hub.stop(signal.SIGKILL)
        receiver.is_open = True
        with running_hub(locality):
            await eventually(lambda: _has_all(receiver, expected))
    assert expected == _first_arrivals(receiver)
    assert list(range(1, KILLS + 1)) == sorted({number for number, _ in receiver.events()})
    assert len(set(receiver.accepted)) == len({webhook_id for webhook_id, _ in receiver.accepted})


def _settings(port: int, secret: str) -> str:
    """The usual locality on a port that stays the same over restarts, with a surgery that may subscribe."""
    surgery = f'scopes = ["system/*.crs"]\nwebhook_secret = "{secret}"'
    settings = SETTINGS.replace("127.0.0.1/fhir", f"127.0.0.1:{port}/fhir").replace("port = 0", f"port = {port}")
    return settings.replace('scopes = ["system/*.rs"]', surgery) + MORE_SETTINGS


async def _moment(kind: int, receiver: Receiver, chance: random.Random) -> None:
    """Wait for the moment to kill: at once, at the first try, some time around it, or about when it is accepted."""
    if kind in (0, 1):
        await asyncio.wait_for(receiver.seen.wait(), PATIENCE)
    elif kind == 2:
        await asyncio.sleep(chance.uniform(0, 0.05))


async def _subscribe(hub: HubProcess, receiver: Receiver) -> None:
    async with caller(hub, "gp-system") as gp:
        answer = await gp(
            "POST",
            "Subscription",
            {
                "resourceType": "Subscription",
                "status": "requested",
                "reason": "letters for our patients",
                "criteria": DISCHARGE,
                "channel": {
                    "type": "rest-hook",
                    "endpoint": f"http://127.0.0.1:{receiver.port}/hook",
                    "payload": "application/fhir+json",
                },
            },
        )
        assert 201 == answer.status, answer.json
        await eventually(lambda: _is_active(gp, answer.json["id"]))


async def _is_active(gp: Caller, id: str) -> bool:
    status: str = (await gp("GET", f"Subscription/{id}")).json["status"]
    return status == "active"


async def _discharge(hub: HubProcess) -> str:
    """Record a discharge, and give its ``Encounter/id`` once the hub has said that it is recorded."""
    async with caller(hub) as epr:
        answer = await epr(
            "POST",
            "Encounter",
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            },
        )
        assert 201 == answer.status, answer.json
        return f"Encounter/{answer.json['id']}"


async def _has_all(receiver: Receiver, expected: list[str]) -> bool:
    return set(expected) <= {focus for _, focus in receiver.events()}


def _first_arrivals(receiver: Receiver) -> list[str]:
    return list(dict.fromkeys(focus for _, focus in receiver.events()))


def _events(bundle: dict[str, Any]) -> list[tuple[int, str]]:
    told = [one["part"] for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [(int(_part(parts, "event-number", "valueString")), _focus(parts)) for parts in told]


def _focus(parts: list[dict[str, Any]]) -> str:
    reference: str = _part(parts, "focus", "valueReference")["reference"]
    return reference.split("/fhir/")[1]


def _part(parts: list[dict[str, Any]], name: str, value: str) -> Any:
    return next(part[value] for part in parts if part["name"] == name)
