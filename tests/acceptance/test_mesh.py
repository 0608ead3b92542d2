"""Careloom's mailbox, and a hub that has one, against NHS England's own MESH sandbox.

What they send is read back by NHS England's own client.

Both are put into an environment of their own, in the user's cache folder, when first asked for.
"""

import asyncio
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.peers import homes
from tests.integration.hub import HubProcess, Locality, caller, eventually, running_hub
from tests.integration.mesh_double import SETTINGS
from tests.integration.test_subscriptions import discharge, settings, subscribed
from tests.unit.connectors.nems.events import a_change_of_gp

from careloom.connectors.mesh import Mailbox, MailboxKey, Received, Report
from careloom.model.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError
from careloom.notify.extensions import CHANNEL_TYPE
from careloom.notify.signals import Signal, read_signal_bundle, signal_bundle

pytestmark = pytest.mark.slow

PACKAGES = ("mesh-sandbox==1.0.137", "mesh-client==5.0.2")
KEY = "TestKey"
PASSWORD = "password"
PATIENCE = 30

COLLECT = """
import sys
from mesh_client import MeshClient
with MeshClient(sys.argv[1], "X26ABC2", "password", shared_key=b"TestKey", cert=None, verify=False) as client:
    for id in client.list_messages():
        message = client.retrieve_message(id)
        if message.local_id != "n1":
            continue
        sys.stdout.buffer.write(f"{message.sender} {message.workflow_id} {message.local_id} ".encode() + message.read())
        message.acknowledge()
"""


