"""One try: a notification is written, sent, and what became of it put into words for the log."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final

from careloom.model import serialize_json
from careloom.model.instants import Clock
from careloom.model.records import dataclass, replace
from careloom.notify.desk import Desk
from careloom.notify.notification import Told, event_notification
from careloom.notify.rest_hook import Channel, Outcome
from careloom.notify.stencil import Stencil
from careloom.notify.subscriptions import Subscription
from careloom.store import Attempt

USUAL_SECONDS: Final = 20
"""How long a try may take where the subscription does not say."""

MOST_BYTES: Final = 8 * 1024 * 1024
"""What one notification may hold; a range that is more is taken apart, and a single event told without content."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a try.

    Attributes:
        outcome: As the channel says.
        attempt: The same for the log.
    """

    outcome: Outcome
    attempt: Attempt


class Courier:
    """Sends notifications of one subscription by its channel."""

    def __init__(self, subscription: Subscription, channel: Channel, desk: Desk, clock: Clock) -> None:
        self._subscription = subscription
        self._channel = channel
        self._desk = desk
        self._clock = clock
        self._headers = (*subscription.headers, ("Content-Type", subscription.payload))
        self._stencils: dict[str, Stencil] = {}

    def written(self, told: Sequence[Told], purpose: str = "") -> tuple[str, bytes]:
        """The notification of events: its id, and what goes out."""
        if not purpose and Stencil.fits(self._subscription, told):
            return self._stencil(told[0].event.topic).written(told)
        bundle = event_notification(self._desk.base_url, self._subscription, told, purpose)
        body = serialize_json(bundle)
        if len(body) > MOST_BYTES and len(told) == 1:
            bare = [replace(told[0], is_too_large=True)]
            body = serialize_json(event_notification(self._desk.base_url, self._subscription, bare, purpose))
        return bundle["id"], body

    def _stencil(self, topic: str) -> Stencil:
        """That of a topic; a subscription has one, and after a change of mind events of another may be left."""
        if topic not in self._stencils:
            self._stencils[topic] = Stencil(self._desk.base_url, self._subscription, topic)
        return self._stencils[topic]

    async def send(self, id: str, body: bytes, *, first: int, last: int, number: int, endpoint: str = "") -> Sent:
        """Try once.

        Args:
            id: Of the notification.
            body: What goes out.
            first: Number of its first event; 0 where it has none.
            last: Number of its last event.
            number: The how-manieth try it is, from 1.
            endpoint: Where to send, where that is not the endpoint of the subscription.
        """
        started = self._clock()
        outcome = await self._outcome(id, body, endpoint or self._subscription.endpoint)
        milliseconds = round((self._clock() - started).total_seconds() * 1000)
        attempt = Attempt(
            subscription=self._subscription.id,
            first=first,
            last=last,
            attempt=number,
            started=started,
            milliseconds=max(0, milliseconds),
            outcome=outcome.kind,
            code=outcome.code,
            body_hash=hashlib.sha256(body).hexdigest(),
            detail=outcome.detail,
        )
        self._desk.tried(self._subscription, attempt)
        return Sent(outcome, attempt)

    async def _outcome(self, id: str, body: bytes, endpoint: str) -> Outcome:
        seconds = self._subscription.delivering.timeout or USUAL_SECONDS
        try:
            async with asyncio.timeout(seconds):
                return await self._channel.send(
                    endpoint,
                    body,
                    webhook_id=id,
                    secret=self._desk.secret_of(self._subscription),
                    headers=self._headers,
                )
        except TimeoutError:
            return Outcome("retry", detail=f"no answer within {seconds} s")
