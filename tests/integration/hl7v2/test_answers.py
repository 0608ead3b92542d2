"""What is answered, and that an answer means what it says."""

from dataclasses import replace

import pytest
from tests.integration.hl7v2.conftest import Desk, adt, stay

from careloom.connectors.hl7v2 import Hl7v2Source, load_tables, parse
from careloom.governance import Registry


async def test_an_answer_goes_back_the_way_the_message_came(desk: Desk) -> None:
    answer = parse(await desk.source.take(adt("A01", control_id="M-7")))
    assert [answer.header.value(field).text for field in (3, 4, 5, 6)] == ["HUB", "REGION", "MERIDIAN", "NORTH"]
    assert answer.first("MSA").value(2).text == "M-7"
    assert answer.header.value(9).raw == "ACK^A01^ACK"


async def test_in_enhanced_mode_the_commit_is_acknowledged(desk: Desk) -> None:
    message = adt("A28").replace(b"|P|2.5.1", b"|P|2.5.1|||AL|NE")
    assert await desk.take(message) == "CA"


async def test_a_message_that_comes_again_is_accepted_and_changes_nothing(desk: Desk) -> None:
    await desk.take(adt("A01"))
    await desk.take(adt("A02", at="20261123", pv1=stay(ward="ICU^1^3^NORTH")))
    before = await desk.only("Encounter")
    assert await desk.take(adt("A01")) == "AA"
    assert await desk.only("Encounter") == before


async def test_a_control_id_used_for_something_else_is_refused(desk: Desk) -> None:
    await desk.take(adt("A28", control_id="M-1"))
    code, told = await desk.refusal(adt("A28", control_id="M-1", pid="1||A-9^^^ACUTE||Nobody^Ann"))
    assert (code, "another message" in told) == ("AE", True)
    assert len(await desk.every("Patient")) == 1


@pytest.mark.parametrize(
    ("message", "code", "told"),
    [
        (b"", "AR", "nothing found"),
        (b"PID|1\r", "AR", "beginning with MSH"),
        (b"BHS|^~\\&|MERIDIAN\r" + adt("A28"), "AR", "a batch beginning with BHS found"),
        (adt("A28") + adt("A28", control_id="second"), "AR", "one message in a frame"),
        (adt("A28", pid="1||A-1^^^ACUTE||Oka\x01for^Ada"), "AR", "without control characters"),
        (adt("A99"), "AR", "ADT^A01"),
        (adt("A01").replace(b"ADT^A01", b"ORU^R01"), "AR", "'ORU^R01' found"),
        (adt("A01", pid="1||||Okafor^Ada"), "AE", "PID-3: an identifier"),
        (adt("A01", pid="1||A-1^^^ACUTE||Okafor^Ada||yesterday"), "AE", "PID-7: a time as YYYYMMDDHHMMSS"),
        (adt("A01", pv1=stay(number="")), "AE", "PV1-19: a visit number"),
        (adt("A01", pv1=stay(kind="")), "AE", "Encounter.class: at least 1"),
        (adt("A40"), "AE", "MRG-1: an identifier"),
    ],
    ids=[
        "empty",
        "headless",
        "batch",
        "two in one",
        "control",
        "unknown event",
        "other type",
        "nobody",
        "no time",
        "no visit",
        "no class",
        "no merge",
    ],
)
async def test_what_cannot_be_taken_is_refused_with_its_field_and_leaves_nothing(
    desk: Desk, message: bytes, code: str, told: str
) -> None:
    answered, text = await desk.refusal(message)
    assert answered == code
    assert told in text
    assert [await desk.every(type) for type in ("Patient", "Encounter", "Location")] == [[], [], []]


async def test_a_sender_without_an_agreement_is_rejected_and_that_is_audited(desk: Desk) -> None:
    unknown = replace(desk.source.intake, registered=Registry)
    stranger = replace(desk, source=Hl7v2Source(unknown, load_tables(), lambda _: []))
    code, told = await stranger.refusal(adt("A01"))
    assert (code, "not registered" in told) == ("AR", True)
    assert await desk.every("Patient") == []
    assert (await desk.only("AuditEvent"))["outcome"] == "8"


async def test_what_was_written_is_in_the_audit(desk: Desk) -> None:
    await desk.take(adt("A01"))
    patient = await desk.only("Patient")
    said = str(await desk.only("AuditEvent"))
    assert f"Patient/{patient['id']}/_history/1" in said
    assert "Okafor" not in said


async def test_a_record_that_does_not_answer_is_no_fault_of_the_message(desk: Desk) -> None:
    await desk.repository.close()
    code, _ = await desk.refusal(adt("A01"))
    assert code == "AR"
