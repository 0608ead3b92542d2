"""A lane delivers in order, at least once, and gives up only when it said it would."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from careloom.model import parse_json
from careloom.notify.extensions import Delivering
from careloom.notify.lane import Lane
from careloom.notify.notification import Silence, Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.retrying import RetryPolicy
from careloom.notify.subscriptions import Status, Subscription
from careloom.notify.topics import Content
from careloom.store import EventLog, Match, SubscriptionEvent
from careloom.store.memory_events import MemoryEventLog

START = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
ACCEPTED = Outcome("accepted", 200)
FAILED = Outcome("retry", 503, "HTTP 503")


class Receiver:
    """A channel that answers as told, and after that accepts."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.ids: list[str] = []

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        self.bodies.append(body)
        self.ids.append(webhook_id)
        return self.answers.pop(0) if self.answers else ACCEPTED

    def numbers(self) -> list[list[str]]:
        """Event numbers of each notification received."""
        return [_numbers(parse_json(body)) for body in self.bodies]


class Desk:
    """A notifier that only remembers."""

    base_url = "https://hub.example/fhir"

    def __init__(self, log: EventLog | None = None) -> None:
        self.log = log
        self.statuses: list[tuple[Status, str]] = []
        self.heard: list[int] = []
        self.hidden: frozenset[int] = frozenset()
        self.is_superseded = False

    def secret_of(self, subscription: Subscription) -> str:
        return ""

    async def told(
        self, subscription: Subscription, events: Sequence[SubscriptionEvent], content: Content
    ) -> list[Told]:
        letters = await self.log.dead_letters(subscription.id) if self.log else []
        dead = {letter.number for letter in letters}
        return [Told(each, self._silence(each.number, dead)) for each in events]

    def _silence(self, number: int, dead: set[int]) -> Silence:
        return "dead-letter" if number in dead else "denied" if number in self.hidden else ""

    async def set_status(
        self, subscription: Subscription, version_id: str, status: Status, error: str = ""
    ) -> str | None:
        if self.is_superseded:
            return None
        self.statuses.append((status, error))
        return str(int(version_id) + 1)

    def abreast(self, subscription: Subscription, endpoint: str) -> asyncio.Semaphore:
        return asyncio.Semaphore()

    async def delivered(self, subscription: Subscription, told: Sequence[Told]) -> None:
        self.heard += [each.event.number for each in told if not each.silence]


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


def a_subscription(**changes: Any) -> Subscription:
    wishes = {each.name for each in dataclasses.fields(Delivering)}
    made = Subscription(
        id="gp",
        topic="https://careloom.example/SubscriptionTopic/discharge",
        filters=(),
        endpoint="https://gp.example/hook",
        headers=(),
        status="active",
        end=None,
        owner="gp-system",
        purpose="TREAT",
    )
    delivering = Delivering(**{name: value for name, value in changes.items() if name in wishes})
    others = {name: value for name, value in changes.items() if name not in wishes}
    return dataclasses.replace(made, delivering=delivering, **others)


def a_lane(log: EventLog, receiver: Receiver, desk: Desk, time: Time, **changes: Any) -> Lane:
    return Lane(
        a_subscription(**changes),
        "1",
        log,
        receiver,
        desk,
        retry=RetryPolicy(budget=timedelta(hours=1)),
        clock=time,
        random=lambda: 1.0,
        sleep=time.sleep,
    )


async def a_log(events: int) -> EventLog:
    log = MemoryEventLog()
    matches = [
        Match(
            "gp", sequence, "https://careloom.example/SubscriptionTopic/discharge", f"Encounter/{sequence}", "1", START
        )
        for sequence in range(1, events + 1)
    ]
    await log.record_matches(events, matches)
    return log


async def run_until(lane: Lane, done: Callable[[], bool]) -> None:
    task = asyncio.create_task(lane.run())
    for _ in range(2000):
        if done() or task.done():
            break
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert done()


def _numbers(bundle: dict[str, Any]) -> list[str]:
    events = [one for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [part["valueString"] for event in events for part in event["part"] if part["name"] == "event-number"]


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
        async def delivered(self, subscription: Subscription, told: Sequence[Told]) -> None:
            delivered_to.append((await log.cursor("gp")).delivered_to)
            await super().delivered(subscription, told)

    desk = Recording()
    await run_until(a_lane(log, receiver, desk, time), lambda: desk.heard == [1])
    assert [0] == delivered_to
