"""What elements add that are alike but for where a reference leads, for when something was, or for a number.

An audit record of a bundle has an entity for each resource, a group one member for each patient: the same again and
again, each with another address. Observations differ in the moment at which they were made, places of a stay in both,
identifiers in their value. The rows of such elements are the same, too, but for the hashes of the address or value, or
for the ends of the interval. So what such an element adds is worked out once for each kind, and for the others hashes
or ends are put in.

Whether that is so is not supposed but tried out: what is worked out for the element itself must be what its marks make
of that of a stand-in.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final

from careloom.model.records import dataclass
from careloom.store.hashing import Hash
from careloom.store.sql.marks import Marks, Reader
from careloom.store.sql.remembered import Remembered
from careloom.store.sql.shares import Share
from careloom.store.sql.tables import Row

MOST: Final = 1_000
"""Kinds that are remembered before those that were not met again are forgotten."""

WorkOut = Callable[[Any, Hash | None], Share]
"""Gives the share of an element, or of an item of one that is a list; by another hash where one is given."""

_MET: Final = object()
"""Stands for the pattern of a kind that was met once; most of these never come again."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The share of a stand-in, and what in it stands for the marks of others.

    Attributes:
        share: As it was worked out.
        others: Rows without marks, with their tables.
        marked: Those with marks.
        marks: Of the stand-in.
        hashes: By hash, what was hashed that has the value of the stand-in in it.
    """

    share: Share
    others: tuple[tuple[str, list[Row]], ...]
    marked: tuple[tuple[str, list[Row]], ...]
    marks: Marks
    hashes: tuple[tuple[int, tuple[str, ...]], ...]

    def of(self, marks: Marks, hash_of: Hash) -> Share:
        """The share of another of the kind."""
        share, value = self.share, self.marks.value
        into = dict(zip(self.marks.numbers, marks.numbers, strict=True))
        for hashed, parts in self.hashes:
            into[hashed] = hash_of(*[part.replace(value, marks.value) for part in parts])
        marked = [
            (table, [tuple([into.get(each, each) for each in row]) for row in rows]) for table, rows in self.marked
        ]
        words = share.words
        if value and words:
            words = {marks.word if word == self.marks.word else word: None for word in words}
        return Share((*self.others, *marked), words, share.atoms, share.common)


class Likeness:
    """The patterns of the elements met so far.

    Args:
        hash_of: Hash of the tenant; not one that remembers, since addresses seldom come again.
        zone: Of dates that name none.
    """

    def __init__(self, hash_of: Hash, zone: tzinfo) -> None:
        self._hash_of = hash_of
        self._reader = Reader(hash_of, zone)
        self._known: Remembered[tuple[Any, ...], Any] = Remembered(MOST)

    def share(self, place: tuple[str | bool, ...], element: Any, work_out: WorkOut, *, is_lasting: bool) -> Share:
        """The share of an element.

        Args:
            place: Type of the resource, key of the element, whether it is a list; whatever else the share depends on
                is in the element.
            element: As parsed JSON: the whole of it, or one item of a list.
            work_out: Gives the share of any in that place.
            is_lasting: Whether what is worked out now may be remembered.
        """
        marked = self._reader.read(element)
        if marked is None:
            return work_out(element, None)
        kind = (*place, *marked.kind)
        pattern = self._known.get(kind)
        if pattern.__class__ is _Pattern:
            found: Share = pattern.of(marked.marks, self._hash_of)
            return found
        share = work_out(element, None)
        if is_lasting and pattern is None:
            self._known.keep(kind, _MET)
        elif is_lasting and pattern is _MET:
            other, marks = marked.stand_in()
            self._known.keep(kind, self._learned(marked.marks, share, marks, other, work_out))
        return share

    def _learned(self, marks: Marks, share: Share, others: Marks, stand_in: Any, work_out: WorkOut) -> Any:
        """The pattern of an element and its stand-in; False where it has none, `_MET` where that cannot be told."""
        if set(marks.numbers) & set(others.numbers) or marks.value == others.value != "":
            return _MET  # too much like it to tell anything
        hashed: dict[int, tuple[str, ...]] = {}

        def noting(*parts: str) -> int:
            found = self._hash_of(*parts)
            if others.value and any(others.value in part for part in parts):
                hashed[found] = parts
            return found

        pattern = _pattern(work_out(stand_in, noting), others, hashed)
        return _is_alike(pattern.of(marks, self._hash_of), share) and pattern


def _pattern(made: Share, marks: Marks, hashed: dict[int, tuple[str, ...]]) -> _Pattern:
    own = {*marks.numbers, *hashed}
    is_open = {table: any(not own.isdisjoint(row) for row in rows) for table, rows in made.rows}
    others = tuple(each for each in made.rows if not is_open[each[0]])
    return _Pattern(made, others, tuple(each for each in made.rows if is_open[each[0]]), marks, tuple(hashed.items()))


def _is_alike(one: Share, other: Share) -> bool:
    """Whether two shares are the same but for the order of their tables."""
    return (dict(one.rows), one.words, one.atoms, one.common) == (
        dict(other.rows),
        other.words,
        other.atoms,
        other.common,
    )
