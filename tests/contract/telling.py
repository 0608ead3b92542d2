"""A notifier on whatever record a test has, and a receiver that may be closed."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.patience import PATIENCE
from tests.unit.notify import test_notifier
from tests.unit.notify.test_notifier import Post, Rules

from careloom.model.instants import Clock
from careloom.notify import Notifier, Terms, TopicRegistry
from careloom.notify.extensions import CONTENT
from careloom.notify.rest_hook import Channel, Outcome
from careloom.store import EventLog, Repository

FULL = {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]}
PAUSE = 0.02
"""Seconds after which a closed receiver wants to be asked again."""


class Gate(Post):
    """A receiver that shakes hands, and takes events once it is open.

    Attributes:
        is_open: Whether it takes events.
        refused: Notifications of events that came while it was closed.
        accepted: All that it took, by id, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.refused: list[bytes] = []
        self.accepted: list[tuple[str, bytes]] = []

    async def send(self, endpoint: str, body: bytes, **more: Any) -> Outcome:
        if b"notification-event" in body and not self.is_open:
            self.refused.append(body)
            return Outcome("retry", 503, "HTTP 503", retry_after=PAUSE)
        self.accepted.append((more["webhook_id"], body))
        return await super().send(endpoint, body, **more)


def channel(**changes: Any) -> dict[str, Any]:
    """A channel of a subscription that is told everything."""
    told = {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"}
    return told | {"_payload": FULL} | changes


async def delivered(repository: Repository, id: str, to: int) -> None:
    """Wait until the record says that a subscription was told up to a number."""
    async with asyncio.timeout(PATIENCE):
        while (await repository.events.cursor(id)).delivered_to < to:
            await asyncio.sleep(0.01)


def telling(
    repository: Repository,
    topics: TopicRegistry,
    receiver: Channel,
    rules: Rules,
    clock: Clock,
    *,
    terms: Terms | None = None,
    events: EventLog | None = None,
) -> AbstractAsyncContextManager[Notifier]:
    """A notifier while it runs, by a clock."""
    return test_notifier.telling(repository, topics, receiver, rules, terms, clock=clock, events=events)
