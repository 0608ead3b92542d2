"""A system subscribes over the network, is told, asks for what it missed, has it replayed, and binds a websocket."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.integration.hub import SETTINGS, Answer, Caller, HubProcess, Locality, caller, eventually, running_hub
from tests.integration.test_notify_survives_kill import MORE_SETTINGS, Receiver, receiving
from tests.patience import PATIENCE

from careloom.notify import new_secret
from careloom.notify.extensions import CONTENT, HEARTBEAT
from careloom.receiver import Receiver as Kit
from careloom.receiver.memory import VolatileMemory

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
IMP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}


def settings(secret: str) -> str:
    surgery = f'scopes = ["system/*.cruds"]\nwebhook_secret = "{secret}"'
    more = MORE_SETTINGS.replace('["create", "read"]', '["create", "read", "update", "search"]')
    return SETTINGS.replace('scopes = ["system/*.rs"]', surgery) + more.replace(
        '"Encounter"]', '"Encounter", "Patient"]'
    )


def subscription(endpoint: str = "", **channel: Any) -> dict[str, Any]:
    made = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"} if endpoint else {}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "letters for our patients",
        "criteria": DISCHARGE,
        "channel": made | channel,
    }


def content(level: str) -> dict[str, Any]:
    return {"extension": [{"url": CONTENT, "valueCode": level}]}


async def discharge(epr: Caller) -> str:
    encounter = {"resourceType": "Encounter", "status": "finished", "class": IMP}
    answer = await epr("POST", "Encounter", encounter)
    assert 201 == answer.status, answer.json
    return f"Encounter/{answer.json['id']}"


async def subscribed(gp: Caller, resource: dict[str, Any], state: str = "active") -> str:
    answer = await gp("POST", "Subscription", resource)
    assert 201 == answer.status, answer.json
    id: str = answer.json["id"]

    async def stands() -> bool:
        return bool((await gp("GET", f"Subscription/{id}")).json["status"] == state)

    await eventually(stands)
    return id


def told(answer: Answer, name: str) -> Any:
    parameters = answer.json["entry"][0]["resource"]["parameter"]
    return next(value for one in parameters if one["name"] == name for key, value in one.items() if key != "name")


@pytest.fixture
def secret() -> str:
    return new_secret()


async def test_a_subscriber_is_told_asks_for_what_it_missed_and_has_it_replayed(tmp_path: Path, secret: str) -> None:
    locality = Locality.make(tmp_path, settings(secret))
    with running_hub(locality) as hub:
        async with receiving(secret) as receiver, caller(hub, "gp-system") as gp, caller(hub) as epr:
            endpoint = f"http://127.0.0.1:{receiver.port}/hook"
            channel = {"_payload": content("full-resource"), "extension": [{"url": HEARTBEAT, "valueUnsignedInt": 10}]}
            id = await subscribed(gp, subscription(endpoint, **channel))
            foci = [await discharge(epr) for _ in range(3)]
            await eventually(lambda: has(receiver, 3))
            assert foci == [focus for _, focus in receiver.events()]
            last = json.loads(receiver.told()[-1][1])
            assert foci[-1] == f"Encounter/{last['entry'][1]['resource']['id']}"
            status = await gp("GET", f"Subscription/{id}/$status")
            assert ("active", "3") == (told(status, "status"), told(status, "events-since-subscription-start"))
            await catches_up(hub, gp, id, foci)
            before = len(receiver.told())
            order = {"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "2"}]}
            assert 200 == (await gp("POST", f"Subscription/{id}/$replay", order)).status
            await eventually(lambda: has(receiver, 5))
            assert [(2, foci[1]), (3, foci[2])] == receiver.events()[3:]
            assert len({id for id, _ in receiver.told()}) == before + 2


async def catches_up(hub: HubProcess, gp: Caller, id: str, foci: list[str]) -> None:
    """The receiver kit, which knows nothing of the hub but its address, gets what it has not seen."""
    pages: dict[str, bytes] = {}
    address = f"{hub.base_url}/Subscription/{id}"
    url = f"{address}/$events?eventsSinceNumber=1&eventsUntilNumber=1000"
    pages[url] = json.dumps((await gp("GET", url)).json).encode()
    seen: list[str] = []
    kit = Kit(secret=None, memory=VolatileMemory(), fetch=lambda asked: pages[asked])
    kit.catch_up(address, lambda event: seen.append(event.focus))
    assert [f"{hub.base_url}/{focus}" for focus in foci] == seen


async def has(receiver: Receiver, events: int) -> bool:
    return len(receiver.events()) >= events


async def test_a_websocket_is_bound_told_and_goes_on_where_it_was(tmp_path: Path, secret: str) -> None:
    locality = Locality.make(tmp_path, settings(secret))
    with running_hub(locality) as hub:
        async with caller(hub, "gp-system") as gp, caller(hub) as epr:
            resource = subscription(type="websocket", payload="application/fhir+json", _payload=content("id-only"))
            id = await subscribed(gp, resource, state="requested")
            first = await discharge(epr)
            token, url = await binding(gp, id)
            async with gp.session.ws_connect(url) as socket:
                await socket.send_str(f"bind-with-token {token}")
                assert ["handshake", "event-notification"] == [kind for kind, _ in await heard(socket, 2)]
                second = await discharge(epr)
                assert [("event-notification", [second])] == await heard(socket, 1)
            assert "active" == (await gp("GET", f"Subscription/{id}")).json["status"]
            third = await discharge(epr)
            token, url = await binding(gp, id)
            async with gp.session.ws_connect(url) as socket:
                await socket.send_str(f"bind-with-token: {token} 0")
                assert [[], [first], [second], [third]] == [foci for _, foci in await heard(socket, 4)]
            token, url = await binding(gp, id)
            async with gp.session.ws_connect(url) as socket:
                await socket.send_str(f"bind-with-token {token} 3")
                assert [("handshake", [])] == await heard(socket, 1)
                assert 200 == (await gp("PUT", f"Subscription/{id}", resource | {"id": id, "status": "off"})).status
                await discharge(epr)
                answer = await asyncio.wait_for(socket.receive(), PATIENCE)
                assert (aiohttp.WSMsgType.CLOSE, "no subscription is told here any more") == (answer.type, answer.extra)


async def test_a_token_binds_once_and_nothing_else_binds_at_all(tmp_path: Path, secret: str) -> None:
    locality = Locality.make(tmp_path, settings(secret))
    with running_hub(locality) as hub:
        async with caller(hub, "gp-system") as gp:
            resource = subscription(type="websocket", payload="application/fhir+json")
            id = await subscribed(gp, resource, state="requested")
            token, url = await binding(gp, id)
            async with gp.session.ws_connect(url) as socket:
                await socket.send_str(f"bind-with-token {token}")
                await heard(socket, 1)
            for message in (f"bind-with-token {token}", f"bind-with-token {gp.token}", "hello", "x" * 9000):
                async with gp.session.ws_connect(url) as socket:
                    await socket.send_str(message)
                    answer = await asyncio.wait_for(socket.receive(), PATIENCE)
                    assert (aiohttp.WSMsgType.CLOSE, 1008) == (answer.type, answer.data), message
                    assert token not in str(answer.extra)


async def binding(gp: Caller, id: str) -> tuple[str, str]:
    answer = await gp("GET", f"Subscription/{id}/$get-ws-binding-token")
    assert 200 == answer.status, answer.json
    values = {one["name"]: one for one in answer.json["parameter"]}
    return values["token"]["valueString"], values["websocket-url"]["valueUrl"]


async def heard(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[tuple[str, list[str]]]:
    """Kind and foci of the next notifications."""
    found = []
    for _ in range(count):
        bundle = json.loads(await asyncio.wait_for(socket.receive_str(), PATIENCE))
        parameters = bundle["entry"][0]["resource"]["parameter"]
        kind = next(one["valueCode"] for one in parameters if one["name"] == "type")
        parts = [part for one in parameters if one["name"] == "notification-event" for part in one["part"]]
        foci = [part["valueReference"]["reference"].split("/fhir/")[1] for part in parts if part["name"] == "focus"]
        found.append((kind, foci))
    return found
