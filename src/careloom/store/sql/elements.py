"""What a resource is found by, element by element, remembered.

Records say the same things again and again: the same codes, statuses, units, the same subject in each entry of a
bundle. What one top-level element adds to the index depends on that element alone, so it is worked out once for each
distinct text of it and then looked up by that text. Elements whose values stand together in a composite are looked up
together; what cannot be told apart so is worked out from the whole resource each time.

Source of the values is `careloom.search.index_values`, on a resource that has nothing but the element.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from careloom.model import Resource, serialize_json
from careloom.search import IndexValues, index_values
from careloom.search.index import values_along
from careloom.search.parameters import Path, SearchParameter
from careloom.search.registry import SearchParameters
from careloom.store.hashing import Hash
from careloom.store.sql.covering import Covers
from careloom.store.sql.keys import shape_text
from careloom.store.sql.postings import Number, Rows, atoms_of, rows_of, words_of

LONGEST = 2_048
"""Bytes of an element that is remembered."""

MOST = 20_000
"""Elements that are remembered before those that were not asked for again are forgotten."""

Lasting = Callable[[], bool]

_FULL_TEXT = ("_text", "_content")
_NOT_FOUND_BY = frozenset({"resourceType", "id"})


def always() -> bool:
    """Numbers that are committed."""
    return True


def never() -> bool:
    """Numbers that may be undone."""
    return False


@dataclass(frozen=True, slots=True)
class Share:
    """What one element adds.

    Attributes:
        rows: Tables with rows.
        words: For full text.
        atoms: Of the shape.
    """

    rows: tuple[tuple[str, list[tuple[Any, ...]]], ...]
    words: tuple[str, ...]
    atoms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ways:
    """What is read to work out a share: paths of parameters, and which words."""

    paths: tuple[tuple[SearchParameter, Path], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the parameters of a type depend on the elements of a resource.

    Attributes:
        by_key: By JSON key, the ways that begin at that element.
        otherwise: For the elements that no way begins at.
        together: Keys of elements that composites look at together; empty for none.
        across: By one of those keys, the ways that need it.
        whole: The ways that may lead anywhere.
    """

    by_key: Mapping[str, Ways]
    otherwise: Ways
    together: frozenset[str]
    across: Ways
    whole: Ways


class Elements:
    """The index rows of resources.

    Args:
        registry: Search parameters.
        hash_of: Hash of the tenant.
    """

    def __init__(self, registry: SearchParameters, hash_of: Hash) -> None:
        self._registry = registry
        self._hash_of = hash_of
        self.covers = Covers(registry)
        self._layouts: dict[str, Layout] = {}
        self._recent: dict[tuple[Any, ...], Share] = {}
        self._older: dict[tuple[Any, ...], Share] = {}
        self._shapes: dict[frozenset[str], str] = {}

    def rows(
        self, resource: Resource, texts: Mapping[str, bytes], number: Number, *, is_lasting: Lasting
    ) -> tuple[Rows, str]:
        """The rows of a resource, and the text of its shape.

        Args:
            resource: As parsed JSON.
            texts: Its elements as JSON.
            number: Gives the number of a text.
            is_lasting: Whether the numbers given so far are for ever, so that what is worked out may be remembered.
        """
        type = resource["resourceType"]
        shares = list(self._shares(type, resource, texts, number, is_lasting))
        return _united(shares), self._shape(type, shares, number)

    def _shares(
        self, type: str, resource: Resource, texts: Mapping[str, bytes], number: Number, is_lasting: Lasting
    ) -> Iterator[Share]:
        layout = self._layout(type)
        if "contained" in resource:  # a reference to what is contained depends on two elements
            yield self._worked_out(index_values(resource, self._registry), number)
            return
        for key, text in texts.items():
            ways = layout.by_key.get(key, layout.otherwise)
            yield self._share((type, (key,), text), ways, resource, number, is_lasting)
        if layout.across.paths and len(keys := tuple(key for key in texts if key in layout.together)) > 1:
            place = (type, keys, *(texts[key] for key in keys))
            yield self._share(place, layout.across, resource, number, is_lasting)
        if layout.whole.paths:
            yield self._worked_out(self._values(resource, layout.whole), number)

    def _share(
        self,
        place: tuple[Any, ...],
        ways: Ways,
        resource: Resource,
        number: Number,
        is_lasting: Lasting,
    ) -> Share:
        found = self._recent.get(place)
        if found is None:
            found = self._older.get(place)
            if found is None:
                part = {"resourceType": resource["resourceType"], **{key: resource[key] for key in place[1]}}
                found = self._worked_out(self._values(part, ways), number)
                if not is_lasting():
                    return found
            if len(place[-1]) <= LONGEST:
                self._remember(place, found)
        return found

    def _values(self, part: Resource, ways: Ways) -> IndexValues:
        return values_along(part, self._registry, ways.paths, ways.texts)

    def _remember(self, place: tuple[Any, ...], share: Share) -> None:
        if len(self._recent) >= MOST:
            self._older, self._recent = self._recent, {}
        self._recent[place] = share

    def _worked_out(self, values: IndexValues, number: Number) -> Share:
        rows = rows_of(values, self._hash_of, number, self.covers.of(values.type))
        kept = tuple((table, found) for table, found in rows.items() if found)
        return Share(kept, words_of(values), atoms_of(values, number))

    def _shape(self, type: str, shares: list[Share], number: Number) -> str:
        atoms = frozenset().union(*(share.atoms for share in shares))
        known = self._shapes.get(atoms)
        if known is None:
            known = shape_text(atoms)
            if len(self._shapes) < MOST:
                self._shapes[atoms] = known
        return known

    def _layout(self, type: str) -> Layout:
        known = self._layouts.get(type)
        if known is None:
            known = self._layouts[type] = _layout_of(type, self._registry, self.covers)
        return known


