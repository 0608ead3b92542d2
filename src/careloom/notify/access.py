"""Who may be told, and the record of who was: the notifier's questions to governance.

A subscriber may be told of a resource if it might read it now, for the purpose it subscribed for: the same decision as
for a request, on a grant that stands for the subscription.
"""

from collections.abc import Awaitable, Callable, Sequence

from careloom.governance import (
    NOTIFICATION,
    AccessRequest,
    AuditEntry,
    AuditSource,
    Decision,
    Grant,
    Registry,
    audit_event,
    decide,
    standing_grant,
)
from careloom.model.instants import Clock
from careloom.notify.matcher import MayTell
from careloom.notify.notification import notification_id
from careloom.notify.subscriptions import Subscription
from careloom.store import Repository, SubscriptionEvent, Turn

Registered = Callable[[], Registry]
"""The registry in force, read at each decision, so that a withdrawn agreement counts at once."""


def policy(registered: Registered, clock: Clock) -> MayTell:
    """The decision whether a subscription may be told of a resource."""

    def may_tell(subscription: Subscription, focus: str) -> bool:
        return _decide(subscription, focus, registered(), clock)[1].permit

    return may_tell


def disclosure(
    repository: Repository, registered: Registered, source: AuditSource, clock: Clock, new_id: Callable[[], str]
) -> Callable[[Subscription, Sequence[SubscriptionEvent]], Awaitable[None]]:
    """The record of a delivery: one AuditEvent, naming subscriber, purpose, agreement and what it was told of."""

    async def disclosed(subscription: Subscription, events: Sequence[SubscriptionEvent]) -> None:
        registry = registered()
        grant, decision = _decide(subscription, events[0].focus, registry, clock)
        entry = AuditEntry(
            interaction=NOTIFICATION,
            recorded=clock(),
            request_id=notification_id(subscription.id, "event-notification", events[0].number, events[-1].number),
            description=f"told by Subscription/{subscription.id}: {decision.reason}",
            grant=grant,
            decision=decision,
            type=events[0].focus.partition("/")[0],
            resources=tuple(f"{event.focus}/_history/{event.version_id}" for event in events),
        )
        event = audit_event(entry, source=source, registry=registry, id=new_id())

        def work(turn: Turn) -> None:
            turn.audit(event)

        await repository.commit(work)

    return disclosed


def _decide(subscription: Subscription, focus: str, registry: Registry, clock: Clock) -> tuple[Grant | None, Decision]:
    """Judge reading the focus, as the client that made the subscription, for the purpose it made it for."""
    type, _, id = focus.partition("/")
    client = registry.client(subscription.owner)
    if client is None:
        gone = f"client {subscription.owner!r}, which made the subscription, is not registered any more"
        return None, Decision(False, "no-agreement", gone)
    grant = standing_grant(client, subscription.purpose, clock())
    return grant, decide(AccessRequest("read", type, id), grant, registry, clock())
