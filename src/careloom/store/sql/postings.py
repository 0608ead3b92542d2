"""From the index values of a version to the rows it is found by, without the tenant and the vid, which come later."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from careloom.search import IndexValues
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

T = TypeVar("T")

Rows = Mapping[str, list[tuple[Any, ...]]]
"""By table of `careloom.store.sql.tables.POSTINGS`, tuples of its columns but tenant and vid; none comes twice."""

Number = Callable[[str], int]
"""Gives the number of a text."""


def rows_of(values: IndexValues, hash_of: Hash, number: Number, covers: Mapping[str, Cover]) -> Rows:
    """The rows that one version is found by, but for its words; covered parameters have none."""
    here = _Rows(values, hash_of, number, covers)
    return {
        "tok": here.tokens(),
        "ref": here.references(),
        "str": here.strings(),
        "dat": here.dates(),
        "num": here.numbers(),
        "uri": here.uris(),
        "pair": here.pairs(),
        "geo": here.places(),
    }


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one resource, table by table."""

    values: IndexValues
    hash_of: Hash
    number: Number
    covers: Mapping[str, Cover]

    def tokens(self) -> list[tuple[Any, ...]]:
        """A token is found by its code with the system beside it; by its system alone through the shape."""
        rows: dict[tuple[int, int], None] = {}
        type = self.values.type
        for key, tokens in self._own(self.values.tokens):
            for token in tokens:
                system = ANY_SYSTEM if token.system is None else self.number(token.system)
                rows[code_hash(self.hash_of, type, key, token.code), system] = None
        return list(rows)

    def references(self) -> list[tuple[Any, ...]]:
        """What a version refers to; a narrowed parameter keeps what is not held here, whose type nobody knows."""
        rows: dict[tuple[int, int], None] = {}
        for key, references in self.values.references.items():
            p = self._p(key)
            narrowed = self.covers.get(key, Cover(())).target
            for value in references:
                if not narrowed or value.type != narrowed:
                    rows[address_hash(self.hash_of, value.target), p] = None
        return list(rows)

    def strings(self) -> list[tuple[Any, ...]]:
        """Texts, but for the displays of codes, whose words are found."""
        return [
            (p, text.folded, exact_hash(self.hash_of, text.exact))
            for key, texts in self._own(self.values.strings)
            if not key.endswith(FOUND_BY_WORDS)
            for p in (self._p(key),)
            for text in texts
        ]

    def dates(self) -> list[tuple[Any, ...]]:
        """Intervals of time."""
        own = self._own(self.values.dates)
        return [(p, date.low, date.high) for key, dates in own for p in (self._p(key),) for date in dates]

    def numbers(self) -> list[tuple[Any, ...]]:
        """Numbers and quantities as they stand, and quantities in base units once more."""
        rows: dict[tuple[Any, ...], None] = {}
        for key, numbers in self._own(self.values.numbers):
            p = self._p(key)
            rows |= {(p, each.low, each.high, 0, 0, 0): None for each in numbers}
        for key, quantities in self._own(self.values.quantities):
            for value in quantities:
                unit = (self.number(value.system), self.number(value.code), self.number(value.unit))
                rows[self._p(key), value.low, value.high, *unit] = None
                if (base := value.canonical) is not None:
                    p = self.number(canonical_name(parameter_name(self.values.type, key)))
                    rows[p, base.low, base.high, 0, 0, self.number(base.unit)] = None
        return list(rows)

    def uris(self) -> list[tuple[Any, ...]]:
        """URIs as they stand."""
        return [(self._p(key), each.uri) for key, uris in self._own(self.values.uris) for each in uris]

    def pairs(self) -> list[tuple[Any, ...]]:
        """Composites, a row for each combination of what their parts say."""
        rows: dict[tuple[Any, ...], None] = {}
        for key, composites in self._own(self.values.composites):
            for value in composites:
                rows |= dict.fromkeys(pair_rows(self.hash_of, self.values.type, key, value))
        return list(rows)

    def places(self) -> list[tuple[Any, ...]]:
        """Places with the square of the map that they are in."""
        return [
            (cell(place.latitude, place.longitude), place.latitude, place.longitude)
            for _, places in self._own(self.values.positions)
            for place in places
        ]

    def _own(self, family: Mapping[str, T]) -> Iterator[tuple[str, T]]:
        """What has rows of its own; of a narrowed parameter that is every side of its references."""
        for key, values in family.items():
            cover = self.covers.get(key.partition(":")[0])
            if (cover is None or cover.target) and key not in KEPT_IN_VERSION:
                yield key, values

    def _p(self, key: str) -> int:
        return self.number(parameter_name(self.values.type, key))


def words_of(values: IndexValues) -> tuple[str, ...]:
    """All words of a version, each once."""
    texts = [text.words for parameter in values.texts.values() for text in parameter]
    displays = [
        text.folded for key, strings in values.strings.items() if key.endswith(FOUND_BY_WORDS) for text in strings
    ]
    return tuple(dict.fromkeys(word for text in (*texts, *displays) for word in indexed_words(text)))


def atoms_of(values: IndexValues, number: Number) -> frozenset[str]:
    """What the shape of a version says: its type, the parameters it has elements for, the systems of its tokens."""
    type = values.type
    atoms = {type_atom(number(type))}
    atoms |= {str(number(parameter_name(type, parameter))) for parameter in values.present}
    for key, tokens in values.tokens.items():
        if key in KEPT_IN_VERSION:
            continue
        p = number(parameter_name(type, key))
        for system in {token.system for token in tokens}:
            atoms.add(system_atom(p, ANY_SYSTEM if system is None else number(system)))
    return frozenset(atoms)
