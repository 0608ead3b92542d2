"""Leases: the right to do what only one of the processes that share a record may do at a time.

A lease is taken for some seconds and prolonged before they are over; one that is not may be taken by another, under a
greater fence. Who acts under a lease names its fence, so that one who was paused and has lost it changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from careloom.model.errors import ConflictError
from careloom.model.records import dataclass


class LeaseLostError(ConflictError):
    """Somebody else holds the lease by now: what was to be written under it was not written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do what only one process at a time may do, such as sending notifications.

    Attributes:
        name: What it is about.
        holder: Who has it.
        fence: Grows each time it changes hands: whoever acts under a smaller one than the last seen has lost it.
        until: When it ends unless it is taken again before, in UTC, by the clock of the store.
    """

    name: str
    holder: str
    fence: int
    until: datetime


class Leases(Protocol):
    """Who has which; each call is one durable commit.

    Methods raise UnavailableError when the disk or database does not answer: nothing has then changed.
    """

    async def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take a lease, or prolong one's own; None while another holds it.

        Time is that of the store, the same for all processes that share it.
        """
        ...

    async def take_leases(self, names: Sequence[str], holder: str, seconds: float) -> list[Lease]:
        """Take or prolong several in one commit; those that nobody else holds."""
        ...

    async def lease_holders(self, prefix: str) -> list[str]:
        """Who holds a lease now whose name begins so, each once; those long over are forgotten."""
        ...

    async def leave_lease(self, lease: Lease) -> None:
        """Let others take it at once; nothing happens where it is lost already."""
        ...
