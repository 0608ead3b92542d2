"""Order by patient: each patient's events in their order, and nobody waits for another's."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.patience import PATIENCE
from tests.unit.notify.lanes import START, Desk, Picky, Receiver, Time, a_lane, run_until

from careloom.model import parse_json
from careloom.model.errors import UnavailableError
from careloom.notify import by_patient
from careloom.notify.rest_hook import Outcome
from careloom.store import Match
from careloom.store.memory_events import MemoryEventLog


async def a_log(*patients: str) -> MemoryEventLog:
    log = MemoryEventLog()
    matches = [
        Match("gp", number, "t", f"Encounter/{number}", "1", START, f"Patient/{patient}")
        for number, patient in enumerate(patients, 1)
    ]
    await log.record_matches(len(patients), matches)
    return log


def delivered_to(log: MemoryEventLog) -> int:
    return log._cursor("gp").delivered_to


async def test_an_event_that_is_not_taken_holds_up_its_own_patient_alone() -> None:
    log, time = await a_log("a", "b", "a", "b", "a"), Time()
    receiver, desk = Picky('Encounter/1"'), Desk(log)
    await run_until(a_lane(log, receiver, desk, time, order="patient"), lambda: bool(time.slept))
    assert [2, 4] == desk.heard
    assert {"1", "2", "4"} == {number for [number] in receiver.numbers()}
    cursor = await log.cursor("gp")
    assert (0, "HTTP 422") == (cursor.delivered_to, cursor.error)


async def test_each_patient_is_told_of_in_order_and_the_cursor_follows() -> None:
    log, receiver, desk, time = await a_log(*"abcabcaabbcc"), Receiver(), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time, order="patient"), lambda: 12 == delivered_to(log))
    for numbers in ([1, 4, 7, 8], [2, 5, 9, 10], [3, 6, 11, 12]):
        assert numbers == [number for number in desk.heard if number in numbers]


async def test_however_many_are_told_of_behind_it_an_event_that_is_not_taken_holds_up_its_own_patient_alone() -> None:
    log, time = await a_log("a", *(f"p{number % 7}" for number in range(299)), "a"), Time()
    receiver, desk = Picky('Encounter/1"'), Desk(log)
    await run_until(a_lane(log, receiver, desk, time, order="patient"), lambda: bool(time.slept))
    assert list(range(2, 301)) == sorted(desk.heard)
    assert 0 == (await log.cursor("gp")).delivered_to
    for patient in range(7):
        own = [number for number in desk.heard if (number - 2) % 7 == patient]
        assert sorted(own) == own


async def test_how_far_others_are_told_ahead_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_patient, "MOST_AHEAD", 100)
    log, time = await a_log("a", *"b" * 150), Time()
    desk = Desk(log)
    await run_until(a_lane(log, Picky('Encounter/1"'), desk, time, order="patient"), lambda: bool(time.slept))
    assert list(range(2, 101)) == desk.heard


class Slow(Receiver):
    """Answers about the first encounter when it is let."""

    def __init__(self, is_let: asyncio.Event) -> None:
        super().__init__()
        self.is_let = is_let

    async def send(self, endpoint: str, body: bytes, **more: object) -> Outcome:
        if b'Encounter/1"' in body:
            await self.is_let.wait()
        return await super().send(endpoint, body, **more)  # type: ignore[arg-type]


async def test_a_slow_patient_does_not_keep_the_others_waiting() -> None:
    log, receiver, desk, time = await a_log("a", "b", "c"), Slow(asyncio.Event()), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time, order="patient"), lambda: sorted(desk.heard) == [2, 3])


async def test_what_comes_while_a_patient_is_slow_is_told_to_the_others_at_once() -> None:
    waiting = asyncio.Event()
    log, desk = await a_log("a", "b"), Desk()
    lane = a_lane(log, Slow(waiting), desk, Time(), order="patient")
    running = asyncio.create_task(lane.run())
    try:
        for number, patient in enumerate("bacb", 3):
            later = Match("gp", number, "t", f"Encounter/{number}", "1", START, f"Patient/{patient}")
            lane.wake(await log.record_matches(number, [later]))
            async with asyncio.timeout(PATIENCE):
                while (patient != "a") != (number in desk.heard):
                    await asyncio.sleep(0)
        assert [2, 3, 5, 6] == desk.heard
        waiting.set()
        async with asyncio.timeout(PATIENCE):
            while delivered_to(log) < 6:
                await asyncio.sleep(0)
        assert [1, 4] == desk.heard[4:]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_nothing_is_on_its_way_any_more_once_a_record_has_failed() -> None:
    class Counting(Receiver):
        under_way = 0

        async def send(self, endpoint: str, body: bytes, **more: object) -> Outcome:
            self.under_way += 1
            try:
                await asyncio.sleep(0 if b'Encounter/1"' in body else 60)
            finally:
                self.under_way -= 1
            return await super().send(endpoint, body, **more)  # type: ignore[arg-type]

    class Full(Desk):
        async def delivered(self, *args: object, **more: object) -> None:
            raise UnavailableError("the disk is full")

    receiver = Counting()
    with pytest.raises(UnavailableError):
        await a_lane(await a_log("a", "b", "c"), receiver, Full(), Time(), order="patient").run()
    assert 0 == receiver.under_way


async def test_what_could_not_be_recorded_is_recorded_later_and_not_sent_again() -> None:
    class Filling(Desk):
        failures = 2

        async def delivered(self, *args: Any, **more: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise UnavailableError("the disk is full")
            await super().delivered(*args, **more)

    log, receiver, desk = await a_log("a", "a", "a"), Receiver(), Filling()
    lane = a_lane(log, receiver, desk, Time(), order="patient")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(lane.run(), 5)
    assert [["1"]] == receiver.numbers()
    await run_until(lane, lambda: desk.heard == [1, 2, 3])
    assert [["1"], ["2"], ["3"]] == receiver.numbers()


async def test_after_a_crash_what_was_accepted_ahead_goes_out_again_as_it_was() -> None:
    log, time = await a_log("a", "b"), Time()
    first, desk = Picky('Encounter/1"'), Desk(log)
    await run_until(a_lane(log, first, desk, time, order="patient"), lambda: desk.heard == [2])
    again, other = Receiver(), Desk(log)
    await run_until(a_lane(log, again, other, time, order="patient"), lambda: sorted(other.heard) == [1, 2])
    assert set(again.bodies) <= set(first.bodies)


async def test_poison_is_put_aside_where_the_subscriber_wants_that() -> None:
    log, time = await a_log("a", "a"), Time()
    receiver, desk = Picky('Encounter/1"'), Desk(log)
    lane = a_lane(log, receiver, desk, time, order="patient", on_poison="dead-letter")
    await run_until(lane, lambda: desk.heard == [2])
    assert [1] == [letter.number for letter in await log.dead_letters("gp")]
    notes = [body for body in receiver.bodies if b"dead-letter" in body]
    assert [["1"]] == [
        [part["valueString"] for part in one["part"] if part["name"] == "event-number"]
        for note in notes
        for one in parse_json(note)["entry"][0]["resource"]["parameter"]
        if one["name"] == "notification-event"
    ]


async def test_an_endpoint_that_fails_for_too_long_ends_in_error() -> None:
    log, desk, time = await a_log("a", "b"), Desk(), Time()
    failing = Receiver(*[Outcome("retry", 503, "HTTP 503")] * 500)
    await run_until(a_lane(log, failing, desk, time, order="patient"), lambda: bool(desk.statuses))
    assert [("error", "HTTP 503")] == desk.statuses
    assert time.now - START >= timedelta(hours=1)


async def test_a_clock_that_is_set_back_keeps_no_patient_waiting() -> None:
    log, desk, time = await a_log("a", "b"), Desk(), Time()

    class Backwards(Receiver):
        async def send(self, *args: Any, **more: Any) -> Outcome:
            outcome = await super().send(*args, **more)
            if outcome.kind == "retry":
                asyncio.get_running_loop().call_soon(step)
            return outcome

    def step() -> None:
        time.now -= timedelta(days=365)

    receiver = Backwards(Outcome("retry", 503, "HTTP 503", retry_after=900))
    await run_until(a_lane(log, receiver, desk, time, order="patient"), lambda: sorted(desk.heard) == [1, 2])
    assert sum(time.slept) <= 900
