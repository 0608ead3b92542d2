"""Every trigger event that is taken, sent to a port: accepted, and on each record what it says."""

import asyncio
from typing import Any

import pytest
from tests.integration.hl7v2.conftest import Desk, adt, stay
from tests.integration.hl7v2.test_listener import listening
from tests.patience import PATIENCE

from careloom.connectors.hl7v2 import parse
from careloom.connectors.hl7v2.mllp import END, framed

ICU = stay(ward="ICU^1^3^NORTH")
CHANGED = "1||A-1^^^ACUTE||Okafor-Reid^Ada||19870312|F"
ADMITTED = [adt("A01")]
MOVED = [*ADMITTED, adt("A02", at="20261123090000", pv1=ICU)]
ENDED = [*ADMITTED, adt("A03", at="20261125120000")]
EVENTS: dict[str, tuple[list[bytes], dict[str, Any]]] = {
    "A01": (ADMITTED, {"status": "in-progress", "class": "IMP", "places": ["active"]}),
    "A02": (MOVED, {"status": "in-progress", "places": ["completed", "active"]}),
    "A03": (ENDED, {"status": "finished", "places": ["completed"]}),
    "A04": ([adt("A04", pv1=stay(kind="O"))], {"status": "in-progress", "class": "AMB"}),
    "A08": ([*ADMITTED, adt("A08", at="20261123", pid=CHANGED)], {"status": "in-progress", "family": "Okafor-Reid"}),
    "A11": ([*ADMITTED, adt("A11", at="20261122110000")], {"status": "cancelled"}),
    "A12": ([*MOVED, adt("A12", at="20261123093000")], {"status": "in-progress", "places": ["active"]}),
    "A13": ([*ENDED, adt("A13", at="20261125130000")], {"status": "in-progress", "places": ["active"]}),
    "A28": ([adt("A28")], {"family": "Okafor"}),
    "A31": ([adt("A28"), adt("A31", at="20261123", pid=CHANGED)], {"family": "Okafor-Reid"}),
    "A40": ([adt("A28"), adt("A40", at="20261123", mrg="A-2^^^ACUTE")], {"family": "Okafor", "links": ["replaces"]}),
}


async def send(desk: Desk, *messages: bytes) -> list[str]:
    """The codes of the answers to messages that are sent to a port, one after the other."""
    async with listening(desk) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        codes = []
        for message in messages:
            writer.write(framed(message))
            answer = await asyncio.wait_for(reader.readuntil(END), PATIENCE)
            codes.append(parse(answer.strip(b"\x0b\x1c\r")).first("MSA").value(1).text)
        writer.close()
    return codes


async def found(desk: Desk) -> dict[str, Any]:
    """What the record says of the patient that lives and of the stay."""
    [patient] = [each for each in await desk.every("Patient") if each.get("active", True)]
    said = {"family": patient["name"][0]["family"], "links": [each["type"] for each in patient.get("link", ())]}
    for encounter in await desk.every("Encounter"):
        said |= {
            "status": encounter["status"],
            "class": encounter["class"]["code"],
            "places": [each["status"] for each in encounter.get("location", ())],
        }
    return said


@pytest.mark.parametrize("event", EVENTS)
async def test_each_event_is_accepted_at_the_port_and_does_what_it_says(desk: Desk, event: str) -> None:
    messages, expected = EVENTS[event]
    assert ["AA"] * len(messages) == await send(desk, *messages)
    said = await found(desk)
    assert expected == {key: said.get(key) for key in expected}
    assert ("status" in said) == ("status" in expected)


async def test_repetitions_escapes_and_segments_of_a_site_s_own_reach_the_record(desk: Desk) -> None:
    pid = "1||9990548609^^^NHS~A-1^^^ACUTE~B-7^^^OTHER||Smith\\S\\Jones^Ada~Okafor^Ada^^^^^M||19870312|F"
    message = adt("A28", pid=f"{pid}|||1 Oak \\T\\ Elm Rd^^Leeds~The Mill^^York") + b"ZPV|own|a~b^c&d|\\T\\\r"
    assert ["AA"] == await send(desk, message)
    patient = await desk.only("Patient")
    assert ["9990548609", "A-1", "B-7"] == [each["value"] for each in patient["identifier"]]
    assert ["Smith^Jones", "Okafor"] == [each["family"] for each in patient["name"]]
    assert [["1 Oak & Elm Rd"], ["The Mill"]] == [each["line"] for each in patient["address"]]


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("", "utf-8-sig"), ("", "cp1252")],
)
async def test_names_reach_the_record_whatever_character_set_they_are_sent_in(
    desk: Desk, charset: str, codec: str
) -> None:
    text = adt("A28", pid="1||A-1^^^ACUTE||Brontë^Zoë").decode()
    message = text.replace("|P|2.5.1", f"|P|2.5.1||||||{charset}").encode(codec)
    assert ["AA"] == await send(desk, message)
    [name] = (await desk.only("Patient"))["name"]
    assert ("Brontë", ["Zoë"]) == (name["family"], name["given"])


async def test_what_does_not_stand_is_ae_and_what_is_not_taken_is_ar(desk: Desk) -> None:
    wrong = adt("A28", pid="1||A-1^^^ACUTE||Okafor^Ada||yesterday")
    assert ["AE", "AR", "AR", "AA"] == await send(desk, wrong, adt("A99"), b"PID|1\r", adt("A28", control_id="ok"))
    assert 1 == len(await desk.every("Patient"))
