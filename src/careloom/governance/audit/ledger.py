"""Audit records that are no part of a write, written together.

Each must be durable before whoever left it goes on; so those that come together share a commit, see
`careloom.store.SharedTurns`.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Final

from careloom.store import Patience, Prepared, Repository, SharedTurns, Turn

_LIGHT: Final = 64
"""Records that are written in a moment."""


class Ledger:
    """Where records are left.

    Args:
        repository: The record.
        patience: How long a commit is put off.
        most: How many of those who wait share a commit.
    """

    def __init__(self, repository: Repository, patience: Patience, *, most: int) -> None:
        self._repository = repository
        self._turns = SharedTurns(self._write, most=most, patience=patience)

    async def record(self, events: Sequence[Prepared]) -> None:
        """Return when these AuditEvents are durable; they are written even if who waits for it is cancelled.

        Raises:
            UnavailableError: The record cannot be written.
            ConflictError: One by that id is recorded already.
        """
        await self._turns.written(events)

    async def _write(self, group: Sequence[Sequence[Prepared]]) -> Sequence[None]:
        events = list(chain.from_iterable(group))
        await self._repository.commit(partial(_enter, events=events), is_light=len(events) <= _LIGHT)
        return [None] * len(group)


def _enter(turn: Turn, events: Sequence[Prepared]) -> None:
    turn.expect((), new=(("AuditEvent", event.id) for event in events))
    for event in events:
        turn.audit(event)
