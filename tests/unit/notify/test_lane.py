"""A lane delivers in order, at least once, and gives up only when it said it would."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.patience import PATIENCE, becomes
from tests.unit.notify.lanes import (
    FAILED,
    START,
    Desk,
    Receiver,
    Time,
    a_lane,
    a_log,
    run_until,
)

from careloom.model import parse_json
from careloom.model.errors import UnavailableError
from careloom.notify import in_order
from careloom.notify.in_order import WINDOW
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.subscriptions import Subscription
from careloom.store import Match


async def test_events_are_delivered_one_by_one_in_order() -> None:
    log, receiver, desk, time = await a_log(3), Receiver(), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1, 2, 3])
    assert [["1"], ["2"], ["3"]] == receiver.numbers()
    assert 3 == (await log.cursor("gp")).delivered_to


async def test_several_events_go_in_one_notification_when_asked_for() -> None:
    log, receiver, desk, time = await a_log(5), Receiver(), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time, max_count=3), lambda: len(desk.heard) == 5)
    assert [["1", "2", "3"], ["4", "5"]] == receiver.numbers()


async def test_a_failed_notification_is_sent_again_with_the_same_bytes_and_id() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(FAILED, FAILED), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1])
    assert 3 == len(receiver.bodies)
    assert 1 == len(set(receiver.bodies))
    assert 1 == len(set(receiver.ids))
    assert [1.0, 2.0] == time.slept


async def test_after_a_crash_the_range_in_flight_goes_out_again_as_it_was() -> None:
    log, first, desk, time = await a_log(2), Receiver(FAILED), Desk(), Time()
    await run_until(a_lane(log, first, desk, time, max_count=2), lambda: len(first.bodies) == 1)
    await log.record_matches(3, [Match("gp", 3, "t", "Encounter/3", "1", START)])
    again = Receiver()
    await run_until(a_lane(log, again, desk, time, max_count=3), lambda: desk.heard == [1, 2, 3])
    assert [["1", "2"], ["3"]] == again.numbers()
    assert first.bodies[0] == again.bodies[0]


async def test_which_events_go_out_together_is_on_record_before_they_do() -> None:
    log, desk, time = await a_log(5), Desk(), Time()
    ranges: list[tuple[int, int]] = []

    class Looking(Receiver):
        async def send(self, endpoint: str, body: bytes, **more: Any) -> Outcome:
            cursor = await log.cursor("gp")
            ranges.append((cursor.inflight_from, cursor.inflight_to))
            return await super().send(endpoint, body, **more)

    await run_until(a_lane(log, Looking(), desk, time, max_count=3), lambda: len(desk.heard) == 5)
    assert ranges == [(1, 3), (4, 5)]


async def test_a_receiver_that_asks_for_a_pause_gets_it() -> None:
    log, desk, time = await a_log(1), Desk(), Time()
    receiver = Receiver(Outcome("retry", 429, "HTTP 429", retry_after=30.0))
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1])
    assert [30.0] == time.slept


async def test_a_spent_budget_puts_the_subscription_in_error_and_keeps_its_events() -> None:
    log, desk, time = await a_log(1), Desk(), Time()
    await run_until(a_lane(log, Receiver(*[FAILED] * 100), desk, time), lambda: bool(desk.statuses))
    assert [("error", "HTTP 503")] == desk.statuses
    assert [1] == [event.number for event in await log.pending("gp", 10)]


async def test_a_subscriber_that_is_gone_turns_its_subscription_off() -> None:
    log, desk, time = await a_log(1), Desk(), Time()
    await run_until(a_lane(log, Receiver(Outcome("gone", 410, "gone")), desk, time), lambda: bool(desk.statuses))
    assert [("off", "gone")] == desk.statuses


async def test_a_requested_subscription_shakes_hands_before_it_is_active() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(FAILED), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time, status="requested"), lambda: desk.heard == [1])
    kinds = [
        next(one["valueCode"] for one in parse_json(body)["entry"][0]["resource"]["parameter"] if one["name"] == "type")
        for body in receiver.bodies
    ]
    assert ["handshake", "handshake", "event-notification"] == kinds
    assert [("active", "")] == desk.statuses


async def test_a_handshake_is_tried_again_as_it_was() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(FAILED, FAILED), Desk(), Time()
    await run_until(a_lane(log, receiver, desk, time, status="requested"), lambda: desk.heard == [1])
    assert (1, 1) == (len(set(receiver.ids[:3])), len(set(receiver.bodies[:3])))
    assert time.slept


async def test_a_handshake_leaves_the_range_in_flight_as_it_was() -> None:
    log, first, desk, time = await a_log(1), Receiver(FAILED), Desk(), Time()
    await run_until(a_lane(log, first, desk, time), lambda: len(first.bodies) == 1)
    await log.record_matches(2, [Match("gp", 2, "t", "Encounter/2", "1", START)])
    again = Receiver()
    await run_until(a_lane(log, again, desk, time, status="requested", max_count=2), lambda: len(desk.heard) == 2)
    assert first.bodies[0] == again.bodies[1]


async def test_what_may_not_be_told_any_more_keeps_its_number_and_loses_its_focus() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    desk.hidden = frozenset({1})
    await run_until(a_lane(log, receiver, desk, time), lambda: len(receiver.bodies) == 1)
    assert [["1"]] == receiver.numbers()
    assert b"Encounter" not in receiver.bodies[0]
    assert [] == desk.heard


async def test_a_subscription_ends_at_its_end() -> None:
    log, desk, time = await a_log(0), Desk(), Time()
    await run_until(a_lane(log, Receiver(), desk, time, end=START), lambda: bool(desk.statuses))
    assert "off" == desk.statuses[0][0]


async def test_a_handshake_of_a_version_that_was_changed_meanwhile_activates_nothing() -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    desk.is_superseded = True
    lane = a_lane(log, receiver, desk, time, status="requested")
    await asyncio.wait_for(lane.run(), 5)
    assert (1, [], []) == (len(receiver.bodies), desk.statuses, desk.heard)


async def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_longest_pause() -> None:
    log, desk, time = await a_log(1), Desk(), Time()
    await run_until(a_lane(log, Receiver(FAILED), desk, time), lambda: len(time.slept) == 1)
    time.now -= timedelta(days=2)
    await run_until(a_lane(log, Receiver(), desk, time), lambda: desk.heard == [1])
    assert 3600.0 == time.slept[-1]


async def test_who_was_told_is_on_record_before_the_cursor_moves() -> None:
    log, receiver, time = await a_log(1), Receiver(), Time()
    delivered_to = []

    class Recording(Desk):
        async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
            delivered_to.append((await log.cursor("gp")).delivered_to)
            await super().delivered(subscription, told)

    desk = Recording()
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1])
    assert [0] == delivered_to


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record waits for more to be told for as long as the lane runs, however slow this machine is."""
    monkeypatch.setattr(in_order, "LINGER_SECONDS", 3_600.0)
    monkeypatch.setattr(in_order, "WINDOW_SECONDS", 3_600.0)


