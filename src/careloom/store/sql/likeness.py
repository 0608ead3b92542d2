"""What elements add that are alike but for where one reference leads, or for when something was.

An audit record of a bundle has an entity for each resource, a group one member for each patient: the same again and
again, each with another address. Observations differ in the moment at which they were made. The rows of such elements
are the same, too, but for the hashes of the address or the ends of the interval. So what such an element adds is worked
out once for each kind, and for the others hashes or ends are put in.

Whether that is so is not supposed but tried out: what is worked out for the element itself must be what its marks make
of that of a stand-in.
"""

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from careloom.model import serialize_json
from careloom.model.records import dataclass
from careloom.search.dates import date_interval
from careloom.store.hashing import Hash
from careloom.store.sql.keys import address_hash
from careloom.store.sql.shares import Share
from careloom.store.sql.tables import Row

MOST = 1_000
"""Patterns that are known at a time."""

WorkOut = Callable[[Any], Share]
"""Gives the share of an element, or of an item of one that is a list."""

_ADDRESS = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)
_DIGITS = str.maketrans("123456789", "000000000")
_STAND_IN, _VERSION = "stand-in", "/_history/0"
_EARLIER, _LATER = "2001-02-03T04:05:06.070809+10:00", "2012-11-10T09:08:07.060504+11:00"
_UNTRIED = object()


