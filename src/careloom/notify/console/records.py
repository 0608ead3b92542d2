"""The view as frozen records: the same for pages, for the operation, and for the command line.

Nothing in them names a patient unless the viewer may know: filters and addresses are cut for those whose they are not
(`careloom.notify.console.veil`), and events go by their numbers.
"""

from datetime import datetime
from typing import Final

from careloom.model.records import dataclass
from careloom.notify.console.letters import PutAside
from careloom.notify.recent import Point
from careloom.store import Replay

OVERSIGHT: Final = "HSYSADMIN"
"""Purpose of use for which somebody oversees the subscriptions of all: health system administration."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """How far a subscription is served.

    Attributes:
        last_number: Number of its newest event.
        delivered_to: Number of the last one that was accepted.
        waiting: How many are still to be delivered.
        inflight_from: First event of the range that is being sent; 0 when none is.
        inflight_to: Last event of that range.
        attempt: How often that range was tried.
        next_at: When it is tried again, in UTC; None for at once.
        failing_since: Since when every try has failed, in UTC; None while all is well.
        last_sent: When the receiver last accepted anything, in UTC.
        error: Why the last try failed; empty while all is well.
        put_aside: How many events are put aside as dead letters, and were not told since.
    """

    last_number: int = 0
    delivered_to: int = 0
    waiting: int = 0
    inflight_from: int = 0
    inflight_to: int = 0
    attempt: int = 0
    next_at: datetime | None = None
    failing_since: datetime | None = None
    last_sent: datetime | None = None
    error: str = ""
    put_aside: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription, whose it is, and how it stands.

    Attributes:
        id: Logical id.
        status: As Subscription.status; what cannot be read is ``unreadable``, with the reason in ``problem``.
        topic: Canonical URL.
        title: The topic's, for people.
        owner: Id of the client whose it is.
        owner_name: The client, or its organisation, as people call it.
        is_own: Whether it is the viewer's.
        purpose: Purpose of use that it was made for.
        channel: Kind of channel.
        endpoint: Where it is told; cut for those whose it is not.
        content: How much a notification says.
        order: What is kept in order: the ``subscription``, or each ``patient``.
        filters: As they were written; cut for those whose they are not.
        max_count: How many events go in one notification.
        heartbeat: Seconds of silence before one; None for none.
        end: When it ends of itself.
        lane: How far it is served.
        problem: Why it cannot be served; empty where it can.
    """

    id: str
    status: str
    topic: str = ""
    title: str = ""
    owner: str = ""
    owner_name: str = ""
    is_own: bool = False
    purpose: str = ""
    channel: str = ""
    endpoint: str = ""
    content: str = ""
    order: str = ""
    filters: tuple[str, ...] = ()
    max_count: int = 1
    heartbeat: int | None = None
    end: datetime | None = None
    lane: LaneState = LaneState()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many subscriptions there are in each state, of those the viewer may see."""

    active: int = 0
    requested: int = 0
    error: int = 0
    off: int = 0

    @property
    def all(self) -> int:
        """How many there are."""
        return self.active + self.requested + self.error + self.off


@dataclass(frozen=True, slots=True)
class Overview:
    """All subscriptions that a viewer may see, a page at a time.

    Attributes:
        totals: How many there are.
        oversees: Whether the viewer sees those of others.
        is_notifying: Whether this process notifies at present.
        is_shared: Whether others may share the work, so that the figures are a part of it.
        last_minute: What was told in the last minute by this process; None for who may not see that.
        ten_minutes: The same of the last ten minutes.
        standings: Those of this page, the newest first.
        next: Token of the page that follows; empty on the last.
    """

    totals: Totals
    oversees: bool = False
    is_notifying: bool = False
    is_shared: bool = False
    last_minute: Point | None = None
    ten_minutes: Point | None = None
    standings: tuple[Standing, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """One try at sending a notification.

    Attributes:
        first: Number of its first event; 0 for a handshake or heartbeat.
        last: Number of its last event.
        attempt: The how-manieth try of that range.
        started: When, in UTC.
        milliseconds: How long it took.
        outcome: ``accepted``, ``retry``, ``rejected``, ``refused`` or ``gone``.
        code: HTTP status; 0 without an answer.
        detail: What went wrong; empty when nothing did.
        since_commit: Seconds from the commit of its first event to acceptance; None where it was not accepted, has no
            event, or tells what had been told before.
    """

    first: int
    last: int
    attempt: int
    started: datetime
    milliseconds: int
    outcome: str
    code: int
    detail: str = ""
    since_commit: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.outcome == "accepted"


@dataclass(frozen=True, slots=True)
class Detail:
    """One subscription with all that is known of its delivery.

    Attributes:
        standing: How it stands.
        may_replay: Whether the viewer may have events told once more.
        oldest: Number of the oldest event that is held; 0 before the first.
        tries: The latest, newest first.
        dead_letters: What was put aside; what is open first, each by number.
        replays: What was told once more, the newest first.
    """

    standing: Standing
    may_replay: bool = False
    oldest: int = 0
    tries: tuple[Try, ...] = ()
    dead_letters: tuple[PutAside, ...] = ()
    replays: tuple[Replay, ...] = ()
