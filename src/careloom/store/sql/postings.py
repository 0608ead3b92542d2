"""From the index values of a version to the rows it is found by, without the tenant and the vid, which come later."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careloom.search.index import Gathered
from careloom.search.values import (
    CompositeValue,
    DateValue,
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

KEPT_IN_VERSION = frozenset({"_id", "_lastUpdated"})
"""Parameters that the version's own columns answer; they need no rows."""

FOUND_BY_WORDS = ":text"
"""The side of a token that holds its display: its words are found, and then looked at."""

Row = tuple[Any, ...]

Rows = Mapping[str, list[Row]]
"""By table of `careloom.store.sql.tables.POSTINGS`, tuples of its columns but tenant and vid; none comes twice."""

Own = Callable[[str, str], str]
"""From type and key to the key under which the rows are, see `careloom.store.sql.covering.Covers.own`."""

Number = Callable[[str], int]
"""Gives the number of a text."""


def rows_of(
    found: Gathered, hash_of: Hash, number: Number, covers: Mapping[str, Cover], own: Own = lambda type, key: key
) -> Rows:
    """The rows that one version is found by, but for its words; covered parameters have none.

    Args:
        found: Its values.
        hash_of: Hash of the tenant.
        number: Gives the number of a text.
        covers: The covered parameters of its type.
        own: Under which key the rows of a parameter are.
    """
    here = _Rows(found.type, hash_of, number, covers)
    rows: dict[str, dict[tuple[Any, ...], None]] = {}
    for key, values in found.values.items():
        make = _MAKERS.get(next(iter(values)).__class__)
        if make is not None and here.has_rows(key):
            table, rows_for = make
            rows.setdefault(table, {}).update(dict.fromkeys(rows_for(here, own(found.type, key), values)))
    return {table: list(each) for table, each in rows.items() if each}


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes the rows of one resource, parameter by parameter."""

    type: str
    hash_of: Hash
    number: Number
    covers: Mapping[str, Cover]

    def has_rows(self, key: str) -> bool:
        """Whether a parameter has rows of its own; of a narrowed one that is every side of its references.

        The displays of codes have none: their words are found.
        """
        cover = self.covers.get(key.partition(":")[0])
        is_own = cover is None or bool(cover.target)
        return is_own and key not in KEPT_IN_VERSION and not key.endswith(FOUND_BY_WORDS)

    def tokens(self, key: str, tokens: Iterable[TokenValue]) -> Iterator[Row]:
        """A token is found by its code with the system beside it; by its system alone through the shape."""
        for token in tokens:
            system = ANY_SYSTEM if token.system is None else self.number(token.system)
            yield code_hash(self.hash_of, self.type, key, token.code), system

    def references(self, key: str, references: Iterable[ReferenceValue]) -> Iterator[Row]:
        """What a version refers to; a narrowed parameter keeps what is not held here, whose type nobody knows."""
        p, cover = self._p(key), self.covers.get(key.partition("#")[0])
        for value in references:
            if cover is None or value.type != cover.target:
                yield address_hash(self.hash_of, value.target), p

    def strings(self, key: str, texts: Iterable[StringValue]) -> Iterator[Row]:
        """Texts and where they begin."""
        p = self._p(key)
        for text in texts:
            yield p, text.folded, exact_hash(self.hash_of, text.exact)

    def dates(self, key: str, dates: Iterable[DateValue]) -> Iterator[Row]:
        """Intervals of time."""
        p = self._p(key)
        for date in dates:
            yield p, date.low, date.high

    def numbers(self, key: str, numbers: Iterable[NumberValue]) -> Iterator[Row]:
        """Numbers have no unit."""
        p = self._p(key)
        for value in numbers:
            yield p, value.low, value.high, 0, 0, 0

    def quantities(self, key: str, quantities: Iterable[QuantityValue]) -> Iterator[Row]:
        """Quantities as they stand, and in base units once more."""
        p = self._p(key)
        for value in quantities:
            unit = (self.number(value.system), self.number(value.code), self.number(value.unit))
            yield p, value.low, value.high, *unit
            if (base := value.canonical) is not None:
                in_base_units = self.number(canonical_name(parameter_name(self.type, key)))
                yield in_base_units, base.low, base.high, 0, 0, self.number(base.unit)

    def uris(self, key: str, uris: Iterable[UriValue]) -> Iterator[Row]:
        """URIs as they stand."""
        p = self._p(key)
        for each in uris:
            yield p, each.uri

    def pairs(self, key: str, composites: Iterable[CompositeValue]) -> Iterator[Row]:
        """Composites, a row for each combination of what their parts say."""
        for value in composites:
            yield from pair_rows(self.hash_of, self.type, key, value)

    def places(self, key: str, places: Iterable[PositionValue]) -> Iterator[Row]:
        """Places with the square of the map that they are in."""
        for place in places:
            yield cell(place.latitude, place.longitude), place.latitude, place.longitude

    def _p(self, key: str) -> int:
        return self.number(parameter_name(self.type, key))


_MAKERS: Mapping[type, tuple[str, Callable[[_Rows, str, Any], Iterator[Row]]]] = {
    TokenValue: ("tok", _Rows.tokens),
    ReferenceValue: ("ref", _Rows.references),
    StringValue: ("str", _Rows.strings),
    DateValue: ("dat", _Rows.dates),
    NumberValue: ("num", _Rows.numbers),
    QuantityValue: ("num", _Rows.quantities),
    UriValue: ("uri", _Rows.uris),
    CompositeValue: ("pair", _Rows.pairs),
    PositionValue: ("geo", _Rows.places),
}
"""By class of value, the table and what makes its rows."""


def words_of(found: Gathered) -> dict[str, None]:
    """All words of a version, each once, in the order in which they were met."""
    words: dict[str, None] = {}
    for key, values in found.values.items():
        for value in values:
            if value.__class__ is TextValue:
                words.update(dict.fromkeys(indexed_words(value.words)))
            elif key.endswith(FOUND_BY_WORDS) and value.__class__ is StringValue:
                words.update(dict.fromkeys(indexed_words(value.folded)))
    return words


def atoms_of(found: Gathered, number: Number, own: Own = lambda type, key: key) -> frozenset[str]:
    """What the shape of a version says: its type, the parameters it has elements for, the systems of its tokens."""
    type = found.type
    atoms = {type_atom(number(type))}
    atoms |= {str(number(parameter_name(type, parameter))) for parameter in found.present}
    for key, values in found.values.items():
        if key not in KEPT_IN_VERSION and next(iter(values)).__class__ is TokenValue:
            p = number(parameter_name(type, own(type, key)))
            for system in {token.system for token in values}:  # type: ignore[union-attr]
                atoms.add(system_atom(p, ANY_SYSTEM if system is None else number(system)))
    return frozenset(atoms)
