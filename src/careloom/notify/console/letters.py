"""Dead letters with what has become of them: an event that was put aside, and told once more since.

What says so is the replay that told it: one that was asked for after the event was put aside, and that has come past
its number. Should the receiver's side report afterwards that the event never arrived, it is put aside anew and open
again.
"""

from collections.abc import Sequence
from datetime import datetime

from careloom.model.records import dataclass
from careloom.store import DeadLetter, EventLog, Replay


@dataclass(frozen=True, slots=True)
class PutAside:
    """An event that its receiver refused whatever was tried.

    Attributes:
        subscription: Id of the Subscription.
        number: Of the event.
        reason: What the receiver said.
        recorded: When it was put aside, in UTC.
        replay: Id of the replay by which it was told after all; empty while nobody has accepted it.
        replayed: When that was asked for, in UTC; None while nobody has accepted it.
        endpoint: Where it was told; empty for that of the subscription.
    """

    subscription: str
    number: int
    reason: str
    recorded: datetime
    replay: str = ""
    replayed: datetime | None = None
    endpoint: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody has accepted it so far."""
        return not self.replay


async def put_aside(subscription: str, log: EventLog) -> list[PutAside]:
    """What was put aside of a subscription: what is open first, each by number."""
    letters = await log.dead_letters(subscription)
    replays = await log.replays(subscription) if letters else []
    return sorted((_judged(letter, replays) for letter in letters), key=lambda each: (not each.is_open, each.number))


def _judged(letter: DeadLetter, replays: Sequence[Replay]) -> PutAside:
    told = next((each for each in reversed(replays) if _has_told(each, letter)), None)
    return PutAside(
        letter.subscription,
        letter.number,
        letter.reason,
        letter.recorded,
        told.id if told else "",
        told.recorded if told else None,
        told.endpoint if told else "",
    )


def _has_told(replay: Replay, letter: DeadLetter) -> bool:
    return replay.first <= letter.number <= replay.delivered_to and replay.recorded >= letter.recorded