@pytest.fixture(scope="module")
def interpreter() -> str:
    """Python with MESH's sandbox and client."""
    try:
        return homes.python("mesh", *PACKAGES).command[0]
    except homes.AbsentError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def mesh(interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sandbox whose mailboxes are in memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SHARED_KEY": KEY, "AUTH_MODE": "full", "STORE_MODE": "memory"}
    command = [interpreter, "-m", "uvicorn", "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path_factory.mktemp("mesh") / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")


@pytest.fixture
async def sender(mesh: str) -> AsyncIterator[Mailbox]:
    async with Mailbox.opened(mesh, MailboxKey("X26ABC1", PASSWORD, KEY), chunk=1_000) as mailbox:
        yield mailbox


@pytest.fixture
async def recipient(mesh: str) -> AsyncIterator[Mailbox]:
    async with Mailbox.opened(mesh, MailboxKey("X26ABC2", PASSWORD, KEY)) as mailbox:
        yield mailbox


async def test_a_mailbox_shows_that_it_is_ours(sender: Mailbox) -> None:
    await sender.handshake()


async def test_what_is_sent_is_collected_and_acknowledged(sender: Mailbox, recipient: Mailbox) -> None:
    id = await sender.send(
        "X26ABC2", b'{"told": "Zo\xc3\xab"}', workflow="CARELOOM", local_id="s|7", subject="discharge"
    )
    assert id in await recipient.inbox()
    found = await recipient.collect(id)
    assert isinstance(found, Received)
    assert (found.data, found.sender) == (b'{"told": "Zo\xc3\xab"}', "X26ABC1")
    assert (found.workflow, found.local_id, found.subject) == ("CARELOOM", "s|7", "discharge")
    assert (await sender.track(id)).status == "accepted"
    await recipient.acknowledge(id)
    assert id not in await recipient.inbox()
    assert (await sender.track(id)).status == "acknowledged"


async def test_acknowledging_twice_is_not_an_error(sender: Mailbox, recipient: Mailbox) -> None:
    id = await sender.send("X26ABC2", b"once", workflow="CARELOOM")
    await recipient.acknowledge(id)
    await recipient.acknowledge(id)


@pytest.mark.parametrize("size", [0, 1, 999, 1_000, 1_001, 4_500])
async def test_any_size_arrives_whole(sender: Mailbox, recipient: Mailbox, size: int) -> None:
    data = os.urandom(size)
    found = await recipient.collect(await sender.send("X26ABC2", data, workflow="CARELOOM"))
    assert isinstance(found, Received)
    assert found.data == data


async def test_the_client_of_the_nhs_reads_what_we_send(interpreter: str, mesh: str, sender: Mailbox) -> None:
    data = os.urandom(3_210)
    await sender.send("X26ABC2", data, workflow="CARELOOM", local_id="n1")
    done = subprocess.run([interpreter, "-c", COLLECT, mesh], check=True, capture_output=True, timeout=60)
    assert done.stdout == b"X26ABC1 CARELOOM n1 " + data


async def test_a_message_to_nobody_comes_back_as_a_refusal_or_a_report(sender: Mailbox) -> None:
    try:
        await sender.send("NOBODY99", b"anyone?", workflow="CARELOOM", local_id="n2")
    except InvalidError:
        return
    reports = [await sender.collect(id) for id in await sender.inbox()]
    assert [report.local_id for report in reports if isinstance(report, Report)] == ["n2"]


async def test_a_wrong_password_is_told_as_such(mesh: str) -> None:
    async with Mailbox.opened(mesh, MailboxKey("X26ABC1", "guess", KEY)) as mailbox:
        with pytest.raises(ForbiddenError):
            await mailbox.handshake()


async def test_a_message_that_is_not_there_is_told_as_such(recipient: Mailbox) -> None:
    with pytest.raises(NotFoundError):
        await recipient.collect("20261122000000000001_ABCDEF")


async def test_mesh_that_does_not_answer_may_answer_later() -> None:
    async with Mailbox.opened("http://127.0.0.1:9", MailboxKey("X26ABC1", PASSWORD, KEY)) as mailbox:
        with pytest.raises(UnavailableError):
            await mailbox.inbox()


async def test_a_header_of_two_lines_is_not_sent(sender: Mailbox) -> None:
    with pytest.raises(InvalidError, match="mex-Subject"):
        await sender.send("X26ABC2", b"", workflow="CARELOOM", subject="a\r\nmex-To: X26ABC3")


COLLECT_ALL = """
import sys
from mesh_client import MeshClient
with MeshClient(sys.argv[1], "X26ABC2", "password", shared_key=b"TestKey", cert=None, verify=False) as client:
    for id in client.list_messages():
        message = client.retrieve_message(id)
        print(message.workflow_id, message.local_id, message.read().decode().replace("\\n", " "))
        message.acknowledge()
"""


MESH_SUBSCRIPTION = {
    "resourceType": "Subscription",
    "status": "requested",
    "reason": "letters for our patients",
    "criteria": "https://careloom.example/SubscriptionTopic/discharge",
    "channel": {
        "type": "message",
        "_type": {"extension": [{"url": CHANNEL_TYPE, "valueCoding": {"code": "mesh"}}]},
        "endpoint": "mesh://X26ABC2?workflow_id=DISCHARGES",
        "payload": "application/fhir+json",
    },
}


@pytest.fixture
def hub(mesh: str, tmp_path: Path) -> Iterator[HubProcess]:
    """A hub whose mailbox is in the sandbox."""
    urllib.request.urlopen(urllib.request.Request(f"{mesh}/admin/reset", method="DELETE")).close()
    (tmp_path / "mesh.password").write_text(PASSWORD)
    (tmp_path / "mesh.key").write_text(KEY)
    locality = Locality.make(tmp_path, settings("") + SETTINGS.format(url=mesh))
    with running_hub(locality) as hub:
        yield hub


async def collected(interpreter: str, mesh: str, count: int) -> list[tuple[str, str, Any]]:
    """What the client of the NHS finds in the recipient's mailbox: workflow, local id and content."""
    found: list[tuple[str, str, Any]] = []

    async def has_all() -> bool:
        command = [interpreter, "-c", COLLECT_ALL, mesh]
        done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=60)
        for line in done.stdout.decode().splitlines():
            workflow, local_id, content = line.split(" ", 2)
            found.append((workflow, local_id, json.loads(content)))
        return len(found) >= count

    await eventually(has_all, 60)
    return found


