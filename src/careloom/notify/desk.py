"""What lanes and replays ask of the notifier they belong to."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from careloom.notify.notification import Told
from careloom.notify.subscriptions import Status, Subscription
from careloom.notify.topics import Content
from careloom.store import Attempt, SubscriptionEvent


class Desk(Protocol):
    """The notifier, as far as those who deliver need it."""

    @property
    def base_url(self) -> str:
        """Of the hub."""
        ...

    def secret_of(self, subscription: Subscription) -> str:
        """Secret that notifications of this subscription are signed with."""
        ...

    async def told(
        self,
        subscription: Subscription,
        events: Sequence[SubscriptionEvent],
        content: Content,
        *,
        dead: Collection[int] = (),
    ) -> list[Told]:
        """What may be said of events now.

        Args:
            subscription: Whose they are.
            events: In order.
            content: How much is asked for.
            dead: Numbers of those that were put aside and are not said again.
        """
        ...

    async def set_status(
        self, subscription: Subscription, version_id: str, status: Status, error: str = ""
    ) -> str | None:
        """Write the state of the subscription to its resource, and give the version that says so.

        None where the resource has another version by now: what was found out is of no matter to that one.
        """
        ...

    def abreast(self, subscription: Subscription, endpoint: str) -> AbstractAsyncContextManager[object]:
        """A place among the tries that run at a time for an owner, and to a host."""
        ...

    async def delivered(self, subscription: Subscription, told: Sequence[Told], *, again: bool = False) -> None:
        """Put on record who was told what, and of what they were not told; ``again`` where it is by a replay."""
        ...

    def tried(self, subscription: Subscription, attempt: Attempt) -> None:
        """Count a try, whatever became of it."""
        ...
