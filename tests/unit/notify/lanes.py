"""What tests of lanes are built from: a receiver, a desk, a clock, and lanes with a log in memory."""

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.patience import PATIENCE

from careloom.model import parse_json
from careloom.notify.delivery import Delivery
from careloom.notify.extensions import Delivering
from careloom.notify.lane import Lane
from careloom.notify.notification import Silence, Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.retrying import RetryPolicy
from careloom.notify.subscriptions import Status, Subscription
from careloom.notify.topics import Content
from careloom.store import Attempt, EventLog, Match, SubscriptionEvent
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
        self.tries: list[str] = []
        self.hidden: frozenset[int] = frozenset()
        self.is_superseded = False

    def secret_of(self, subscription: Subscription) -> str:
        return ""

    async def told(
        self,
        subscription: Subscription,
        events: Sequence[SubscriptionEvent],
        content: Content,
        *,
        dead: Collection[int] = (),
    ) -> list[Told]:
        return [Told(each, self._silence(each.number, dead)) for each in events]

    def _silence(self, number: int, dead: Collection[int]) -> Silence:
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

    def tried(self, subscription: Subscription, attempt: Attempt) -> None:
        self.tries.append(attempt.outcome)

    async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
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
    subscription = a_subscription(**changes)
    delivery = Delivery(
        {subscription.channel: receiver},
        desk,
        retry=RetryPolicy(budget=timedelta(hours=1)),
        clock=time,
        random=lambda: 1.0,
    )
    return Lane(subscription, "1", log, delivery, sleep=time.sleep)


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
    task, turn = asyncio.create_task(lane.run()), 0
    async with asyncio.timeout(PATIENCE):
        while not (done() or task.done()):
            turn += 1
            await asyncio.sleep(0 if turn < 2000 else 0.001)  # a record lingers by the clock of the event loop
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert done()


def _numbers(bundle: dict[str, Any]) -> list[str]:
    events = [one for one in bundle["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
    return [part["valueString"] for event in events for part in event["part"] if part["name"] == "event-number"]


def kinds(receiver: Receiver) -> list[str]:
    parameters = (parse_json(body)["entry"][0]["resource"]["parameter"] for body in receiver.bodies)
    return [next(one["valueCode"] for one in each if one["name"] == "type") for each in parameters]


def rejected(code: int = 422) -> Outcome:
    return Outcome("rejected", code, f"HTTP {code}")


class Picky(Receiver):
    """Takes no notification that tells of a certain focus."""

    def __init__(self, poison: str, code: int = 422) -> None:
        super().__init__()
        self.poison, self.code = poison.encode(), code

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        await super().send(endpoint, body, webhook_id=webhook_id, secret=secret, headers=headers)
        return rejected(self.code) if self.poison in body else ACCEPTED