async def test_a_subscriber_is_told_in_its_mailbox_in_order(interpreter: str, mesh: str, hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr:
        id = await subscribed(gp, MESH_SUBSCRIPTION)
        foci = [await discharge(epr) for _ in range(3)]
        found = await collected(interpreter, mesh, 4)
        assert ["DISCHARGES"] * 4 == [workflow for workflow, _, _ in found]
        assert [f"{id}|0|0", f"{id}|1|1", f"{id}|2|2", f"{id}|3|3"] == [local_id for _, local_id, _ in found]
        assert foci == [bundle["entry"][1]["fullUrl"].split("/fhir/")[1] for _, _, bundle in found[1:]]


async def test_who_subscribes_as_at_mns_finds_signals_in_its_mailbox(
    interpreter: str, mesh: str, hub: HubProcess
) -> None:
    channel = {"type": "message", "endpoint": "mesh://X26ABC2?workflow_id=MNS", "payload": "application/fhir+json"}
    async with caller(hub, "gp-system") as gp, caller(hub) as epr:
        id = await subscribed(gp, MESH_SUBSCRIPTION | {"criteria": "eventType='discharge'", "channel": channel})
        foci = [await discharge(epr) for _ in range(3)]
        found = await collected(interpreter, mesh, 3)
        assert [("MNS", f"{id}|{number}|{number}") for number in (1, 2, 3)] == [each[:2] for each in found]
        signals = [read_signal_bundle(bundle) for _, _, bundle in found]
        assert [("discharge", f"{hub.base_url}/{focus}") for focus in foci] == [
            (each.type, each.dataref) for each in signals
        ]


async def test_a_mailbox_of_somebody_else_is_refused(hub: HubProcess) -> None:
    async with caller(hub) as epr:
        answer = await epr("POST", "Subscription", MESH_SUBSCRIPTION)
        assert 422 == answer.status
        assert "a mailbox expected that the hub knows as the client's" in answer.json["issue"][0]["diagnostics"]


async def test_what_was_not_collected_is_put_aside_with_the_reason_of_mesh(mesh: str, hub: HubProcess) -> None:
    async with caller(hub, "gp-system") as gp, caller(hub) as epr:
        id = await subscribed(gp, MESH_SUBSCRIPTION)
        await discharge(epr)
        report = {
            "mailbox_id": "X26ABC1",
            "code": "14",
            "description": "Message not collected by recipient after 5 days",
            "workflow_id": "DISCHARGES",
            "local_id": f"{id}|1|1",
        }
        async with gp.session.post(f"{mesh}/messageexchange/admin/report", json=report) as answer:
            assert 200 == answer.status

        async def is_dead() -> Any:
            return "not collected" in json.dumps((await gp("GET", f"Subscription/{id}/$dead-letters")).json)

        await eventually(is_dead)


async def test_what_comes_out_of_the_mailbox_is_on_record_and_then_acknowledged(mesh: str, hub: HubProcess) -> None:
    signal = Signal("1", "uk.nhs.pds", "pds-change-of-gp-2", "2026-11-22T10:00:00Z", "https://pds.example/Patient/p")
    data = json.dumps(signal_bundle(signal, "https://mns.example/subscriptions")).encode()
    async with Mailbox.opened(mesh, MailboxKey("X26ABC3", PASSWORD, KEY)) as publisher:
        bad = await publisher.send("X26ABC1", b"{}", workflow="MNS", content_type="application/json")
        good = await publisher.send("X26ABC1", data, workflow="MNS", content_type="application/json")
        event = await publisher.send("X26ABC1", a_change_of_gp(), workflow="NEMS", content_type="application/fhir+xml")

        async def is_taken() -> bool:
            return {(await publisher.track(id)).status for id in (good, event)} == {"acknowledged"}

        await eventually(is_taken)
        assert "accepted" == (await publisher.track(bad)).status
    async with caller(hub) as epr:
        found = (await epr("GET", "Basic?code=pds-change-of-gp-2")).json
        assert 1 == len(found["entry"])
        found = (await epr("GET", "Patient?identifier=9990548609")).json
        assert "Larch Road Surgery" == found["entry"][0]["resource"]["generalPractitioner"][0]["display"]
