"""What notify keeps: events numbered per subscription, cursors, attempts, and how far the change log is matched.

The matcher reads the change log in order and records, in one commit, its new position and the events that follow from
it. Each subscription numbers its events 1, 2, 3 … without a gap. A lane writes the range it is about to send to its
cursor before it sends, so that after a crash the same range goes out again under the same name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

LaneStatus = Literal["requested", "active", "error", "off"]


@dataclass(frozen=True, slots=True)
class Match:
    """A change that a subscription is to be told of; not numbered yet.

    Attributes:
        subscription: Id of the Subscription.
        sequence: That of the change.
        topic: Canonical URL of the topic.
        focus: ``Type/id`` of the resource that changed.
        version_id: The version that matched.
        recorded: When that version was recorded, in UTC.
    """

    subscription: str
    sequence: int
    topic: str
    focus: str
    version_id: str
    recorded: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionEvent:
    """A match with its number in the subscription; the other attributes are those of `Match`."""

    subscription: str
    number: int
    sequence: int
    topic: str
    focus: str
    version_id: str
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a subscription is served, and what its lane is at.

    Attributes:
        subscription: Id of the Subscription.
        delivered_to: Number of the last event that the subscriber has accepted; 0 before the first.
        inflight_from: First event of the range being sent; 0 when nothing is.
        inflight_to: Last event of that range.
        attempt: How often that range was tried.
        next_at: When to try again, in UTC; None for at once.
        status: As Subscription.status.
        failing_since: When the present row of failures began; None while all is well.
        last_sent: When the subscriber last accepted anything; for heartbeats.
        error: Why the last attempt failed; empty while all is well.
    """

    subscription: str
    delivered_to: int = 0
    inflight_from: int = 0
    inflight_to: int = 0
    attempt: int = 0
    next_at: datetime | None = None
    status: LaneStatus = "requested"
    failing_since: datetime | None = None
    last_sent: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at delivering a range of events.

    Attributes:
        subscription: Id of the Subscription.
        first: Number of the first event in the range; 0 for a handshake or heartbeat, which carry none.
        last: Number of the last event in the range.
        attempt: The how-manieth try of that range, from 1.
        started: When, in UTC.
        milliseconds: How long it took.
        outcome: ``accepted``, ``refused``, ``retry`` or ``gone``.
        code: HTTP status; 0 when there was no answer.
        body_hash: SHA-256 of the bytes sent, in hexadecimal.
        detail: What went wrong, for people; empty when nothing did.
    """

    subscription: str
    first: int
    last: int
    attempt: int
    started: datetime
    milliseconds: int
    outcome: str
    code: int
    body_hash: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """A subscription's cursor with the number of its newest event; events between are still to be delivered."""

    cursor: Cursor
    last_number: int

    @property
    def pending(self) -> int:
        """How many events are still to be delivered."""
        return self.last_number - self.cursor.delivered_to


@dataclass(frozen=True, slots=True)
class Recovery:
    """Everything a restarted notify starts from, as of one moment.

    Attributes:
        matched_to: Sequence up to which the change log is matched.
        lanes: One for each subscription that has a cursor or an event, by id.
    """

    matched_to: int
    lanes: tuple[Lane, ...]


class EventLog(Protocol):
    """The persistence of notify; each writing call is one durable commit.

    Methods raise UnavailableError when the disk or database does not answer: nothing of that call is then recorded.
    """

    async def recover(self) -> Recovery:
        """Position, cursors and pending ranges, read in one snapshot."""
        ...

    async def matched_to(self) -> int:
        """Sequence of the last change that was matched; 0 before the first."""
        ...

    async def record_matches(self, matched_to: int, matches: Sequence[Match]) -> list[SubscriptionEvent]:
        """Record the matcher's position and number the events, in one commit.

        A match already recorded for the same subscription and sequence is passed over, and the position never goes
        back, so doing it again after a crash changes nothing.

        Returns:
            The events that are new, in the order given.
        """
        ...

    async def pending(self, subscription: str, limit: int) -> list[SubscriptionEvent]:
        """Events after the cursor's ``delivered_to``, in order."""
        ...

    async def events(self, subscription: str, first: int, last: int) -> list[SubscriptionEvent]:
        """Events with numbers in a range, both ends included, in order."""
        ...

    async def last_number(self, subscription: str) -> int:
        """Number of the newest event; 0 before the first."""
        ...

    async def cursor(self, subscription: str) -> Cursor:
        """The cursor as last saved; a fresh one if it never was."""
        ...

    async def all_cursors(self) -> list[Cursor]:
        """Every cursor ever saved, by subscription id."""
        ...

    async def save_cursor(self, cursor: Cursor) -> None:
        """Record where a subscription stands."""
        ...

    async def record_attempt(self, attempt: Attempt, cursor: Cursor | None = None) -> None:
        """Record a try at delivering, and where it leaves the subscription, in one commit."""
        ...

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """The latest tries, newest first."""
        ...