def a_match(number: int) -> Match:
    topic = "https://careloom.example/SubscriptionTopic/discharge"
    return Match("gp", number, topic, f"Encounter/{number}", "1", START)


async def test_a_busy_lane_sends_at_once_and_records_several_together(unhurried: None) -> None:
    log, receiver, time = await a_log(1), Receiver(), Time()
    records: list[list[int]] = []

    class Recording(Desk):
        async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
            records.append([each.event.number for each in told])

    lane = a_lane(log, receiver, Recording(), time)
    task = asyncio.create_task(lane.run())
    for number in range(2, 8):
        await becomes(lambda number=number: len(receiver.bodies) == number - 1)  # type: ignore[misc]
        lane.wake(await log.record_matches(number, [a_match(number)]))
    await becomes(lambda: len(receiver.bodies) == 7)
    assert [] == records
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [[str(number)] for number in range(1, 8)] == receiver.numbers()
    assert [[*range(1, 8)]] == records
    assert 7 == (await log.cursor("gp")).delivered_to


async def test_what_was_accepted_is_on_record_when_a_lane_is_ended(unhurried: None) -> None:
    log, receiver, desk, time = await a_log(1), Receiver(), Desk(), Time()
    lane = a_lane(log, receiver, desk, time)
    task = asyncio.create_task(lane.run())
    await becomes(lambda: len(receiver.bodies) == 1)
    lane.wake(await log.record_matches(2, [a_match(2)]))
    await becomes(lambda: len(receiver.bodies) == 2)
    assert [] == desk.heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [1, 2] == desk.heard
    assert 2 == (await log.cursor("gp")).delivered_to


