"""What elements add that are alike but for ids in references, dates, numbers, or the value of an identifier.

An audit record of a bundle has an entity for each resource, a group one member for each patient: the same again and
again, each with another address. Observations differ in the moment at which they were made, places of a stay in both,
identifiers in their value. The rows of such elements are the same, too, but for hashes of what differs, or for the ends
of an interval. So what such an element adds is worked out once for each kind, and for the others these are put in.

Whether that is so is not supposed but tried out: what is worked out for the element itself must be what its marks make
of that of a stand-in.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final

from careloom.model import parse_json
from careloom.store.hashing import Hash
from careloom.store.sql.marks import Cut, cut_up, stand_in
from careloom.store.sql.pattern import Learning, Pattern, are_alike
from careloom.store.sql.remembered import Remembered
from careloom.store.sql.shares import Share

MOST: Final = 1_000
"""Kinds that are remembered before those that were not met again are forgotten."""

WorkOut = Callable[[Any, Hash | None], Share]
"""Gives the share of what an element may be, as parsed JSON; by another hash where one is given."""

_MET: Final = object()
"""Stands for the pattern of a kind that was met once; most of these never come again."""


class Likeness:
    """The patterns of the elements met so far.

    Args:
        hash_of: Hash of the tenant; not one that remembers, since addresses seldom come again.
        zone: Of dates that name none.
    """

    def __init__(self, hash_of: Hash, zone: tzinfo) -> None:
        self._hash_of = hash_of
        self._zone = zone
        self._known: Remembered[tuple[Any, ...], Any] = Remembered(MOST)

    def share(self, place: str, text: bytes, element: Any, work_out: WorkOut, *, is_lasting: bool) -> Share:
        """The share of an element.

        Args:
            place: Type of the resource and key of the element; whatever else the share depends on is in the element.
            text: The element as JSON.
            element: The same, parsed.
            work_out: Gives the share of any in that place.
            is_lasting: Whether what is worked out now may be remembered.
        """
        cut = cut_up(text)
        if cut is None:
            return work_out(element, None)
        kind = (place, *cut.kind)
        pattern = self._known.get(kind)
        found = pattern.filled(cut, self._hash_of, self._zone) if pattern.__class__ is Pattern else None
        if found is not None:
            return found
        share = work_out(element, None)
        if is_lasting and pattern is None:
            self._known.keep(kind, _MET)
        elif is_lasting and pattern is _MET:
            self._known.keep(kind, self._learned(cut, share, work_out))
        return share

    def _learned(self, cut: Cut, share: Share, work_out: WorkOut) -> Any:
        """The pattern of an element; False where it has none, `_MET` where that cannot be told by this one."""
        orders = (False, True) if sum(date is not None for date in cut.dates) > 1 else (False,)
        patterns = [self._pattern(cut, work_out, is_falling=is_falling) for is_falling in orders]
        ordered = [each for each in patterns if each and each.ordered]
        pattern = (ordered or patterns)[0]
        found = pattern and pattern.filled(cut, self._hash_of, self._zone)
        if not found:
            return _MET
        return len(ordered) <= 1 and are_alike(found, share) and pattern

    def _pattern(self, cut: Cut, work_out: WorkOut, *, is_falling: bool) -> Pattern | None:
        """What a stand-in shows; the end of a period may stand before its beginning, so it takes two of them."""
        text, marks = stand_in(cut, is_falling=is_falling)
        made_up = parse_json(text)
        learning = Learning(made_up, marks, self._hash_of, self._zone)
        return learning.pattern(work_out(made_up, learning.noting)) if learning.can_tell(cut) else None