@dataclass(frozen=True, slots=True)
class _Likened:
    """An element as one of its kind.

    Attributes:
        kind: What those that are alike have in common.
        table: Where its marks are.
        marks: What it has of its own: hashes of its address, ends of its intervals.
        stand_in: A made-up one of the kind; called for the first.
    """

    kind: tuple[Any, ...]
    table: str
    marks: tuple[int, ...]
    stand_in: Callable[[], tuple[Any, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The share of a stand-in, and the marks in it that stand for those of others.

    Attributes:
        others: Rows without marks, with their tables.
        marked: Those of the table with marks.
        share: As it was worked out.
        marks: Of the stand-in.
    """

    others: tuple[tuple[str, list[Row]], ...]
    marked: list[Row]
    share: Share
    marks: tuple[int, ...]

    def of(self, likened: _Likened) -> Share:
        """The share of another of the kind."""
        share = self.share
        if not self.marked:
            return share
        into = dict(zip(self.marks, likened.marks, strict=True))
        marked: list[Row] = [tuple([into.get(each, each) for each in row]) for row in self.marked]
        return Share((*self.others, (likened.table, marked)), share.words, share.atoms, share.common)


class Likeness:
    """The patterns of the elements met so far.

    Args:
        hash_of: Hash of the tenant; not one that remembers, since addresses seldom come again.
        zone: Of dates that name none.
    """

    def __init__(self, hash_of: Hash, zone: tzinfo) -> None:
        self._hash_of = hash_of
        self._zone = zone
        self._known: dict[tuple[Any, ...], Any] = {}

    def share(self, place: tuple[str | bool, ...], element: Any, work_out: WorkOut, *, is_lasting: bool) -> Share:
        """The share of an element.

        Args:
            place: Type of the resource, key of the element, whether it is a list; whatever else the share depends on
                is in the element.
            element: As parsed JSON: the whole of it, or one item of a list.
            work_out: Gives the share of any in that place.
            is_lasting: Whether what is worked out now may be remembered.
        """
        likened = self._likened(element)
        if likened is None:
            return work_out(element)
        kind = (*place, *likened.kind)
        pattern = self._known.get(kind, _UNTRIED)
        if pattern is None:
            return work_out(element)
        if pattern is not _UNTRIED:
            found: Share = pattern.of(likened)
            return found
        share = work_out(element)
        if is_lasting:
            self._learn(kind, likened, share, work_out)
        return share

    def _learn(self, kind: tuple[Any, ...], likened: _Likened, share: Share, work_out: WorkOut) -> None:
        stand_in, marks = likened.stand_in()
        if set(marks) & set(likened.marks):
            return  # too much like it to tell anything
        made = work_out(stand_in)
        others = tuple(each for each in made.rows if each[0] != likened.table)
        marked = next((rows for table, rows in made.rows if table == likened.table), [])
        pattern = _Pattern(others, marked, made, marks)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[kind] = pattern if _alike(pattern.of(likened), share) else None

    def _likened(self, element: Any) -> _Likened | None:
        if element.__class__ is str:
            return self._dated((element,), lambda texts: texts[0])
        if element.__class__ is not dict:
            return None
        if "reference" in element:
            return self._referring(element, b"", lambda reference: reference) if len(element) == 1 else None
        if element.keys() == {"start", "end"}:
            return self._dated((element["start"], element["end"]), lambda texts: {"start": texts[0], "end": texts[1]})
        found = [key for key, value in element.items() if value.__class__ is dict and "reference" in value]
        if len(found) != 1 or len(element[found[0]]) != 1:
            return None
        key = found[0]
        said = serialize_json({**element, key: None})
        return self._referring(element[key], said, lambda reference: {**element, key: reference})

    def _referring(self, reference: Any, said: bytes, with_reference: Callable[[Any], Any]) -> _Likened | None:
        """One whose only reference leads to something here, given what else it says."""
        text = reference["reference"]
        parts = _ADDRESS.fullmatch(text) if text.__class__ is str else None
        if parts is None:
            return None
        type, id, version = parts.groups("")

        def stand_in() -> tuple[Any, tuple[int, ...]]:
            other = _VERSION if version else ""
            return with_reference({"reference": f"{type}/{_STAND_IN}{other}"}), self._hashes(type, _STAND_IN, other)

        return _Likened((said, type, bool(version)), "ref", self._hashes(type, id, version), stand_in)

    def _hashes(self, type: str, id: str, version: str) -> tuple[int, int]:
        address = f"{type}/{id}"
        plain = address_hash(self._hash_of, address)
        return plain, address_hash(self._hash_of, address + version) if version else plain

    def _dated(self, texts: tuple[Any, ...], with_texts: Callable[[tuple[str, ...]], Any]) -> _Likened | None:
        """One that says nothing but when it was."""
        if not all(text.__class__ is str and _DATE.fullmatch(text) for text in texts):
            return None
        ends = self._ends(texts)
        if ends is None or ends[0] >= ends[-1]:
            return None

        def stand_in() -> tuple[Any, tuple[int, ...]]:
            made_up = tuple(_in_the_form_of(text, like) for text, like in zip((_EARLIER, _LATER), texts, strict=False))
            return with_texts(made_up), self._ends(made_up) or ()

        return _Likened(tuple(text.translate(_DIGITS) for text in texts), "dat", ends, stand_in)

    def _ends(self, texts: tuple[str, ...]) -> tuple[int, ...] | None:
        """The ends of what some dates stand for; None where one is no date."""
        ends: list[int] = []
        for text in texts:
            interval = date_interval(text, self._zone)
            if interval is None:
                return None
            ends += (interval[0], interval[0] + 1, interval[1])  # an instant takes a microsecond
        return tuple(ends)


def _in_the_form_of(text: str, like: str) -> str:
    """A date as precise as another, and with a zone where that has one."""
    if len(like) <= len("2001-02-03"):
        return text[: len(like)]
    fraction = re.search(r"\.\d+", like)
    clock = text[: len("2001-02-03T04:05:06") + len(fraction[0] if fraction else "")]
    return clock + ("Z" if like[-1] == "Z" else text[-6:])


def _alike(one: Share, other: Share) -> bool:
    """Whether two shares are the same but for the order of their tables."""
    return (dict(one.rows), one.words, one.atoms, one.common) == (
        dict(other.rows),
        other.words,
        other.atoms,
        other.common,
    )
