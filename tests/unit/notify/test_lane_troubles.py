"""What a lane does about silence, failures, and receivers that take some events and not others."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.patience import PATIENCE, becomes
from tests.unit.notify.lanes import (
    ACCEPTED,
    FAILED,
    START,
    Desk,
    Picky,
    Receiver,
    Time,
    a_lane,
    a_log,
    a_subscription,
    kinds,
    rejected,
    run_until,
)

from careloom.notify.courier import Courier
from careloom.notify.rest_hook import Outcome
from careloom.store import Cursor, Match
from careloom.store.memory_events import MemoryEventLog


async def test_a_handshake_that_fails_puts_the_subscription_in_error() -> None:
    log, desk, time = await a_log(0), Desk(), Time()
    receiver = Receiver(*[FAILED] * 9)
    await run_until(a_lane(log, receiver, desk, time, status="requested"), lambda: bool(desk.statuses))
    assert [("error", "HTTP 503")] == desk.statuses
    assert ["handshake"] * 3 == kinds(receiver)


async def test_who_asks_anew_does_not_wait_for_the_pause_of_what_failed_before() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    await log.save_cursor(Cursor("gp", attempt=9, next_at=START + timedelta(hours=1), status="error"))
    await run_until(a_lane(log, receiver, desk, time, status="requested"), lambda: desk.heard == [1])
    assert [] == time.slept


async def test_silence_is_broken_by_heartbeats_and_only_silence() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    lane = a_lane(log, receiver, desk, time, heartbeat=60)
    await run_until(lane, lambda: len(receiver.bodies) >= 3)
    assert ["event-notification", "heartbeat", "heartbeat"] == kinds(receiver)[:3]
    assert time.slept[:2] == [60.0, 60.0]
    assert len(set(receiver.ids)) == len(receiver.ids)
    assert [1] == desk.heard


async def test_a_heartbeat_that_is_not_taken_is_a_failure_like_any_other() -> None:
    log, desk, time = await a_log(0), Desk(), Time()
    lane = a_lane(log, Receiver(*[FAILED] * 200), desk, time, heartbeat=60)
    await run_until(lane, lambda: bool(desk.statuses))
    assert [("error", "HTTP 503")] == desk.statuses


async def test_a_subscription_that_is_told_nothing_ends_at_its_end() -> None:
    log, desk, time = await a_log(0), Desk(), Time()
    await run_until(a_lane(log, Receiver(), desk, time, end=START + timedelta(hours=2)), lambda: bool(desk.statuses))
    assert [7200.0] == time.slept
    assert "off" == desk.statuses[0][0]


async def test_a_subscription_that_is_failing_ends_at_its_end_and_not_at_the_next_try() -> None:
    log, desk, time = await a_log(1), Desk(), Time()
    asks_for_an_hour = Receiver(Outcome("retry", 503, "HTTP 503", 3600.0))
    await run_until(
        a_lane(log, asks_for_an_hour, desk, time, end=START + timedelta(minutes=5)), lambda: bool(desk.statuses)
    )
    assert [300.0] == time.slept
    assert "off" == desk.statuses[0][0]


async def test_one_poison_event_is_found_by_halving_and_put_aside() -> None:
    log, time = await a_log(8), Time()
    receiver, desk = Picky("Encounter/6", 413), Desk(log)
    lane = a_lane(log, receiver, desk, time, max_count=8, on_poison="dead-letter")
    await run_until(lane, lambda: 8 in desk.heard)
    assert [1, 2, 3, 4, 5, 7, 8] == desk.heard
    [letter] = await log.dead_letters("gp")
    assert (6, "HTTP 413") == (letter.number, letter.reason)
    sent = list(zip(receiver.numbers(), receiver.bodies, strict=True))
    accepted = [number for numbers, body in sent if b"Encounter/6" not in body for number in numbers]
    assert [str(number) for number in range(1, 9)] == accepted
    assert any(numbers == ["6"] and b"dead-letter" in body for numbers, body in sent)


async def test_an_event_whose_number_is_not_taken_either_holds_up_nobody() -> None:
    log, time = await a_log(2), Time()
    desk = Desk(log)
    receiver = Receiver(*[rejected()] * 6)
    await run_until(a_lane(log, receiver, desk, time, on_poison="dead-letter"), lambda: desk.heard == [2])
    assert [["1"]] * 6 + [["2"]] == receiver.numbers()


async def test_poison_halts_the_lane_unless_the_subscriber_has_chosen_otherwise() -> None:
    log, desk, time = await a_log(2), Desk(), Time()
    await run_until(a_lane(log, Picky("Encounter/1"), desk, time), lambda: bool(desk.statuses))
    assert [("error", "HTTP 422")] == desk.statuses
    assert [1, 2] == [event.number for event in await log.pending("gp", 10)]
    assert [] == await log.dead_letters("gp")


async def test_events_of_two_topics_do_not_stand_in_one_notification() -> None:
    log, receiver, desk, time = await a_log(2), Receiver(), Desk(), Time()
    await log.record_matches(3, [Match("gp", 3, "https://t.example/other", "Patient/1", "1", START)])
    await run_until(a_lane(log, receiver, desk, time, max_count=9), lambda: desk.heard == [1, 2, 3])
    assert [["1", "2"], ["3"]] == receiver.numbers()
    assert b"https://t.example/other" in receiver.bodies[1]


async def test_telling_goes_on_from_now_where_the_subscriber_wants_that() -> None:
    log, receiver, desk, time = await a_log(3), Receiver(), Desk(), Time()
    lane = a_lane(log, receiver, desk, time, status="requested", resume="now")
    task = asyncio.create_task(lane.run())
    await becomes(lambda: bool(desk.statuses))
    await log.record_matches(4, [Match("gp", 4, "t", "Encounter/4", "1", START)])
    lane.wake()
    await becomes(lambda: len(receiver.bodies) == 2)
    task.cancel()
    assert [[], ["4"]] == receiver.numbers()


async def test_a_try_takes_no_longer_than_the_subscription_allows() -> None:
    class Mute(Receiver):
        async def send(self, *args: Any, **more: Any) -> Outcome:
            await asyncio.sleep(60)
            return ACCEPTED

    courier = Courier(a_subscription(timeout=1), Mute(), Desk(), Time())
    sent = await courier.send("x", b"", first=1, last=1, number=1)
    assert ("retry", "no answer within 1 s") == (sent.outcome.kind, sent.outcome.detail)


async def test_the_media_type_is_the_one_that_was_asked_for() -> None:
    seen: list[tuple[tuple[str, str], ...]] = []

    class Noting(Receiver):
        async def send(
            self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
        ) -> Outcome:
            seen.append(headers)
            return ACCEPTED

    log, desk, time = await a_log(1), Desk(), Time()
    lane = a_lane(log, Noting(), desk, time, payload="application/json", headers=(("X-Practice", "A81001"),))
    await run_until(lane, lambda: desk.heard == [1])
    assert [(("X-Practice", "A81001"), ("Content-Type", "application/json"))] == seen


async def test_nothing_but_its_client_brings_a_subscription_back_from_error() -> None:
    log, receiver, desk, time = await a_log(3), Receiver(), Desk(), Time()
    await asyncio.wait_for(a_lane(log, receiver, desk, time, status="error").run(), PATIENCE)
    assert ([], []) == (receiver.bodies, desk.statuses)
    await run_until(a_lane(log, receiver, desk, time, status="requested"), lambda: desk.heard == [1, 2, 3])
    assert ["handshake", "event-notification"] == kinds(receiver)[:2]


class Backwards(MemoryEventLog):
    """A log; once a try is recorded, the clock is set back."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    async def record_attempts(self, *args: Any, **more: Any) -> None:
        await super().record_attempts(*args, **more)
        self._time.now -= timedelta(days=365)


async def test_a_clock_that_is_set_back_brings_the_next_try_on() -> None:
    desk, time = Desk(), Time()
    log = Backwards(time)
    await log.record_matches(1, [Match("gp", 1, "t", "Encounter/1", "1", START)])
    await run_until(a_lane(log, Receiver(FAILED, FAILED), desk, time), lambda: desk.heard == [1])
    assert sum(time.slept) <= 3


async def test_a_clock_that_is_set_back_breaks_no_heartbeat() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    lane = a_lane(log, receiver, desk, time, heartbeat=60)
    await run_until(lane, lambda: len(receiver.bodies) >= 2)
    sent = len(receiver.bodies)
    time.now -= timedelta(days=365)
    await run_until(lane, lambda: len(receiver.bodies) >= sent + 2)
    assert {"heartbeat"} == {*kinds(receiver)[1:]}
    assert max(time.slept) <= 60
