"""What notify keeps: events numbered per subscription, cursors, attempts, and how far the change log is matched.

The matcher reads the change log in order and records, in one commit, its new position and the events that follow from
it. Each subscription numbers its events 1, 2, 3 … without a gap. A lane writes the range it is about to send to its
cursor before it sends, so that after a crash the same range goes out again under the same name.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from careloom.model.records import dataclass
from careloom.store.leases import Lease, Leases

LaneStatus = Literal["requested", "active", "error", "off"]
ReplayStatus = Literal["open", "done", "failed"]


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
        patient: ``Patient/id`` of whom it tells; empty where that is nobody, or not said in the focus.
        interaction: What happened to the focus: ``create``, ``update`` or ``delete``.
    """

    subscription: str
    sequence: int
    topic: str
    focus: str
    version_id: str
    recorded: datetime
    patient: str = ""
    interaction: str = "update"


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
    patient: str = ""
    interaction: str = "update"


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
class DeadLetter:
    """An event that its receiver refuses whatever is tried, put aside so that those behind it can pass.

    Attributes:
        subscription: Id of the Subscription.
        number: Of the event.
        reason: What the receiver said.
        recorded: When it was put aside, in UTC.
    """

    subscription: str
    number: int
    reason: str
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    """A range of events that somebody wants to be told once more.

    Attributes:
        id: Of the replay.
        subscription: Id of the Subscription.
        first: Number of the first event, included.
        last: Number of the last event, included.
        endpoint: Where to send; empty for that of the subscription.
        requested_by: Id of the client that asked.
        recorded: When it was asked for, in UTC.
        delivered_to: Number of the last event that was accepted; before the first, one less than ``first``.
        status: ``open`` until all is told or it is given up.
        error: Why it was given up, or why the last try failed; empty while all is well.
    """

    id: str
    subscription: str
    first: int
    last: int
    endpoint: str
    requested_by: str
    recorded: datetime
    delivered_to: int
    status: ReplayStatus = "open"
    error: str = ""


@dataclass(frozen=True, slots=True)
class LaneStart:
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
    lanes: tuple[LaneStart, ...]


class EventLog(Leases, Protocol):
    """The persistence of notify, and the leases of those who write it; each writing call is one durable commit.

    Methods raise UnavailableError when the disk or database does not answer: nothing of that call is then recorded.
    """

    def under(self, lease: Lease) -> "EventLog":
        """The same log for the holder of a lease: each write raises LeaseLostError once another has taken it over.

        The lease is looked at in the commit of the write itself, so one who was paused between a look and a write
        cannot undo what its successor has written meanwhile.
        """
        ...

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

    async def newest_after(self, sequence: int) -> tuple[int, dict[str, int]]:
        """What was numbered of changes with a greater sequence.

        Returns:
            The greatest sequence that was matched with it, or the one given; and by subscription the number of the
            newest event.
        """
        ...

    async def first_number(self, subscription: str) -> int:
        """Number of the oldest event that is still held; 0 before the first."""
        ...

    async def prune(self, subscription: str, before: datetime, most: int) -> int:
        """Let go of events, with their dead letters, and of tries that are older than an instant.

        The newest event always stays, since the numbers go on from it.

        Args:
            subscription: Id of the Subscription.
            before: Events and tries recorded earlier go.
            most: How many events stay at most, the newest; at least 1.

        Returns:
            How many events went.
        """
        ...

    async def prune_replays(self, before: datetime) -> None:
        """Let go of replays of all subscriptions that are over and were asked for before an instant.

        One stays that has told an event which is held as put aside, since it says of that event that it was told.
        """
        ...

    async def cursor(self, subscription: str) -> Cursor:
        """The cursor as last saved; a fresh one if it never was."""
        ...

    async def save_cursor(self, cursor: Cursor) -> None:
        """Record where a subscription stands."""
        ...

    async def record_attempt(
        self, attempt: Attempt, cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """Record a single try, otherwise as `record_attempts`."""
        ...

    async def record_attempts(
        self, attempts: Sequence[Attempt], cursor: Cursor | None = None, dead: Sequence[DeadLetter] = ()
    ) -> None:
        """Record tries at delivering, where they leave the subscription, and what is put aside, in one commit."""
        ...

    async def dead_letters(self, subscription: str, first: int = 1, last: int = 2**62) -> list[DeadLetter]:
        """What was put aside, with numbers in a range, by number."""
        ...

    async def save_replay(self, replay: Replay) -> None:
        """Record a replay that is asked for, or how far it is."""
        ...

    async def open_replays(self) -> list[Replay]:
        """Those that are not over, the oldest first."""
        ...

    async def replays(self, subscription: str) -> list[Replay]:
        """All of a subscription, the oldest first."""
        ...

    async def attempts(self, subscription: str, limit: int) -> list[Attempt]:
        """The latest tries, newest first."""
        ...
