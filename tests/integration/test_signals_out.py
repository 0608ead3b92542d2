"""A hub that runs tells signals: to a mailbox in the shape of MNS, and to an endpoint as CloudEvents."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from tests.integration.hub import HubProcess, Locality, caller, eventually, running_hub
from tests.integration.mesh_double import SETTINGS, MeshDouble, mesh_double
from tests.integration.test_notify_survives_kill import receiving
from tests.integration.test_subscriptions import content, settings, subscribed, subscription
from tests.unit.notify.signals.test_mns_shape import BUNDLE

from careloom.model.nhs_number import NHS_NUMBER
from careloom.notify import new_secret
from careloom.notify.signals import read_signal_bundle

NUMBER = "9990548609"
CODES = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
SECRET = new_secret()


@asynccontextmanager
async def hub_with_a_mailbox(folder: Path) -> AsyncIterator[tuple[HubProcess, MeshDouble]]:
    async with mesh_double() as mesh:
        with running_hub(a_locality(folder, mesh.url)) as hub:
            yield hub, mesh


def a_locality(folder: Path, mesh: str) -> Locality:
    (folder / "mesh.password").write_text("password")
    (folder / "mesh.key").write_text("key")
    more = settings(SECRET).replace("[notify]", '[notify]\nsignal_source = "example.north"')
    return Locality.make(folder, more + SETTINGS.format(url=mesh))


def as_at_mns(**channel: Any) -> dict[str, Any]:
    resource = subscription(type="message", endpoint="mesh://X26ABC2?workflow_id=MNS_SIGNALS", **channel)
    return resource | {"criteria": "eventType='discharge'"}


async def a_stay_has_ended(epr: Any, number: str = NUMBER) -> str:
    """``Encounter/id`` of a stay of a patient."""
    identifier = {"system": NHS_NUMBER, "value": number}
    patient = {"resourceType": "Patient", "identifier": [identifier], "name": [{"family": "Okafor"}]}
    subject = f"Patient/{(await epr('POST', 'Patient', patient)).json['id']}"
    stay = {"resourceType": "Encounter", "status": "finished", "class": CODES, "subject": {"reference": subject}}
    answer = await epr("POST", "Encounter", stay | {"reasonCode": [{"text": "a fall"}]})
    assert 201 == answer.status, answer.json
    return f"Encounter/{answer.json['id']}"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub whose mailbox nobody answers for."""
    with running_hub(a_locality(tmp_path_factory.mktemp("hub"), "http://127.0.0.1:9")) as hub:
        yield hub


@pytest.mark.parametrize("payload", ["application/fhir+json", "application/json"])
async def test_who_subscribes_as_at_mns_gets_signals_in_its_mailbox(tmp_path: Path, payload: str) -> None:
    async with hub_with_a_mailbox(tmp_path) as (hub, mesh):
        async with caller(hub, "gp-system") as gp, caller(hub) as epr:
            id = await subscribed(gp, as_at_mns(payload=payload))
            foci = [await a_stay_has_ended(epr) for _ in range(3)]
            await eventually(lambda: mesh.has(3))
        names = ("mex-To", "mex-WorkflowID", "mex-LocalID", "Content-Type")
        assert [("X26ABC2", "MNS_SIGNALS", f"{id}|{number}|{number}", payload) for number in (1, 2, 3)] == [
            tuple(headers[name] for name in names) for headers, _ in mesh.sent
        ]
        bodies = [json.loads(body) for _, body in mesh.sent]
        assert [f"{hub.base_url}/{focus}" for focus in foci] == [_dataref(body) for body in bodies]
        for _, body in mesh.sent:
            assert NUMBER.encode() in body
            assert not [word for word in (b"Okafor", b"a fall", b"Patient/", b"finished") if word in body]


def _dataref(body: dict[str, Any]) -> str:
    if "specversion" in body:
        assert ("discharge", "example.north", NUMBER) == (body["type"], body["source"], body["subject"])
        return str(body["dataref"])
    assert [] == [error.message for error in Draft202012Validator(BUNDLE).iter_errors(body)]
    signal = read_signal_bundle(body)
    assert ("discharge", "example.north", NUMBER) == (signal.type, signal.source, signal.subject)
    return signal.dataref


async def test_a_signal_that_was_not_collected_is_put_aside_and_told_again_when_asked_for(tmp_path: Path) -> None:
    async with (
        hub_with_a_mailbox(tmp_path) as (hub, mesh),
        caller(hub, "gp-system") as gp,
        caller(hub) as epr,
    ):
        id = await subscribed(gp, as_at_mns())
        focus = await a_stay_has_ended(epr)
        await eventually(lambda: mesh.has(1))
        mesh.report(f"{id}|1|1")

        async def is_dead() -> bool:
            return "not collected" in json.dumps((await gp("GET", f"Subscription/{id}/$dead-letters")).json)

        await eventually(is_dead)
        order = {"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "1"}]}
        assert 200 == (await gp("POST", f"Subscription/{id}/$replay", order)).status
        await eventually(lambda: mesh.has(2))
        first, again = (read_signal_bundle(json.loads(body)) for _, body in mesh.sent)
        assert f"{hub.base_url}/{focus}" == first.dataref == again.dataref and first.id != again.id


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"criteria": "eventType='discharge"}, "NAME=VALUE or NAME='VALUE' expected"),
        ({"criteria": "eventType=pds-birth"}, "an event type of address-change"),
        ({"criteria": "eventType=discharge AND colour=red"}, "an attribute of patient expected"),
        ({"endpoint": "mesh://X26ABC3"}, "a mailbox expected that the hub knows as the client's"),
        ({"endpoint": "arn:aws:sqs:eu-west-2:1:queue"}, "queues are not supported"),
        ({"type": "rest-hook", "endpoint": "http://127.0.0.1/"}, "type 'message' expected, found 'rest-hook'"),
    ],
    ids=str,
)
async def test_what_cannot_be_told_is_refused_with_the_reason(
    hub: HubProcess, changes: dict[str, str], told: str
) -> None:
    asked = as_at_mns(payload="application/json")
    criteria = {"criteria": changes.pop("criteria", asked["criteria"])}
    async with caller(hub, "gp-system") as gp:
        answer = await gp("POST", "Subscription", asked | criteria | {"channel": asked["channel"] | changes})
        assert 422 == answer.status
        assert told in answer.json["issue"][0]["diagnostics"]


async def test_an_endpoint_is_told_by_cloud_events_without_a_gap(hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr, receiving(SECRET) as receiver:
        endpoint = f"http://127.0.0.1:{receiver.port}/hook"
        asked = subscription(endpoint, payload="application/cloudevents+json", _payload=content("full-resource"))
        id = await subscribed(gp, asked)
        foci = [await a_stay_has_ended(epr) for _ in range(3)]

        async def has_all() -> bool:
            return len(receiver.accepted) >= 4

        await eventually(has_all)
        handshake, *events = [json.loads(body) for _, body in receiver.accepted]
        assert "org.careloom.subscription.handshake" == handshake["type"]
        assert {f"{hub.base_url}/Subscription/{id}"} == {each["subscription"] for each in (handshake, *events)}
        assert [webhook_id for webhook_id, _ in receiver.accepted] == [each["id"] for each in (handshake, *events)]
        assert [1, 2, 3] == [int(each["sequence"]) for each in events]
        assert [(f"{hub.base_url}/{focus}", NUMBER) for focus in foci] == [
            (each["dataref"], each["subject"]) for each in events
        ]
        assert b"Okafor" not in receiver.accepted[1][1]
