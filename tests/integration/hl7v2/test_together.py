"""Messages that come close together: one turn and one commit, and each as if it had come alone."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from tests.integration.hl7v2.conftest import Desk, adt, stay

from careloom.connectors.hl7v2 import parse
from careloom.model import Resource
from careloom.store import Repository, Turn, Version

T = TypeVar("T")

BAD = adt("A01", control_id="BAD", pid="1||A-9^^^ACUTE||Bad^Ann", pv1=stay(kind="", number="V-9^^^ACUTE"))


@pytest.fixture
def commits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cause of each commit of the record."""
    found: list[str] = []
    kind = type(desk.repository)
    commit = kind.commit

    async def noting(self: Repository, work: Callable[[Turn], T], *, cause: str = "", **more: Any) -> T:
        found.append(cause)
        return await commit(self, work, cause=cause, **more)

    monkeypatch.setattr(kind, "commit", noting)
    return found


async def _take(desk: Desk, *messages: bytes) -> list[str]:
    return list(await asyncio.gather(*map(desk.take, messages)))


def _people(number: int) -> list[bytes]:
    return [adt("A28", control_id=f"M{n}", pid=f"1||A-{n}^^^ACUTE||Okafor^Ada") for n in range(number)]


async def test_they_share_a_commit_and_each_has_its_audit_record(desk: Desk, commits: list[str]) -> None:
    assert await _take(desk, *_people(30)) == ["AA"] * 30
    assert commits == ["meridian"]
    audited = await desk.every("AuditEvent")
    assert len(audited) == 30
    assert len({str(each["entity"]) for each in audited}) == 30


async def test_a_bad_one_fails_alone_and_leaves_nothing(desk: Desk, commits: list[str]) -> None:
    good = _people(6)
    assert await _take(desk, *good[:3], BAD, *good[3:]) == ["AA"] * 3 + ["AE"] + ["AA"] * 3
    assert len(commits) == 1
    assert len(await desk.every("Patient")) == 6
    assert await desk.every("Encounter") == []
    assert len(await desk.every("AuditEvent")) == 6


async def test_a_bad_one_may_be_sent_again_under_its_control_id_once_it_is_put_right(desk: Desk) -> None:
    right = adt("A01", control_id="BAD", pid="1||A-9^^^ACUTE||Bad^Ann", pv1=stay(number="V-9^^^ACUTE"))
    assert await _take(desk, BAD, *_people(2)) == ["AE", "AA", "AA"]
    assert await desk.take(right) == "AA"


async def test_a_whole_stay_in_one_turn_is_the_same_as_one_by_one(desk: Desk) -> None:
    messages = [
        adt("A01", at="20261122100000"),
        adt("A02", at="20261122110000", pv1=stay(ward="ICU^1^3^NORTH")),
        adt("A08", at="20261122120000", pid="1||A-1^^^ACUTE||Okafor-Reid^Ada||19870312|F"),
        adt("A12", at="20261122130000"),
        adt("A03", at="20261122140000"),
    ]
    assert await _take(desk, *messages) == ["AA"] * 5
    encounter, patient = await desk.only("Encounter"), await desk.only("Patient")
    assert (encounter["status"], encounter["meta"]["versionId"]) == ("finished", "4")
    assert [place["status"] for place in encounter["location"]] == ["completed"]
    assert (patient["name"][0]["family"], patient["meta"]["versionId"]) == ("Okafor", "3")
    assert len(await desk.every("Location")) == 2


async def test_the_same_message_twice_in_one_turn_is_written_once(desk: Desk) -> None:
    assert await _take(desk, adt("A01"), adt("A01"), adt("A01")) == ["AA"] * 3
    assert (await desk.only("Patient"))["meta"]["versionId"] == "1"
    assert len(await desk.every("AuditEvent")) == 1


async def test_a_control_id_used_twice_in_one_turn_is_refused_the_second_time(desk: Desk) -> None:
    other = adt("A28", control_id="M1", pid="1||A-9^^^ACUTE||Nobody^Ann")
    assert await _take(desk, adt("A28", control_id="M1"), other) == ["AA", "AE"]
    assert len(await desk.every("Patient")) == 1


async def test_merges_in_one_turn_follow_each_other(desk: Desk) -> None:
    messages = [
        adt("A28", control_id="1"),
        adt("A40", control_id="2", mrg="A-2^^^ACUTE"),
        adt("A40", control_id="3", pid="1||A-0^^^ACUTE||Okafor^A", mrg="A-1^^^ACUTE"),
        adt("A01", control_id="4", pid="1||A-2^^^ACUTE||Okafor^A"),
        adt("A40", control_id="5", pid="1||A-2^^^ACUTE||Okafor^A", mrg="A-0^^^ACUTE"),
    ]
    assert await _take(desk, *messages) == ["AA"] * 4 + ["AE"]
    (living,) = [patient for patient in await desk.every("Patient") if patient.get("active", True)]
    assert (await desk.only("Encounter"))["subject"]["reference"] == f"Patient/{living['id']}"


async def test_where_writing_fails_half_way_nothing_of_it_stays_and_the_others_are_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn: Any = type(await desk.repository.commit(lambda turn: turn))
    create = turn.create

    def failing(self: Any, resource: Resource, *, id: str | None = None) -> Version:
        if resource["resourceType"] == "Encounter" and "V-3" in str(resource):
            raise RuntimeError("a bug")
        version: Version = create(self, resource, id=id)
        return version

    monkeypatch.setattr(turn, "create", failing)
    messages = [
        adt("A01", control_id=f"M{n}", pid=f"1||A-{n}^^^ACUTE||Okafor^Ada", pv1=stay(number=f"V-{n}^^^ACUTE"))
        for n in range(6)
    ]
    assert await _take(desk, *messages) == ["AA"] * 3 + ["AR"] + ["AA"] * 2
    found = {patient["identifier"][0]["value"] for patient in await desk.every("Patient")}
    assert found == {"A-0", "A-1", "A-2", "A-4", "A-5"}


async def test_answers_name_their_own_message(desk: Desk) -> None:
    answers = await asyncio.gather(*map(desk.source.take, [*_people(3), BAD]))
    assert [parse(answer).first("MSA").value(2).text for answer in answers] == ["M0", "M1", "M2", "BAD"]
