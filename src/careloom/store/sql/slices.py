"""Large units of work, written beside the turns of others so that nobody waits for them.

A bundle of twenty thousand entries takes seconds to write. So its turn is not taken at once::

    reserve   a turn: a block of vids, with a row of ``tx`` that says they are not to be seen
    work      on a reader's snapshot, no turn: reads there, collects what it writes
    slices    one turn after another, others in between: versions, bodies, index rows, all of them unseen
    finish    a turn: has anybody changed what was read or is written? then heads are put, old versions closed,
              changes told, and the row of ``tx`` says that all is seen

Nothing is seen before the last turn, and everything after it; what a crash leaves is taken out at the next opening.
Where somebody has changed what the work has read, or where the work asks for what only a turn can do (a search, or
``once``), everything is taken out again and the work is done in a turn of its own, as if it were small.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

from careloom.search import Query
from careloom.store.ids import Sequence
from careloom.store.port import Turn, Version
from careloom.store.recording import Head
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection
from careloom.store.sql.names import UNKNOWN
from careloom.store.sql.removing import Remover
from careloom.store.sql.statements import load_statements
from careloom.store.sql.turn import Desk, SqlTurn, describe_types

T = TypeVar("T")

LARGE = 1_000
"""Versions from which a unit is written in slices."""

SLICE = 250
"""Versions in a slice: some tens of milliseconds."""

_SPARE = 64
"""Versions that a unit may write beyond those announced: its audit records."""

_SQL = load_statements("record.sql")


class MustTakeTurnError(Exception):
    """The work cannot be done beside the turns of others."""


class Block(Sequence):
    """The vids reserved for one unit."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = first - 1
        self.end = last

    def begin(self) -> None:
        """Nothing: its numbers are given."""

    def next(self) -> int:
        """The number for one more version."""
        if self.last >= self.end:
            raise MustTakeTurnError
        return super().next()


class AsideTurn(SqlTurn):
    """A turn that is none: it reads from a snapshot and keeps what it writes.

    Args:
        desk: The writer's, with the block as its sequence.
        cause: Who caused it.
        add_name: Gives a new text its number, in a turn, and waits for it.
    """

    most_waiting = SLICE
    is_aside = True
    _may_add_frames = False  # names are kept at once, and rows only in a slice to come

    def __init__(self, desk: Desk, cause: str, add_name: Callable[[str], int]) -> None:
        super().__init__(desk, cause)
        self._add_name = add_name
        self._added: dict[str, int] = {}  # which its snapshot never sees
        self.batches: list[Batch] = []
        self.touched: set[int] = set()

    def collect(self, connection: Connection, work: Callable[[Turn], T]) -> T:
        """Do the work on a reader's snapshot."""
        self.begin(connection)
        try:
            result = work(self)
            self._flush()
        finally:
            self.end()
        return result

    def search(self, query: Query) -> list[Version]:
        """As in the port, in a turn alone: what it finds might be another a moment later."""
        raise MustTakeTurnError

    def identified(self, type: str, identifiers: Collection[tuple[str, str]]) -> list[Version]:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def once(self, scope: str, key: str, until: Any) -> bool:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def _head(self, type: str, id: str) -> Head | None:
        self.touched.add(self._rid(type, id))
        return super()._head(type, id)

    def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        self.touched.add(self._rid(type, id))
        return super().read(type, id)

    def _flush(self) -> None:
        self.batches.append(self._batch)
        self._batch = Batch(self._tenancy.number, self._desk.dialect)

    def _are_names_kept(self) -> bool:
        return True

    def _find(self, text: str) -> int:
        return self._added.get(text) or self._tenancy.names.find(self._connection, text)

    def _number(self, text: str) -> int:
        found = self._find(text)
        if found == UNKNOWN:
            found = self._added[text] = self._add_name(text)
        return found


def reserve(connection: Connection, desk: Desk, size: int, cause: str) -> Block:
    """Keep vids for a unit, in a turn."""
    desk.sequence.begin()
    first = desk.sequence.last + 1
    block = Block(first, first + size + _SPARE - 1)
    desk.sequence.last = block.end
    key = {"tenant": desk.tenancy.number, "tx": first, "last": block.end, "state": UNSEEN, "cause": cause}
    connection.execute(_SQL["add_tx"], key)
    return block


def show(connection: Connection, desk: Desk, block: Block, turn: AsideTurn) -> None:
    """Make a unit seen, in a turn.

    Raises:
        MustTakeTurnError: Somebody has changed what it read or writes.
    """
    changed = connection.execute(_SQL["changed_since"], {"tenant": desk.tenancy.number, "vid": block.end}).fetchall()
    if not turn.touched.isdisjoint(rid for (rid,) in changed):
        raise MustTakeTurnError
    desk.sequence.begin()
    for batch in turn.batches:
        batch.write_heads(connection, desk.sequence.next)
    describe_types(connection, desk, turn.types)
    connection.execute(_SQL["show_tx"], {"tenant": desk.tenancy.number, "tx": block.first})


def take_out(connection: Connection, remover: Remover, first: int, last: int) -> bool:
    """Take out some of what an unseen unit has written, in a turn; whether there is more."""
    key = {"tenant": remover.tenancy.number, "first": first, "last": last, "limit": SLICE}
    vids = [vid for (vid,) in connection.execute(_SQL["versions_within"], key).fetchall()]
    remover.versions(vids)
    if len(vids) < SLICE:
        connection.execute(_SQL["drop_tx"], {"tenant": remover.tenancy.number, "tx": first})
    return len(vids) == SLICE


def clear_away(connection: Connection, remover: Remover, ranges: Iterable[tuple[int, int]]) -> None:
    """Take out what units wrote that a crash has ended."""
    for first, last in ranges:
        while take_out(connection, remover, first, last):
            pass


SEEN, UNSEEN = 0, 1
"""In the column ``tx.state``."""