def _layout_of(type: str, registry: SearchParameters, covers: Covers) -> Layout:
    """What others cover entirely is left out."""
    parameters = registry.of(type)
    by_key: dict[str, list[tuple[SearchParameter, Path]]] = {}
    across: list[tuple[SearchParameter, Path]] = []
    whole: list[tuple[SearchParameter, Path]] = []
    for code, paths in registry.paths(type).items():
        if covers.are_all_of(type, code):
            continue
        for path in paths:
            way = (parameters[code], path)
            if keys := path.keys or _first_key(path):
                for key in keys:
                    by_key.setdefault(key, []).append(way)
            elif path.components and all(part.keys for part in path.components):
                across.append(way)
            else:
                whole.append(way)
    texts = tuple(code for code in _FULL_TEXT if code in parameters and parameters[code].is_indexed)
    return Layout(
        by_key={key: Ways(tuple(ways), texts) for key, ways in by_key.items()},
        otherwise=Ways((), texts),
        together=frozenset(key for _, path in across for part in path.components for key in part.keys),
        across=Ways(tuple(across), ()),
        whole=Ways(tuple(whole), ()),
    )


_OF_EXTENSION = re.compile(r"[A-Z]\w*\.extension\('[^']*'\)(?:\.\w+(?:\(\w*\))?)*")


def _first_key(path: Path) -> frozenset[str]:
    """The element that a way begins at though the registry does not say so: that of an extension by its URL."""
    return frozenset({"extension"}) if _OF_EXTENSION.fullmatch(path.expression.text) else frozenset()


def _united(shares: list[Share]) -> Rows:
    rows: dict[str, list[tuple[Any, ...]]] = {}
    words: dict[str, None] = {}
    for share in shares:
        for table, found in share.rows:
            if table in rows:
                rows[table] += found
            else:
                rows[table] = list(found)
        words.update(dict.fromkeys(share.words))
    united = {table: list(dict.fromkeys(found)) for table, found in rows.items()}
    return {**united, "fts": [(" ".join(words),)]} if words else united


def texts_of(resource: Resource) -> dict[str, bytes]:
    """The elements of a resource as JSON, but for its id and type."""
    return {key: serialize_json(value) for key, value in resource.items() if key not in _NOT_FOUND_BY}
