"""What messages do to the record, event by event."""

import asyncio
from typing import Any

import pytest
from tests.integration.hl7v2.conftest import Desk, adt, stay

ICU = "ICU^1^3^NORTH"


async def test_an_admission_makes_patient_stay_and_place(desk: Desk) -> None:
    assert await desk.take(adt("A01")) == "AA"
    patient, encounter, place = [await desk.only(type) for type in ("Patient", "Encounter", "Location")]
    assert patient["name"] == [{"family": "Okafor", "given": ["Ada"]}]
    assert encounter["status"] == "in-progress"
    assert encounter["class"]["code"] == "IMP"
    assert encounter["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert encounter["period"] == {"start": "2026-11-22T10:15:00Z"}
    assert encounter["location"][0]["location"]["reference"] == f"Location/{place['id']}"
    assert place["name"] == "W5 R2 B1"


async def test_a_transfer_ends_the_time_at_one_place_and_begins_it_at_the_next(desk: Desk) -> None:
    await desk.take(adt("A01"))
    await desk.take(adt("A02", at="20261123090000", pv1=stay(ward=ICU)))
    ward, icu = (await desk.only("Encounter"))["location"]
    assert (ward["status"], ward["period"]["end"]) == ("completed", "2026-11-23T09:00:00Z")
    assert (icu["status"], icu["period"]) == ("active", {"start": "2026-11-23T09:00:00Z"})


async def test_a_cancelled_transfer_is_undone(desk: Desk) -> None:
    await desk.take(adt("A01"))
    before = await desk.only("Encounter")
    await desk.take(adt("A02", at="20261123090000", pv1=stay(ward=ICU)))
    await desk.take(adt("A12", at="20261123093000"))
    after = await desk.only("Encounter")
    assert after["location"] == before["location"]
    assert after["status"] == "in-progress"


async def test_a_discharge_ends_stay_and_place_and_can_be_taken_back(desk: Desk) -> None:
    await desk.take(adt("A01"))
    await desk.take(adt("A03", at="20261125120000"))
    ended = await desk.only("Encounter")
    assert (ended["status"], ended["period"]["end"]) == ("finished", "2026-11-25T12:00:00Z")
    assert ended["location"][0]["status"] == "completed"
    await desk.take(adt("A13", at="20261125130000"))
    reopened = await desk.only("Encounter")
    assert (reopened["status"], reopened["period"]) == ("in-progress", {"start": "2026-11-22T10:15:00Z"})
    assert reopened["location"][0]["status"] == "active"


async def test_a_cancelled_admission_stays_on_record_as_cancelled(desk: Desk) -> None:
    await desk.take(adt("A01"))
    assert await desk.take(adt("A11", at="20261122110000")) == "AA"
    assert (await desk.only("Encounter"))["status"] == "cancelled"


async def test_an_update_after_the_discharge_does_not_reopen_the_stay(desk: Desk) -> None:
    await desk.take(adt("A01"))
    await desk.take(adt("A03", at="20261125120000"))
    await desk.take(adt("A08", at="20261126120000", pid="1||A-1^^^ACUTE||Okafor-Reid^Ada||19870312|F"))
    assert (await desk.only("Encounter"))["status"] == "finished"
    assert (await desk.only("Patient"))["name"][0]["family"] == "Okafor-Reid"


@pytest.mark.parametrize("late", ["A01", "A02", "A12"])
async def test_what_comes_late_does_not_reopen_a_stay_that_is_over(desk: Desk, late: str) -> None:
    await desk.take(adt("A03", at="20261125120000"))
    over = await desk.only("Encounter")
    assert await desk.take(adt(late, at="20261122101500", pv1=stay(ward=ICU))) == "AA"
    after = await desk.only("Encounter")
    assert (after["status"], after["location"]) == ("finished", over["location"])
    assert after["period"]["end"] == "2026-11-25T12:00:00Z"


async def test_a_cancelled_stay_is_begun_anew_and_by_nothing_else(desk: Desk) -> None:
    await desk.take(adt("A01"))
    await desk.take(adt("A11", at="20261122110000"))
    for event in ("A02", "A03", "A13"):
        await desk.take(adt(event, at="20261122120000", pv1=stay(ward=ICU)))
        assert (await desk.only("Encounter"))["status"] == "cancelled"
    assert len((await desk.only("Encounter"))["location"]) == 1
    await desk.take(adt("A01", at="20261122130000"))
    assert (await desk.only("Encounter"))["status"] == "in-progress"


async def test_numbers_without_an_authority_are_those_of_their_sender(desk: Desk) -> None:
    await desk.take(adt("A01", pid="1||777||Alpha^Ada", pv1=stay(number="V-7")))
    other = adt("A01", at="20261123", pid="1||777||Beta^Bob", pv1=stay(number="V-7")).replace(b"|NORTH|", b"|SOUTH|")
    assert await desk.take(other) == "AA"
    assert {"Alpha", "Beta"} == {patient["name"][0]["family"] for patient in await desk.every("Patient")}
    assert len(await desk.every("Encounter")) == 2
    await desk.take(adt("A31", at="20261124", pid="1||777||Alpha^Ann"))
    assert len(await desk.every("Patient")) == 2


async def test_a_sender_without_a_facility_is_known_as_the_client_that_it_is(desk: Desk) -> None:
    await desk.take(adt("A28", pid="1||777||Alpha^Ada").replace(b"|NORTH|", b"||"))
    [identifier] = (await desk.only("Patient"))["identifier"]
    assert identifier["system"].endswith(f"/{desk.source.intake.client}")


async def test_a_component_that_is_null_is_no_text(desk: Desk) -> None:
    null = '""'
    pid = f"1||A-1^^^ACUTE||Okafor^Ada^{null}^{null}^Dr||19870312|F|||1 High St^{null}^Leeds^{null}^LS1 1AA"
    await desk.take(adt("A28", pid=f"{pid}||0113 4960000^PRN^PH"))
    patient = await desk.only("Patient")
    assert patient["name"] == [{"family": "Okafor", "given": ["Ada"], "prefix": ["Dr"]}]
    assert patient["address"] == [{"line": ["1 High St"], "city": "Leeds", "postalCode": "LS1 1AA"}]
    assert "telecom" in patient
    none = f"1||A-1^^^ACUTE||Okafor^Ada||||||{null}^{null}^{null}^^^^H||{null}^PRN^PH"
    await desk.take(adt("A31", at="20261123", pid=none))
    assert {"address", "telecom"}.isdisjoint(await desk.only("Patient"))


@pytest.mark.parametrize("event", ["A28", "A31"])
async def test_a_person_is_recorded_without_a_stay(desk: Desk, event: str) -> None:
    assert await desk.take(adt(event)) == "AA"
    assert len(await desk.every("Patient")) == 1
    assert await desk.every("Encounter") == []


async def test_an_outpatient_is_registered(desk: Desk) -> None:
    await desk.take(adt("A04", pv1=stay(kind="O")))
    assert (await desk.only("Encounter"))["class"]["code"] == "AMB"


@pytest.mark.parametrize("event", ["A11", "A13"])
async def test_there_must_be_something_to_take_back(desk: Desk, event: str) -> None:
    code, told = await desk.refusal(adt(event))
    assert code == "AE"
    assert "nothing" not in told and "none found" in told
    assert await desk.every("Patient") == []


async def test_what_a_message_does_not_speak_of_stays(desk: Desk) -> None:
    await desk.take(adt("A28", pid="1||A-1^^^ACUTE||Okafor^Ada||19870312|F|||1 High St^^Leeds"))
    await desk.take(adt("A31", at="20261123", pid='1||A-1^^^ACUTE||Okafor^Ada||""'))
    patient = await desk.only("Patient")
    assert patient["address"][0]["city"] == "Leeds"
    assert "birthDate" not in patient


async def test_a_message_that_changes_nothing_makes_no_version(desk: Desk) -> None:
    await desk.take(adt("A28"))
    await desk.take(adt("A31", at="20261123"))
    assert (await desk.only("Patient"))["meta"]["versionId"] == "1"


async def test_a_patient_is_found_by_nhs_number_first(desk: Desk) -> None:
    await desk.take(adt("A28", pid="1||9990548609^^^NHS~A-1^^^ACUTE||Okafor^Ada"))
    await desk.take(adt("A28", at="20261123", pid="1||B-7^^^OTHER~999 054 8609^^^NHS||Okafor^Ada"))
    values = {identifier["value"] for identifier in (await desk.only("Patient"))["identifier"]}
    assert values == {"9990548609", "A-1", "B-7"}


async def test_merged_records_link_to_each_other_and_later_messages_reach_the_survivor(desk: Desk) -> None:
    await desk.take(adt("A28"))
    await desk.take(adt("A28", at="20261123", pid="1||A-2^^^ACUTE||Okafor^A"))
    assert await desk.take(adt("A40", at="20261124", mrg="A-2^^^ACUTE")) == "AA"
    gone, kept = sorted(await desk.every("Patient"), key=lambda patient: patient.get("active", True))
    assert gone["active"] is False
    assert gone["link"] == [{"other": {"reference": f"Patient/{kept['id']}"}, "type": "replaced-by"}]
    assert kept["link"] == [{"other": {"reference": f"Patient/{gone['id']}"}, "type": "replaces"}]
    await desk.take(adt("A01", at="20261125", pid="1||A-2^^^ACUTE||Okafor^A"))
    assert (await desk.only("Encounter"))["subject"]["reference"] == f"Patient/{kept['id']}"


async def test_a_merge_may_come_before_either_record(desk: Desk) -> None:
    assert await desk.take(adt("A40", mrg="A-2^^^ACUTE")) == "AA"
    assert sorted(patient.get("active", True) for patient in await desk.every("Patient")) == [False, True]


async def test_a_merge_that_is_told_twice_changes_nothing_more(desk: Desk) -> None:
    await desk.take(adt("A40", mrg="A-2^^^ACUTE"))
    before = await desk.every("Patient")
    assert await desk.take(adt("A40", control_id="again", mrg="A-2^^^ACUTE")) == "AA"
    assert await desk.every("Patient") == before


async def test_a_chain_of_merges_is_followed_and_a_circle_is_refused(desk: Desk) -> None:
    await desk.take(adt("A40", at="20261101", mrg="A-2^^^ACUTE"))
    assert await desk.take(adt("A40", at="20261102", pid="1||A-0^^^ACUTE||Okafor^A", mrg="A-1^^^ACUTE")) == "AA"
    await desk.take(adt("A01", at="20261103", pid="1||A-2^^^ACUTE||Okafor^A"))
    subject = (await desk.only("Encounter"))["subject"]["reference"]
    (survivor,) = [patient for patient in await desk.every("Patient") if patient.get("active", True)]
    assert subject == f"Patient/{survivor['id']}"
    code, told = await desk.refusal(adt("A40", at="20261104", pid="1||A-2^^^ACUTE||Okafor^A", mrg="A-0^^^ACUTE"))
    assert (code, "that same one" in told) == ("AE", True)


async def test_messages_at_once_about_one_patient_make_one_patient(desk: Desk) -> None:
    messages = [adt("A31", control_id=f"M{number}", at=f"202611{number:02}") for number in range(1, 29)]
    assert set(await asyncio.gather(*map(desk.take, messages))) == {"AA"}
    assert len(await desk.every("Patient")) == 1


@pytest.mark.parametrize(
    ("first", "second", "meant"),
    [
        (("", "Y"), ("20261120", ""), {"deceasedDateTime": "2026-11-20"}),
        (("20261120", ""), ("", "Y"), {"deceasedDateTime": "2026-11-20"}),
        (("20261120", ""), ("", "N"), {"deceasedBoolean": False}),
        (("", "Y"), ("", "N"), {"deceasedBoolean": False}),
        (("", "Y"), ('""', '""'), {}),
        (("20261120", "Y"), ("20261121", "Y"), {"deceasedDateTime": "2026-11-21"}),
    ],
    ids=["day added", "day kept", "taken back", "no death", "nothing said", "another day"],
)
async def test_a_death_is_told_in_one_way_at_a_time(
    desk: Desk, first: tuple[str, str], second: tuple[str, str], meant: dict[str, Any]
) -> None:
    for number, (day, is_dead) in enumerate((first, second)):
        pid = "1||A-1^^^ACUTE||Okafor^Ada" + "|" * 24 + f"{day}|{is_dead}"
        assert await desk.take(adt("A31", control_id=f"M{number}", pid=pid)) == "AA"
    patient = await desk.only("Patient")
    assert {key: value for key, value in patient.items() if key.startswith("deceased")} == meant
