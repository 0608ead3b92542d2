"""What a resource is found by, element by element, remembered.

Records say the same things again and again: the same codes, statuses, units, the same subject in each entry of a
bundle. What one top-level element adds to the index depends on that element alone, so it is worked out once for each
distinct text of it and then looked up by that text. Elements whose values stand together in a composite are looked up
together; what cannot be told apart so is worked out from the whole resource each time.

Source of the values is `careloom.search.index.gather`, on a resource that has nothing but the element.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from careloom.model import Resource, serialize_json
from careloom.search.elements import json_keys
from careloom.search.index import FULL_TEXT, Way, gather, way_of
from careloom.search.parameters import Path
from careloom.search.registry import SearchParameters
from careloom.store.hashing import Hash, remembering
from careloom.store.recording import unstamped
from careloom.store.sql.covering import Covers
from careloom.store.sql.keys import shape_text
from careloom.store.sql.postings import Number, Row, Rows, atoms_of, rows_of, words_of

LONGEST = 2_048
"""Bytes of an element that is remembered."""

MOST = 1_000
"""Texts of an element that are remembered before those that were not asked for again are forgotten."""

_MOST_SHAPES = 20_000
_MOST_KEYS = 1_000

Lasting = Callable[[], bool]

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

    rows: tuple[tuple[str, list[Row]], ...]
    words: Mapping[str, None]
    atoms: frozenset[str]


@dataclass(slots=True)
class Memory:
    """Shares by the text they are of, those asked for lately."""

    recent: dict[bytes, Share] = field(default_factory=dict)
    older: dict[bytes, Share] = field(default_factory=dict)

    def get(self, text: bytes) -> Share | None:
        """What is remembered of a text."""
        known = self.recent.get(text)
        if known is None and (known := self.older.get(text)) is not None:
            self.keep(text, known)
        return known

    def keep(self, text: bytes, share: Share) -> None:
        """Remember a share, unless its text is long."""
        if len(text) <= LONGEST:
            if len(self.recent) >= MOST:
                self.older, self.recent = self.recent, {}
            self.recent[text] = share


@dataclass(frozen=True, slots=True)
class Ways:
    """What is read to work out a share: paths of parameters, and which words.

    Attributes:
        ways: The paths.
        texts: Codes of the parameters that look at words.
        known: What is remembered.
    """

    ways: tuple[Way, ...] = ()
    texts: tuple[str, ...] = ()
    known: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that some ways look at together.

    Attributes:
        keys: Their JSON keys.
        least: How many of them must be there for the ways to lead anywhere.
        ways: The ways.
    """

    keys: frozenset[str]
    least: int
    ways: Ways


@dataclass(frozen=True, slots=True)
class Layout:
    """How the parameters of a type depend on the elements of a resource.

    Attributes:
        by_key: By JSON key, the ways that begin at that element.
        texts: Codes of the parameters that look at words, those of elements that no way begins at among them.
        groups: What takes several elements at once.
        whole: The ways that may lead anywhere.
        all: All ways.
    """

    by_key: dict[str, Ways]
    texts: tuple[str, ...]
    groups: tuple["Group", ...]
    whole: Ways
    all: Ways

    def ways(self, key: str) -> Ways:
        """What is read of an element."""
        known = self.by_key.get(key)
        if known is None:
            known = Ways((), self.texts)
            if len(self.by_key) < _MOST_KEYS:
                self.by_key[key] = known
        return known


class Elements:
    """The index rows of resources.

    Args:
        registry: Search parameters.
        hash_of: Hash of the tenant.
    """

    def __init__(self, registry: SearchParameters, hash_of: Hash) -> None:
        self._registry = registry
        self._hash_of = remembering(hash_of)
        self.covers = Covers(registry)
        self._layouts: dict[str, Layout] = {}
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
        return _united(shares), self._shape(shares)

    def rows_by(self, codes: Collection[str], resource: Resource, number: Number) -> Rows:
        """The rows of some parameters alone."""
        layout = self._layouts.get(resource["resourceType"]) or self._layout(resource["resourceType"])
        ways = tuple(way for way in layout.all.ways if way.parameter.code in codes)
        return dict(self._worked_out(resource, Ways(ways), number).rows)

    def _shares(
        self, type: str, resource: Resource, texts: Mapping[str, bytes], number: Number, is_lasting: Lasting
    ) -> Iterator[Share]:
        layout = self._layouts.get(type) or self._layout(type)
        if "contained" in resource:  # a reference to what is contained depends on two elements
            yield self._worked_out(resource, layout.all, number)
            return
        learn = partial(self._learnt, resource, number, is_lasting)
        for key, text in texts.items():
            ways = layout.ways(key)
            yield ways.known.get(text) or learn(ways, (key,), text)
        for group in layout.groups:
            keys = tuple(key for key in texts if key in group.keys)
            if len(keys) >= group.least:
                text = b"\n".join([key.encode() + b":" + texts[key] for key in keys])
                yield group.ways.known.get(text) or learn(group.ways, keys, text)
        if layout.whole.ways or not texts:
            yield self._worked_out(resource, layout.whole, number)

    def _learnt(  # noqa: PLR0917  the first three are bound beforehand
        self, resource: Resource, number: Number, is_lasting: Lasting, ways: Ways, keys: tuple[str, ...], text: bytes
    ) -> Share:
        """The share of some elements, worked out, and remembered if that can be."""
        part = {"resourceType": resource["resourceType"], **{key: resource[key] for key in keys}}
        found = self._worked_out(part, ways, number)
        if is_lasting():
            ways.known.keep(text, found)
        return found

    def _worked_out(self, part: Resource, ways: Ways, number: Number) -> Share:
        found = gather(part, ways.ways, ways.texts)
        rows = rows_of(found, self._hash_of, number, self.covers.of(found.type), self.covers.own)
        return Share(tuple(rows.items()), words_of(found), atoms_of(found, number, self.covers.own))

    def _shape(self, shares: list[Share]) -> str:
        atoms = frozenset().union(*[share.atoms for share in shares])
        known = self._shapes.get(atoms)
        if known is None:
            known = shape_text(atoms)
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[atoms] = known
        return known

    def _layout(self, type: str) -> Layout:
        known = self._layouts[type] = _layout_of(type, self._registry, self.covers)
        return known


