"""What audit records of one kind have alike, and the blanks in which they differ.

A client that reads a thousand resources leaves a thousand records that differ in when it was, what was read, of whom,
and in the id of the request. Such a record is an outline that is filled in: its index rows are those of the outline
with the hashes of what stands in the blanks, and so is its body. So a record of a kind that was met before is neither
written as JSON nor gone through by the search parameters.

An outline is learned from what the general way makes of a stand-in, a made-up record of the kind. Whether the rows
depend on the blanks in no other way is not supposed but tried out, on the record that it is learned from.
"""

from collections.abc import Hashable, Mapping
from datetime import UTC
from typing import Any, Final

import orjson

from careloom.model import Resource
from careloom.model.records import dataclass, replace
from careloom.search.dates import date_interval
from careloom.store.audit_form import AuditForm
from careloom.store.hashing import Hash
from careloom.store.sql.blanks import (
    SOME_INSTANT,
    STAND_IN,
    TYPE,
    Blank,
    Outlined,
    filled_in,
    outlined_form,
    outlined_of,
    stand_in,
)
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, Lasting, always
from careloom.store.sql.postings import Number
from careloom.store.sql.shares import Found
from careloom.store.sql.tables import Row

MOST = 1_000
"""Outlines that are known at a time."""

_UNTRIED = object()


class Outlines:
    """The outlines of the records met so far.

    Args:
        elements: The general way.
        hash_of: Hash of the tenant; not one that remembers, since what is in blanks seldom comes again.

    Attributes:
        elements: As given.
    """

    def __init__(self, elements: Elements, hash_of: Hash) -> None:
        self.elements = elements
        self._hash_of = hash_of
        self._hashed: dict[int, tuple[str, ...]] = {}
        self._standing_in: Elements | None = None
        self._known: dict[Hashable, Any] = {}

    def found(self, resource: Resource | AuditForm, number: Number, is_lasting: Lasting) -> tuple[Found, bytes]:
        """What a resource is found by, and its body.

        Args:
            resource: As parsed JSON, or a form, which is not written out where its kind is known.
            number: Gives the number of a text.
            is_lasting: Whether the numbers given so far are for ever.
        """
        outlined = self._outlined(resource)
        known = None if outlined is None else self._known.get(outlined.kind)
        if outlined is not None and known.__class__ is _Outline:
            return known.filled(outlined, self._hash_of)
        written = resource.written_out() if isinstance(resource, AuditForm) else resource
        made = self._worked_out(self.elements, written, number, is_lasting)
        if outlined is not None and is_lasting():
            self._remember(outlined, known, written, number, made)
        return made

    def _outlined(self, resource: Resource | AuditForm) -> Outlined | None:
        if not self.elements.is_indifferent(TYPE):
            return None
        if isinstance(resource, AuditForm):
            return outlined_form(resource)
        return outlined_of(resource) if resource["resourceType"] == TYPE else None

    @staticmethod
    def _worked_out(elements: Elements, resource: Resource, number: Number, is_lasting: Lasting) -> tuple[Found, bytes]:
        texts, body = texts_of(resource)
        return elements.found(resource, texts, number, is_lasting=is_lasting), body

    def _remember(
        self, outlined: Outlined, known: Any, resource: Resource, number: Number, made: tuple[Found, bytes]
    ) -> None:
        """Learn the outline of a kind that is met again; most that are met once never are."""
        if len(self._known) >= MOST:
            self._known.clear()
        if known is None:
            self._known[outlined.kind] = _UNTRIED
        elif known is _UNTRIED:
            self._known[outlined.kind] = self._learned(outlined, resource, number, made) or _NO_OUTLINE

    def _learned(
        self, outlined: Outlined, resource: Resource, number: Number, made: tuple[Found, bytes]
    ) -> "_Outline | None":
        seen = outlined_of(resource)
        if seen is None or replace(seen, kind=outlined.kind) != outlined:
            return None  # a form that does not tell what its record does
        if self._standing_in is None:
            self._standing_in = self.elements.with_hash(self._noting)
        blanks = tuple(map(stand_in, range(len(outlined.blanks)), outlined.blanks))
        made_up = filled_in(resource, SOME_INSTANT, blanks)
        found, body = self._worked_out(self._standing_in, made_up, number, always)
        outline = _outline_of(found, body, blanks, self._hashed)
        return outline if outline and _alike(outline.filled(outlined, self._hash_of), made) else None

    def _noting(self, *parts: str) -> int:
        """The hash of a stand-in, with a note of what was hashed."""
        hashed = self._hash_of(*parts)
        if any(STAND_IN in part for part in parts):
            self._hashed[hashed] = parts
        return hashed


_NO_OUTLINE: Final = object()


_Slot = tuple[tuple[str, ...], int, bool, tuple[str, ...]]
"""What is hashed: the parts before that of a blank, which blank, whether its address alone, and the parts behind."""


@dataclass(frozen=True, slots=True)
class _Outline:
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
        hashes = [hash_of(*before, blanks[n][is_address], *behind) for before, n, is_address, behind in self.slots]
        rows = dict(self.found.rows)
        for table, open_rows in self.open_rows:
            own = [(hashes[slot], *rest) for slot, rest in open_rows]
            rows[table] = list(dict.fromkeys([*rows.get(table, ()), *own]))
        if self.dates:
            low = outlined.microseconds
            rows["dat"] = [*rows.get("dat", ()), *((p, low, low + width) for p, width in self.dates)]
        texts = [outlined.moment, *(text for text, _ in blanks)]
        body = [self.pieces[0]]
        for place, piece in zip(self.order, self.pieces[1:], strict=True):
            body += (orjson.dumps(texts[place]), piece)
        return Found(rows, self.found.shape, self.found.frame), b"".join(body)


def _outline_of(
    found: Found, body: bytes, blanks: tuple[Blank, ...], hashed: Mapping[int, tuple[str, ...]]
) -> _Outline | None:
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
    return _Outline(same, tuple(slots), tuple(open_rows.items()), tuple(dates), *cut)


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


def _alike(one: tuple[Found, bytes], other: tuple[Found, bytes]) -> bool:
    """Whether the same was found, in whatever order."""
    return _as_sets(one) == _as_sets(other)


def _as_sets(made: tuple[Found, bytes]) -> tuple[Any, ...]:
    found, body = made
    return {table: frozenset(rows) for table, rows in found.rows.items()}, found.shape, found.frame, body
