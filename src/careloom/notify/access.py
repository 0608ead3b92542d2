"""Who may be told, and the record of who was: the notifier's questions to governance.

A subscriber may be told of a resource if it might read it now, for the purpose it subscribed for: the same decision as
for a request, on a grant that stands for the subscription.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime

from careloom.governance import (
    NOTIFICATION,
    AccessRequest,
    AuditEntry,
    AuditSource,
    Decision,
    Grant,
    Registry,
    audit_form,
    decide,
    standing_grant,
)
from careloom.governance.audit import Outcome
from careloom.model import Resource
from careloom.model.instants import Clock
from careloom.notify.ledger import Unhurried, ledger_of
from careloom.notify.matcher import MayTell
from careloom.notify.notification import Told, notification_id
from careloom.notify.subscriptions import Subscription
from careloom.store import AuditForm, Repository

Registered = Callable[[], Registry]
"""The registry in force, read at each decision, so that a withdrawn agreement counts at once."""


def policy(registered: Registered, clock: Clock) -> MayTell:
    """The decision whether a subscription may be told of a resource.

    What is told to a hundred subscriptions of one client is one question, so the answers of a second are remembered,
    and forgotten as soon as another registry is in force.
    """
    answers: dict[tuple[str, str, str], bool] = {}
    registry: Registry | None = None
    second = datetime.min

    def may_tell(subscription: Subscription, focus: str) -> bool:
        nonlocal registry, second
        present, now = registered(), clock().replace(microsecond=0)
        if present is not registry or now != second:
            registry, second = present, now
            answers.clear()
        question = subscription.owner, subscription.purpose, focus
        answer = answers.get(question)
        if answer is None:
            answer = answers[question] = _decide(subscription, focus, present, clock)[1].permit
        return answer

    return may_tell


def disclosure(
    repository: Repository, registered: Registered, source: AuditSource, clock: Clock, new_id: Callable[[], str]
) -> Callable[[Subscription, Sequence[Told]], Awaitable[None]]:
    """The record of a delivery: AuditEvents that name subscriber, purpose, agreement and what it was told of.

    Patients are named in them, so that each can find who was told of them. What a subscriber might know when an event
    happened and may not know now has a record of its own, as denied.
    """
    patience = Unhurried()
    ledger = ledger_of(repository, patience)

    async def disclosed(subscription: Subscription, told: Sequence[Told]) -> None:
        registry = registered()
        open_ = [each for each in told if not each.silence]
        denied = [each for each in told if each.silence == "denied"]
        groups: tuple[tuple[Outcome, list[Told]], ...] = (("0", open_), ("8", denied))
        entries = [_entry(subscription, group, outcome, registry, clock) for outcome, group in groups if group]
        forms = [audit_form(each, source=source, registry=registry, id=new_id()) for each in entries]
        prepared = [repository.prepare(_put_under_patients(form, told), id=form.id) for form in forms]
        if prepared:
            if len(told) == 1:
                patience.hurry()
            await ledger.record(prepared)

    return disclosed


def _put_under_patients(form: AuditForm, told: Sequence[Told]) -> AuditForm | Resource:
    """In a record of several patients let what is told of each stand behind it, and what is nobody's before them.

    Each may read what was told of itself, and that alone.
    """
    own: dict[str, list[str]] = {"": []}
    for each in told:
        own.setdefault(each.event.patient, []).extend(_references(each))
    if len(own) == 1 or (len(own) == 2 and not own[""]):
        return form
    order = [name for patient, references in own.items() for name in dict.fromkeys((patient, *references))]
    event = form.written_out()
    entities = {entity["what"].get("reference", ""): entity for entity in event["entity"]}
    others = [entity for entity in event["entity"] if "reference" not in entity["what"]]
    return {**event, "entity": [*(entities[name] for name in order if name and name in entities), *others]}


def _references(told: Told) -> Iterator[str]:
    """What is told of by an event, as versions."""
    yield f"{told.event.focus}/_history/{told.event.version_id}"
    yield from (f"{each.reference}/_history/{each.version_id}" for each in told.context)


def _entry(
    subscription: Subscription, told: Sequence[Told], outcome: Outcome, registry: Registry, clock: Clock
) -> AuditEntry:
    first, last = told[0].event, told[-1].event
    grant, decision = _decide(subscription, first.focus, registry, clock)
    verb = "told by" if outcome == "0" else "not told any more by"
    return AuditEntry(
        interaction=NOTIFICATION,
        recorded=clock(),
        request_id=notification_id(subscription.id, "event-notification", first.number, last.number),
        outcome=outcome,
        description=f"{verb} Subscription/{subscription.id}: {decision.reason}",
        grant=grant,
        decision=decision,
        type=first.focus.partition("/")[0],
        resources=tuple(dict.fromkeys(reference for each in told for reference in _references(each))),
        patients=tuple(dict.fromkeys(each.event.patient for each in told if each.event.patient)),
    )


def _decide(subscription: Subscription, focus: str, registry: Registry, clock: Clock) -> tuple[Grant | None, Decision]:
    """Judge reading the focus, as the client that made the subscription, for the purpose it made it for."""
    type, _, id = focus.partition("/")
    client = registry.client(subscription.owner)
    if client is None:
        gone = f"client {subscription.owner!r}, which made the subscription, is not registered any more"
        return None, Decision(False, "no-agreement", gone)
    now = clock()
    grant = standing_grant(client, subscription.purpose, now)
    return grant, decide(AccessRequest("read", type, id), grant, registry, now)