def _layout_of(type: str, registry: SearchParameters, covers: Covers) -> Layout:
    """What others cover entirely is left out."""
    by_key: dict[str, list[Way]] = {}
    across: list[Way] = []
    said: list[tuple[frozenset[str], Way]] = []
    whole: list[Way] = []
    ways = list(_ways(type, registry, covers))
    for way in ways:
        if keys := way.path.keys or _first_key(way.path):
            for key in keys:
                by_key.setdefault(key, []).append(way)
        elif way.components and all(part.path.keys for part in way.components):
            across.append(way)
        elif keys := _keys_said(way.path, type, registry):
            said.append((keys, way))
        else:
            whole.append(way)
    texts = tuple(code for code in FULL_TEXT if code in registry.of(type) and registry.of(type)[code].is_indexed)
    together = frozenset(key for way in across for part in way.components for key in part.path.keys)
    return Layout(
        by_key={key: Ways(tuple(found), texts) for key, found in by_key.items()},
        texts=texts,
        groups=(
            *([Group(together, 2, Ways(tuple(across)))] if across else []),
            *(Group(keys, 0, Ways((way,))) for keys, way in said),
        ),
        whole=Ways(tuple(whole)),
        all=Ways(tuple(ways), texts),
    )


def _ways(type: str, registry: SearchParameters, covers: Covers) -> Iterator[Way]:
    parameters = registry.of(type)
    for code, paths in registry.paths(type).items():
        if not covers.are_all_of(type, code):
            yield from (way_of(parameters[code], path, registry) for path in paths)


_OF_EXTENSION = re.compile(r"[A-Z]\w*\.extension\('[^']*'\)(?:\.\w+(?:\(\w*\))?)*")


def _first_key(path: Path) -> frozenset[str]:
    """The element that a way begins at though the registry does not say so: that of an extension by its URL."""
    return frozenset({"extension"}) if _OF_EXTENSION.fullmatch(path.expression.text) else frozenset()


_PATH_OR_WORD = re.compile(
    r"'[^']*'|(?P<root>[A-Z]\w*)\.(?P<first>[a-z]\w*)(?:\.[a-z]\w*)*|(?P<word>[$%@`]?[A-Za-z]\w*)"
)
_OPERATORS = frozenset({"and", "or", "xor", "implies", "true", "false"})


def _keys_said(path: Path, type: str, registry: SearchParameters) -> frozenset[str]:
    """The keys of all elements that a condition looks at; empty where it may look at others, too.

    ``Patient.deceased.exists() and Patient.deceased != false`` says something of every patient, but depends on
    ``deceased`` alone.
    """
    node = registry.types.node(type)
    keys: set[str] = set()
    for found in _PATH_OR_WORD.finditer(path.expression.text):
        element = node.elements.get(found["first"]) if node and found["root"] == type else None
        if element is not None:
            keys |= json_keys(element)
        elif found["root"] or (found["word"] and found["word"] not in _OPERATORS):
            return frozenset()
    return frozenset(keys)


def _united(shares: list[Share]) -> Rows:
    rows: dict[str, list[Row]] = {}
    words: dict[str, None] = {}
    for share in shares:
        for table, found in share.rows:
            if table in rows:
                rows[table] = rows[table] + found
            else:
                rows[table] = found
        words.update(share.words)
    united = {table: found if len(found) == 1 else list(dict.fromkeys(found)) for table, found in rows.items()}
    if words:
        united["fts"] = [(" ".join(words),)]
    return united


def texts_of(resource: Resource) -> dict[str, bytes]:
    """The elements of a resource as JSON, but for its id, its type, and what of ``meta`` its version says."""
    texts = {key: serialize_json(value) for key, value in resource.items() if key not in _NOT_FOUND_BY}
    if "meta" in texts:
        kept = unstamped({"meta": resource["meta"]})
        if "meta" in kept:
            texts["meta"] = serialize_json(kept["meta"])
        else:
            del texts["meta"]
    return texts
