"""Large units of work, written beside the turns of others so that nobody waits for them.

A bundle of twenty thousand entries takes seconds to write. So its turn is not taken at once::

    reserve   a turn: a block of vids, with a row of ``tx`` that says they are not to be seen
    work      on a reader's snapshot, no turn: reads there, collects what it writes
    slices    versions, bodies, index rows, all of them unseen: beside the turns where the database lets others
              write meanwhile, else one turn after another, others in between; such a slice ends early when somebody
              waits for his turn
    finish    a turn: has anybody changed what was read or is written? then heads are put, old versions closed,
              changes told, and the row of ``tx`` says that all is seen

Nothing is seen before the last turn, and everything after it; what a crash leaves is taken out at the next opening.
Where somebody has changed what the work has read, or where the work asks for what only a turn can do (a search, or
``once``), everything is taken out again and the work is done in a turn of its own, as if it were small.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from careloom.model.room import ROOM
from careloom.search import Query
from careloom.store.ids import Sequence
from careloom.store.port import Turn
from careloom.store.recording import Head
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection
from careloom.store.sql.names import UNKNOWN
from careloom.store.sql.removing import Remover
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tables import POSTINGS, Row
from careloom.store.sql.turn import Desk, SqlTurn, describe_types
from careloom.store.versions import Version

T = TypeVar("T")

LARGE = 1_000
"""Versions from which a unit is written in slices."""

Part = list[tuple[str, list[Row]]]
"""Tables, and rows for each, that are written without a look at who waits: a millisecond or a few."""

TOGETHER = 250
"""Versions whose rows are put in the order of their keys together."""

_VERSIONS_TO_ROWS = 10
"""One version, with its body and its words, takes about as long to write as so many index rows."""

TAKEN_OUT = 50
"""Versions that are taken out in a turn."""

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

    most_waiting = TOGETHER
    is_aside = True
    _may_add_frames = False  # names are kept at once, and rows only in a slice to come

    def __init__(self, desk: Desk, cause: str, add_name: Callable[[str], int]) -> None:
        super().__init__(desk, cause)
        self._add_name = add_name
        self._added: dict[str, int] = {}  # which its snapshot never sees
        self.batches: list[Batch] = []  # with what is written when all is shown
        self._content: list[dict[str, list[Row]]] = []
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

    def parts(self) -> Iterator[Part]:
        """What it has collected, in parts for slices; can be had once."""
        content, self._content = self._content, []
        return _parts(content, self._desk.dialect.rows_in_part)

    def search(self, query: Query) -> list[Version]:
        """As in the port, in a turn alone: what it finds might be another a moment later."""
        raise MustTakeTurnError

    def identified(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> list[Version]:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def once(self, scope: str, key: str, until: Any) -> bool:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """As in the port, in a turn alone."""
        raise MustTakeTurnError

    def remember(self, scope: str, keys: Collection[str], until: Any) -> None:
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
        self._content.append(dict(ROOM.between(self._batch.content())))
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


def _parts(content: list[dict[str, list[Row]]], most: int) -> Iterator[Part]:
    """The rows of all versions, cut up by so many index rows.

    Who takes a version out again goes by its body, and index rows that are not there yet do him no harm; but words must
    be there then, since some databases are told what to forget and believe it. So a version, its body and its words are
    in one part, which is written as a whole or not at all, and the rest comes behind it: table by table, in the order
    of its keys. Neighbours lie on one page of the database, which is then written once and not for each of them.
    """
    at_once = max(most // _VERSIONS_TO_ROWS, 1)
    for some in content:
        yield from _versions(some, at_once)
    for table in POSTINGS:
        rows = heapq.merge(*(_given_up(some.pop(table)) for some in content if table in some))
        while part := list(islice(rows, most)):
            yield [(table, part)]


def _versions(content: dict[str, list[Row]], most: int) -> Iterator[Part]:
    """Some versions with their bodies and words, cut up by so many versions."""
    versions = content.pop("version", [])
    beside = {table: {row[0]: row for row in content.pop(table, ())} for table in ("body", "fts")}  # by vid
    for start in range(0, len(versions), most):
        some = versions[start : start + most]
        of_these = ((table, [rows[vid] for _, vid, *_ in some if vid in rows]) for table, rows in beside.items())
        yield [("version", some), *of_these]


def _given_up(rows: list[Row]) -> Iterator[Row]:
    """The rows, none of which is kept: to let go of all in one go would hold up everybody."""
    rows.reverse()
    while rows:
        yield rows.pop()


def reserve(connection: Connection, desk: Desk, size: int, cause: str) -> Block:
    """Keep vids for a unit, in a turn."""
    desk.sequence.begin()
    first = desk.sequence.last + 1
    block = Block(first, first + size + _SPARE - 1)
    desk.sequence.last = block.end
    key = {"tenant": desk.tenancy.number, "tx": first, "last": block.end, "state": UNSEEN, "cause": cause}
    connection.execute(_SQL["add_tx"], key)
    return block


def hold(connection: Connection, desk: Desk, block: Block) -> None:
    """Have nobody else go on with a unit, or take it out, before the transaction ends.

    Raises:
        MustTakeTurnError: This process stood still for so long that another takes it out.
    """
    key = {"tenant": desk.tenancy.number, "tx": block.first}
    if connection.execute(_SQL["unseen_unit"] + desk.dialect.held, key).fetchone() is None:
        raise MustTakeTurnError


def show(connection: Connection, desk: Desk, block: Block, turn: AsideTurn) -> None:
    """Make a unit seen, in a turn.

    Raises:
        MustTakeTurnError: Somebody has changed what it read or writes, or has taken it out.
    """
    hold(connection, desk, block)
    changed = connection.execute(_SQL["changed_since"], {"tenant": desk.tenancy.number, "vid": block.end}).fetchall()
    if not turn.touched.isdisjoint(rid for (rid,) in changed):
        raise MustTakeTurnError
    desk.sequence.begin()
    for batch in turn.batches:
        batch.write_heads(connection, desk.sequence.next)
    describe_types(connection, desk, turn.types)
    connection.execute(_SQL["show_tx"], {"tenant": desk.tenancy.number, "tx": block.first})


def take_out(connection: Connection, remover: Remover, first: int, last: int) -> bool:
    """Take out some of what a unit has written, in a turn, unless it was shown after all; whether there is more."""
    unit = {"tenant": remover.tenancy.number, "tx": first}
    if not connection.execute(_SQL["give_up_tx"], unit).rowcount:
        return False
    key = {"tenant": remover.tenancy.number, "first": first, "last": last, "limit": TAKEN_OUT}
    vids = [vid for (vid,) in connection.execute(_SQL["versions_within"], key).fetchall()]
    remover.versions(vids)
    if len(vids) < TAKEN_OUT:
        connection.execute(_SQL["drop_tx"], unit)
    return len(vids) == TAKEN_OUT


def clear_away(connection: Connection, remover: Remover, ranges: Iterable[tuple[int, int]]) -> None:
    """Take out what units wrote that a crash has ended."""
    for first, last in ranges:
        while take_out(connection, remover, first, last):
            pass


SEEN, UNSEEN, GIVEN_UP = 0, 1, 2
"""In the column ``tx.state``: also of a unit that is given up nothing is seen, and it is taken out."""
