"""One outline of audit records: how it is learned from a stand-in, and how a record is filled into it.

See `careloom.store.sql.outlines`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import orjson

from careloom.model.records import dataclass
from careloom.search.dates import date_interval
from careloom.store.hashing import Hash
from careloom.store.sql.blanks import SOME_INSTANT, Blank, Outlined
from careloom.store.sql.shares import Found
from careloom.store.sql.tables import Row

_Slot = tuple[tuple[str, ...], int, bool, tuple[str, ...]]
"""What is hashed: the parts before that of a blank, which blank, whether its address alone, and the parts behind."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is found of a stand-in, with its blanks open.

    Attributes:
        found: What is the same for all.
        slots: What is hashed of the blanks.
        open_rows: By table, rows that begin with such a hash: which of them, and the columns behind it.
        dates: Number of the parameter and microseconds that it takes, of the rows of the instant.
        pieces: The body between the blanks.
        order: The blanks as the body has them, the instant being the first.
    """

    found: Found
    slots: tuple[_Slot, ...]
    open_rows: tuple[tuple[str, list[tuple[int, Row]]], ...]
    dates: tuple[tuple[int, int], ...]
    pieces: list[bytes]
    order: list[int]

    def filled(self, outlined: Outlined, hash_of: Hash) -> tuple[Found, bytes]:
        """What a record of this kind is found by, and its body."""
        blanks = outlined.blanks
        hashes = [(hash_of(*before, blanks[n][is_address], *behind),) for before, n, is_address, behind in self.slots]
        return self.found_by(hashes, outlined.microseconds), self.body(outlined, self.pieces, self.order)

    def found_by(self, hashes: Sequence[Sequence[int]], microseconds: int) -> Found:
        """What a record is found by.

        Args:
            hashes: Of each slot; several where a blank comes more than once.
            microseconds: Of its instant, since 1970.
        """
        rows = dict(self.found.rows)
        for table, open_rows in self.open_rows:
            own = [(hashed, *rest) for slot, rest in open_rows for hashed in hashes[slot]]
            rows[table] = list(dict.fromkeys([*rows.get(table, ()), *own]))
        if self.dates:
            own = [(p, microseconds, microseconds + width) for p, width in self.dates]
            rows["dat"] = [*rows.get("dat", ()), *own]
        return Found(rows, self.found.shape, self.found.frame)

    @staticmethod
    def body(outlined: Outlined, pieces: Sequence[bytes], order: Sequence[int]) -> bytes:
        """The body, from pieces with blanks between them."""
        texts = [outlined.moment, *(text for text, _ in outlined.blanks)]
        body = [pieces[0]]
        for place, piece in zip(order, pieces[1:], strict=True):
            body += (orjson.dumps(texts[place]), piece)
        return b"".join(body)


def outline_of(
    found: Found, body: bytes, blanks: tuple[Blank, ...], hashed: Mapping[int, tuple[str, ...]]
) -> Outline | None:
    """The outline of a stand-in; None where a blank shows otherwise than by its hash."""
    cut = _cut(body, [SOME_INSTANT, *(text for text, _ in blanks)])
    interval = date_interval(SOME_INSTANT, UTC)
    if cut is None or interval is None:
        return None
    slots: dict[_Slot, int] = {}
    rows: dict[str, list[Row]] = {}
    open_rows: dict[str, list[tuple[int, Row]]] = {}
    dates: list[tuple[int, int]] = []
    for table, some in found.rows.items():
        for row in some:
            if row[0] in hashed and (slot := _slot(hashed[row[0]], blanks)) is not None:
                open_rows.setdefault(table, []).append((slots.setdefault(slot, len(slots)), row[1:]))
            elif table == "dat" and row[1] == interval[0]:
                dates.append((row[0], row[2] - row[1]))
            else:
                rows.setdefault(table, []).append(row)
    same = Found(rows, found.shape, found.frame)
    return Outline(same, tuple(slots), tuple(open_rows.items()), tuple(dates), *cut)


def _slot(parts: tuple[str, ...], blanks: tuple[Blank, ...]) -> _Slot | None:
    """Which part of what was hashed is that of a blank."""
    for place, (text, address) in enumerate(blanks):
        for is_address, said in ((False, text), (True, address)):
            if said and parts.count(said) == 1:
                here = parts.index(said)
                return parts[:here], place, is_address, parts[here + 1 :]
    return None


def _cut(body: bytes, texts: list[str]) -> tuple[list[bytes], list[int]] | None:
    """A body cut at some texts, and the order in which they are met; None unless each is met once."""
    written = [orjson.dumps(text) for text in texts]
    if any(body.count(each) != 1 for each in written):
        return None
    order = sorted(range(len(written)), key=lambda place: body.index(written[place]))
    pieces: list[bytes] = []
    for place in order:
        before, _, body = body.partition(written[place])
        pieces.append(before)
    return [*pieces, body], order


def alike(one: tuple[Found, bytes], other: tuple[Found, bytes]) -> bool:
    """Whether the same was found, in whatever order."""
    return _as_sets(one) == _as_sets(other)


def _as_sets(made: tuple[Found, bytes]) -> tuple[Any, ...]:
    found, body = made
    return {table: frozenset(rows) for table, rows in found.rows.items()}, found.shape, found.frame, body