class Gated(Desk):
    """Puts nothing on record before its gate is opened, and fails as often as told to."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.failures = failures

    async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise UnavailableError("the disk is full")
        await super().delivered(subscription, told)


async def sent(receiver: Receiver, number: int) -> None:
    """Wait until so many were sent, and then whether more are."""
    await becomes(lambda: len(receiver.bodies) >= number)
    await asyncio.sleep(0.02)


async def test_the_next_range_is_sent_while_the_one_before_is_recorded_and_the_one_after_it_is_not() -> None:
    log, receiver, desk, time = await a_log(3 * WINDOW), Receiver(), Gated(), Time()
    task = asyncio.create_task(a_lane(log, receiver, desk, time).run())
    await sent(receiver, 2 * WINDOW)
    assert (len(receiver.bodies), desk.heard) == (2 * WINDOW, [])
    assert (await log.cursor("gp")).delivered_to == 0
    desk.gate.set()
    await sent(receiver, 3 * WINDOW)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert receiver.numbers() == [[str(number)] for number in range(1, 3 * WINDOW + 1)]
    assert desk.heard == [*range(1, 3 * WINDOW + 1)]
    assert (await log.cursor("gp")).delivered_to == 3 * WINDOW


async def test_a_lane_that_is_ended_while_a_record_is_under_way_waits_for_it() -> None:
    log, receiver, desk, time = await a_log(WINDOW), Receiver(), Gated(), Time()
    task = asyncio.create_task(a_lane(log, receiver, desk, time).run())
    await sent(receiver, WINDOW)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    desk.gate.set()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.heard == [*range(1, WINDOW + 1)]
    assert (await log.cursor("gp")).delivered_to == WINDOW


async def test_what_could_not_be_recorded_is_recorded_later_and_not_sent_again() -> None:
    log, receiver, desk, time = await a_log(WINDOW), Receiver(), Gated(failures=3), Time()
    desk.gate.set()
    lane = a_lane(log, receiver, desk, time)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            async with asyncio.timeout(PATIENCE):  # though there is nothing more to send
                await lane.run()
        assert (desk.heard, (await log.cursor("gp")).delivered_to) == ([], 0)
    await run_until(lane, lambda: len(desk.heard) == WINDOW)
    assert len(receiver.bodies) == WINDOW
    assert (await log.cursor("gp")).delivered_to == WINDOW


async def test_what_is_sent_while_a_record_fails_is_recorded_behind_it() -> None:
    log, receiver, desk, time = await a_log(2 * WINDOW), Receiver(), Gated(failures=1), Time()
    lane = a_lane(log, receiver, desk, time)
    running = asyncio.create_task(lane.run())
    await sent(receiver, 2 * WINDOW)
    desk.gate.set()
    with pytest.raises(UnavailableError):
        await asyncio.wait_for(running, PATIENCE)
    await run_until(lane, lambda: len(desk.heard) == 2 * WINDOW)
    assert desk.heard == [*range(1, 2 * WINDOW + 1)]
    assert len(receiver.bodies) == 2 * WINDOW
