"""Processes that share a record and its telling: each is a duty and its shifts, on a repository of its own."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from careloom.model import parse_json
from careloom.model.instants import utc_now
from careloom.notify import Notifier, Ports, Subscription, Terms, TopicRegistry
from careloom.notify.duty import Duty
from careloom.notify.listening import all_subscriptions
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Outcome
from careloom.notify.shifts import Shifts
from careloom.notify.subscriptions import OWNER_SYSTEM
from careloom.notify.tenure import Tenure, guarded
from careloom.store import Cursor, Repository, Turn, Version
from careloom.store.leases import Lease

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
SECONDS = 3.0
"""How long a lease of a shard lasts here."""


class Receiver:
    """What all processes send to: keeps numbers by subscription, in the order of arrival, and who sent them."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = {}
        self.senders: dict[str, set[str]] = {}
        self.bodies: dict[str, bytes] = {}

    def take(self, sender: str, webhook_id: str, body: bytes) -> None:
        assert self.bodies.setdefault(webhook_id, body) == body
        parameters = parse_json(body)["entry"][0]["resource"]["parameter"]
        id = parameters[0]["valueReference"]["reference"].rpartition("/")[2]
        self.senders.setdefault(id, set()).add(sender)
        self.numbers.setdefault(id, []).extend(
            int(part["valueString"])
            for one in parameters
            for part in one.get("part", ())
            if part["name"] == "event-number"
        )

    def firsts(self, id: str) -> list[int]:
        """Numbers of a subscription as they came for the first time."""
        return list(dict.fromkeys(self.numbers.get(id, ())))


class Process:
    """One of them."""

    def __init__(self, name: str, repository: Repository, topics: TopicRegistry, receiver: Receiver) -> None:
        self.name = name
        self.repository = repository
        self._topics = topics
        self._receiver = receiver
        self.tenure, on_duty = Tenure(), Tenure()
        desk = self._notifier(self.tenure)
        subscriptions = partial(all_subscriptions, repository, topics)
        self.shifts = Shifts(repository, name, desk.lanes_for, subscriptions, seconds=SECONDS, tenure=self.tenure)
        self.duty = Duty(repository.events, name, lambda lease: self._notifier(on_duty, lease), on_duty)

    async def start(self) -> None:
        await self.shifts.start()
        await self.duty.start()

    async def stop(self) -> None:
        await self.duty.stop()
        await self.shifts.stop()

    async def stand_still(self) -> None:
        """Look at nothing any more, as a process that is paused; its lanes are there when it wakes up."""
        for task in self.shifts._tasks:
            task.cancel()
        await asyncio.gather(*self.shifts._tasks, return_exceptions=True)

    async def die(self) -> None:
        """Stop as a killed process does: nothing is left to anybody."""
        tasks = [*self.shifts._tasks, *([self.duty._task] if self.duty._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.shifts.lanes.stop()
        notifier = self.duty._notifier
        if notifier is not None:
            with suppress(Exception):
                await notifier.stop()

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        await asyncio.sleep(0)
        self._receiver.take(self.name, webhook_id, body)
        return Outcome("accepted", 204)

    def _notifier(self, tenure: Tenure, lease: Lease | None = None) -> Notifier:
        return Notifier(
            self.repository,
            self._topics,
            guarded({"rest-hook": self}, tenure),
            Ports(
                may_tell=lambda subscription, focus: True,
                secret_of=lambda client: "",
                disclosed=_nothing,
                clock=utc_now,
                random=lambda: 0.0,
            ),
            base_url="https://hub.example/fhir",
            terms=Terms(),
            events=self.repository.events.under(lease) if lease else None,
            lanes=self.shifts.lanes if lease else None,
        )


async def _nothing(subscription: Subscription, told: Sequence[Told]) -> None:
    """Nobody asks here who was told."""


async def subscribed(repository: Repository, number: int) -> list[str]:
    """So many subscriptions that have shaken hands; their ids."""
    resource: dict[str, Any] = {
        "resourceType": "Subscription",
        "meta": {"tag": [{"system": OWNER_SYSTEM, "code": "gp-system"}]},
        "status": "active",
        "reason": "letters",
        "criteria": DISCHARGE,
        "channel": {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"},
    }
    ids = [f"s{each}" for each in range(number)]
    await repository.commit(lambda turn: [turn.create(resource, id=id) for id in ids], cause="gp-system")
    for id in ids:
        await repository.events.save_cursor(Cursor(id, status="active"))
    return ids


async def discharged(repository: Repository, first: int, number: int) -> None:
    """So many discharges, each in a commit of its own."""
    encounter = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    for each in range(first, first + number):
        await repository.commit(partial(_create, encounter, f"e{each}"), cause="acute-epr")


def _create(resource: dict[str, Any], id: str, turn: Turn) -> Version:
    return turn.create(resource, id=id)
