"""Signals to mailboxes: what goes is the signal, and what it is called says which notification it was."""

import pytest
from tests.unit.notify.channels.test_mesh import Outbox, a_handshake, a_notification

from careloom.model import parse_json
from careloom.model.errors import NotSupportedError, UnavailableError
from careloom.notify.channels.mesh import Mesh
from careloom.notify.channels.mns import MnsMesh
from careloom.notify.signals import read_signal_bundle
from careloom.notify.signals.writer import SignalWriter
from careloom.search import SearchParameters

BASE = "https://hub.example/fhir"


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def channel(outbox: Outbox, parameters: SearchParameters) -> MnsMesh:
    mesh = Mesh(outbox, {"X26ABC2": "gp-system"}, "CARELOOM")
    return MnsMesh(mesh, SignalWriter({}, parameters, "example.hub"), base_url=BASE)


async def sent(channel: MnsMesh, body: bytes, payload: str = "application/fhir+json", to: str = "X26ABC2") -> str:
    headers = (("Content-Type", payload),)
    return (await channel.send(f"mesh://{to}", body, webhook_id="w", secret="s", headers=headers)).kind


async def test_an_event_goes_as_a_bundle_of_mns(channel: MnsMesh, outbox: Outbox) -> None:
    body = a_notification(7)
    assert "accepted" == await sent(channel, body)
    [message] = outbox.sent
    bundle = parse_json(message.pop("data"))
    assert {
        "to": "X26ABC2",
        "workflow": "CARELOOM",
        "local_id": "gp|7|7",
        "file_name": "w.json",
        "content_type": "application/fhir+json",
    } == message
    signal = read_signal_bundle(bundle)
    assert (parse_json(body)["id"], f"{BASE}/Encounter/7") == (signal.id, signal.dataref)
    parameters = bundle["entry"][0]["resource"]["parameter"]
    assert {"name": "subscription", "valueReference": {"reference": f"{BASE}/Subscription"}} == parameters[0]


async def test_an_event_goes_as_a_cloud_event_where_json_is_asked_for(channel: MnsMesh, outbox: Outbox) -> None:
    await sent(channel, a_notification(7), "application/json")
    event = parse_json(outbox.sent[0]["data"])
    assert ("1.0", f"{BASE}/Encounter/7") == (event["specversion"], event["dataref"])
    assert not {"sequence", "subscription"} & event.keys()


async def test_another_try_has_the_same_bytes(channel: MnsMesh, outbox: Outbox) -> None:
    for _ in range(2):
        await sent(channel, a_notification(7))
    assert outbox.sent[0] == outbox.sent[1]


async def test_a_handshake_is_accepted_and_goes_nowhere(channel: MnsMesh, outbox: Outbox) -> None:
    assert ("accepted", []) == (await sent(channel, a_handshake()), outbox.sent)


async def test_what_mesh_answers_counts(channel: MnsMesh, outbox: Outbox) -> None:
    assert "refused" == await sent(channel, a_notification(7), to="X26ABC3")
    outbox.error = UnavailableError("503")
    assert "retry" == await sent(channel, a_notification(7))


def test_a_queue_is_not_supported(channel: MnsMesh) -> None:
    with pytest.raises(NotSupportedError, match="queues are not supported"):
        channel.check("arn:aws:sqs:eu-west-2:1:queue", "gp-system")
