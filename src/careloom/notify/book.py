"""The book of a lane: what was sent goes on record, in its order, before anything else is sent.

An entry that cannot be recorded is owed, and a lane that begins anew pays what it owes before it sends: a hub that
sent the same again instead, because it could not note that it was accepted, would do so for as long as its disk is
full.
"""

from collections import deque
from collections.abc import Sequence

from careloom.model.records import dataclass, replace
from careloom.notify.desk import Desk
from careloom.notify.notification import Told
from careloom.notify.subscriptions import Subscription
from careloom.store import Attempt, Cursor, DeadLetter, EventLog


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded of something that was sent.

    Attributes:
        tries: All of them, in their order.
        cursor: Where they leave the subscription; None where that is as it was.
        told: What was accepted; who was told goes on record before the cursor moves.
        dead: What is put aside.
    """

    tries: Sequence[Attempt]
    cursor: Cursor | None = None
    told: Sequence[Told] = ()
    dead: Sequence[DeadLetter] = ()


class Book:
    """Keeps what is to be recorded until it is.

    Args:
        subscription: Whose it is.
        log: Where tries and cursors are kept.
        desk: Puts on record who was told.
    """

    def __init__(self, subscription: Subscription, log: EventLog, desk: Desk) -> None:
        self._subscription = subscription
        self._log = log
        self._desk = desk
        self._owed: deque[Entry] = deque()

    def owe(self, entry: Entry) -> None:
        """Take in what is to be recorded behind all that is owed already."""
        self._owed.append(entry)

    async def pay(self) -> None:
        """Record all that is owed now, and not what is owed meanwhile; one at a time may.

        Raises:
            CareloomError: It cannot be recorded, and is owed as before.
            LeaseLostError: Another process has the lane.
        """
        for _ in range(len(self._owed)):
            entry = self._owed[0]
            if entry.told:
                await self._desk.delivered(self._subscription, entry.told)
                entry = self._owed[0] = replace(entry, told=())
            if entry.tries:
                await self._log.record_attempts(entry.tries, entry.cursor, entry.dead)
            self._owed.popleft()
