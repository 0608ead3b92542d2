"""From the index values of a version to the rows it is found by, without the tenant and the vid, which come later."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from careloom.search.values import (
    CompositeValue,
    DateValue,
    IndexValue,
    NumberValue,
    PositionValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
    UriValue,
)
from careloom.store.hashing import Hash
from careloom.store.sql.covering import Cover
from careloom.store.sql.judged import cell, indexed_words, pair_rows
from careloom.store.sql.keys import (
    ANY_SYSTEM,
    address_hash,
    canonical_name,
    code_hash,
    exact_hash,
    parameter_name,
    system_atom,
    type_atom,
)
from careloom.store.sql.tables import Row, Rows

__all__ = ["FOUND_BY_WORDS", "KEPT_IN_VERSION", "Finding", "Number", "Own", "Row", "Rows"]

KEPT_IN_VERSION = frozenset({"_id", "_lastUpdated"})
"""Parameters that the version's own columns answer; they need no rows."""

FOUND_BY_WORDS = ":text"
"""The side of a token that holds its display: its words are found, and then looked at."""

Own = Callable[[str, str], str]
"""From type and key to the key under which the rows are, see `careloom.store.sql.covering.Covers.own`."""

Number = Callable[[str], int]
"""Gives the number of a text."""


class Finding:
    """Makes index rows of values as they are met: a `careloom.search.index.Keeper`.

    Args:
        type: Resource type.
        hash_of: Hash of the tenant.
        number: Gives the number of a text.
        covers: The covered parameters of the type, which have no rows.
        own: Under which key the rows of a parameter are.
        framed: Codes of the parameters whose rows go to the frame of a version, see `careloom.store.sql.frames`.

    Attributes:
        present: Codes of the parameters whose element the resource has.
        rows: What has been found: by table the rows in order, none of them twice.
        words: All words met, each once, in order.
        common: Rows and words for the frame, with their tables.
    """

    __slots__ = (
        "_atoms",
        "_covers",
        "_framed",
        "_hash_of",
        "_number",
        "_own",
        "common",
        "present",
        "rows",
        "type",
        "words",
    )

    def __init__(  # noqa: PLR0917  what rows depend on
        self,
        type: str,
        hash_of: Hash,
        number: Number,
        covers: Mapping[str, Cover],
        own: Own = lambda type, key: key,
        framed: Collection[str] = (),
    ) -> None:
        self.type = type
        self.present: set[str] = set()
        self.rows: dict[str, dict[Row, None]] = {}
        self.words: dict[str, None] = {}
        self.common: dict[tuple[str, Row], None] = {}
        self._atoms: set[str] = set()
        self._hash_of = hash_of
        self._number = number
        self._covers = covers
        self._own = own
        self._framed = framed

    def keep(self, key: str, value: IndexValue) -> None:
        """Take a value of a parameter, or of a side of it."""
        kind = value.__class__
        if kind is TextValue:
            self.words.update(dict.fromkeys(value.words.split(" ")))  # type: ignore[union-attr]
            return
        if key.endswith(FOUND_BY_WORDS):
            words = indexed_words(value.folded)  # type: ignore[union-attr]
            if self._is_framed(key, value):
                self.common.update(dict.fromkeys(("fts", (word,)) for word in words))
            else:
                self.words.update(dict.fromkeys(words))
            return
        if key in KEPT_IN_VERSION:
            return
        is_framed = self._is_framed(key, value)
        key = self._own(self.type, key)
        if kind is TokenValue:
            self._atoms.add(system_atom(self._p(key), self._system(value)))  # type: ignore[arg-type]
        if self._has_rows(key):
            table, rows_for = _MAKERS[kind]
            if is_framed:
                self.common.update(dict.fromkeys((table, row) for row in rows_for(self, key, value)))
                return
            rows = self.rows.get(table)
            if rows is None:
                rows = self.rows[table] = {}
            for row in rows_for(self, key, value):
                rows[row] = None

    def atoms(self) -> frozenset[str]:
        """What the shape of a version says: its type, the parameters it has elements for, the systems of its tokens.

        Of what every version has, such as its instant, it says nothing, wherever the resource was read from.
        """
        here = {str(self._p(parameter)) for parameter in self.present - KEPT_IN_VERSION}
        return frozenset((type_atom(self._number(self.type)), *here, *self._atoms))

    def _is_framed(self, key: str, value: IndexValue) -> bool:
        """Whether what a value is found by goes to the frame: not under a definition that has changed."""
        if not self._framed or value.__class__ is ReferenceValue:
            return False
        return key.partition(":")[0] in self._framed and self._own(self.type, key) == key

    def _has_rows(self, key: str) -> bool:
        """Whether a parameter has rows of its own; of a narrowed one that is every side of its references."""
        cover = self._covers.get(key.partition(":")[0].partition("#")[0])
        return cover is None or bool(cover.target)

    def _system(self, token: TokenValue) -> int:
        return ANY_SYSTEM if token.system is None else self._number(token.system)

    def _p(self, key: str) -> int:
        return self._number(parameter_name(self.type, key))

    # what a value is found by

    def _token(self, key: str, token: TokenValue) -> Iterable[Row]:
        """A token is found by its code with the system beside it; by its system alone through the shape."""
        return ((code_hash(self._hash_of, self.type, key, token.code), self._system(token)),)

    def _reference(self, key: str, value: ReferenceValue) -> Iterable[Row]:
        """What a version refers to; a narrowed parameter keeps what is not held here, whose type nobody knows."""
        cover = self._covers.get(key.partition("#")[0])
        if cover is not None and value.type == cover.target:
            return ()
        return ((address_hash(self._hash_of, value.target), self._p(key)),)

    def _string(self, key: str, text: StringValue) -> Iterable[Row]:
        """A text and where it begins."""
        return ((self._p(key), text.folded, exact_hash(self._hash_of, text.exact)),)

    def _date(self, key: str, date: DateValue) -> Iterable[Row]:
        """An interval of time."""
        return ((self._p(key), date.low, date.high),)

    def _plain_number(self, key: str, value: NumberValue) -> Iterable[Row]:
        """Numbers have no unit."""
        return ((self._p(key), value.low, value.high, 0, 0, 0),)

    def _quantity(self, key: str, value: QuantityValue) -> Iterator[Row]:
        """A quantity as it stands, and in base units once more."""
        number = self._number
        unit = (number(value.system), number(value.code), number(value.unit))
        yield self._p(key), value.low, value.high, *unit
        if (base := value.canonical) is not None:
            in_base_units = number(canonical_name(parameter_name(self.type, key)))
            yield in_base_units, base.low, base.high, 0, 0, number(base.unit)

    def _uri(self, key: str, value: UriValue) -> Iterable[Row]:
        """A URI as it stands."""
        return ((self._p(key), value.uri),)

    def _pair(self, key: str, value: CompositeValue) -> Iterable[Row]:
        """A composite, a row for each combination of what its parts say."""
        return pair_rows(self._hash_of, self.type, key, value)

    def _place(self, key: str, place: PositionValue) -> Iterable[Row]:
        """A place with the square of the map that it is in."""
        return ((cell(place.latitude, place.longitude), place.latitude, place.longitude),)


_MAKERS: Mapping[type, tuple[str, Callable[[Finding, str, Any], Iterable[Row]]]] = {
    TokenValue: ("tok", Finding._token),
    ReferenceValue: ("ref", Finding._reference),
    StringValue: ("str", Finding._string),
    DateValue: ("dat", Finding._date),
    NumberValue: ("num", Finding._plain_number),
    QuantityValue: ("num", Finding._quantity),
    UriValue: ("uri", Finding._uri),
    CompositeValue: ("pair", Finding._pair),
    PositionValue: ("geo", Finding._place),
}
"""By class of value, the table and what makes its rows."""
