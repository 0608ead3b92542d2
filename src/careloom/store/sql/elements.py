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
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson

from careloom.model import Resource, serialize_json
from careloom.search.elements import json_keys
from careloom.search.index import FULL_TEXT, Way, gather, way_of
from careloom.search.parameters import Path
from careloom.search.registry import SearchParameters
from careloom.store.hashing import Hash, remembering
from careloom.store.recording import unstamped
from careloom.store.sql.covering import Covers
from careloom.store.sql.keys import shape_text
from careloom.store.sql.likeness import Likeness
from careloom.store.sql.postings import Finding, Number, Row, Rows

LONGEST = 2_048
"""Bytes of an element that is remembered."""

MOST = 2_000
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
        is_plain: Whether each item of a list is read by itself, whatever else there is.
    """

    ways: tuple[Way, ...] = ()
    texts: tuple[str, ...] = ()
    known: Memory = field(default_factory=Memory)
    is_plain: bool = True


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
        self._likeness = Likeness(hash_of)
        self.covers = Covers(registry)
        self._layouts: dict[str, Layout] = {}
        self._shapes: dict[tuple[frozenset[str], ...], str] = {}

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
        shares = self._shares(resource, texts, number, is_lasting)
        return _united(shares), self._shape(shares)

    def rows_by(self, codes: Collection[str], resource: Resource, number: Number) -> Rows:
        """The rows of some parameters alone."""
        ways = tuple(way for way in self._layout(resource["resourceType"]).all.ways if way.parameter.code in codes)
        return dict(self._worked_out(resource, Ways(ways), number).rows)

    def _shares(
        self, resource: Resource, texts: Mapping[str, bytes], number: Number, is_lasting: Lasting
    ) -> list[Share]:
        layout = self._layout(resource["resourceType"])
        if "contained" in resource:  # a reference to what is contained depends on two elements
            return [self._worked_out(resource, layout.all, number)]
        by_key = layout.by_key
        shares: list[Share] = []
        for key, text in texts.items():
            ways = by_key.get(key) or layout.ways(key)
            shares.append(ways.known.get(text) or self._learnt(resource, number, is_lasting, ways, (key,), text))
        for group in layout.groups:
            keys = tuple(key for key in texts if key in group.keys)
            if len(keys) >= group.least:
                text = b"\n".join([key.encode() + b":" + texts[key] for key in keys])
                ways = group.ways
                shares.append(ways.known.get(text) or self._learnt(resource, number, is_lasting, ways, keys, text))
        if layout.whole.ways or not texts:
            shares.append(self._worked_out(resource, layout.whole, number))
        return shares

    def _learnt(  # noqa: PLR0917  all that a share depends on
        self, resource: Resource, number: Number, is_lasting: Lasting, ways: Ways, keys: tuple[str, ...], text: bytes
    ) -> Share:
        """The share of some elements, worked out, and remembered if that can be."""
        type = resource["resourceType"]
        value = resource[keys[0]] if len(keys) == 1 else None
        if value.__class__ is list and len(value) > 1 and ways.is_plain:
            found = _joined([self._item(type, number, is_lasting, ways, keys[0], item) for item in value])
        else:
            part = {"resourceType": type, **{key: resource[key] for key in keys}}
            found = self._worked_out(part, ways, number)
        if is_lasting():
            ways.known.keep(text, found)
        return found

    def _item(  # noqa: PLR0917  as above
        self, type: str, number: Number, is_lasting: Lasting, ways: Ways, key: str, item: Any
    ) -> Share:
        """The share of an item of a list: that of the list with nothing else in it."""
        text = b"[" + serialize_json(item) + b"]"
        known = ways.known.get(text)
        if known is None:
            known = self._likeness.share(
                (type, key),
                item,
                lambda each: self._worked_out({"resourceType": type, key: [each]}, ways, number),
                is_lasting=is_lasting(),
            )
            if is_lasting():
                ways.known.keep(text, known)
        return known

    def _worked_out(self, part: Resource, ways: Ways, number: Number) -> Share:
        type = part["resourceType"]
        found = Finding(type, self._hash_of, number, self.covers.of(type), self.covers.own)
        gather(part, ways.ways, ways.texts, found)
        rows = tuple((table, list(each)) for table, each in found.rows.items() if each)
        return Share(rows, found.words, found.atoms())

    def _shape(self, shares: list[Share]) -> str:
        by_share = tuple(map(_ATOMS, shares))
        known = self._shapes.get(by_share)
        if known is None:
            known = shape_text(frozenset().union(*by_share))
            if len(self._shapes) < _MOST_SHAPES:
                self._shapes[by_share] = known
        return known

    def _layout(self, type: str) -> Layout:
        known = self._layouts.get(type)
        if known is None:
            known = self._layouts[type] = _layout_of(type, self._registry, self.covers)
        return known


_ATOMS = attrgetter("atoms")


def _layout_of(type: str, registry: SearchParameters, covers: Covers) -> Layout:
    """What others say entirely is left out."""
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
        by_key={key: Ways(tuple(found), texts, is_plain=all(map(_is_plain, found))) for key, found in by_key.items()},
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
        if covers.has_rows(type, code):
            yield from (way_of(parameters[code], path, registry) for path in paths)


def _is_plain(way: Way) -> bool:
    """Whether it goes from key to key, so that no item of a list is looked at with another."""
    return way.path.walk is not None and all(map(_is_plain, way.components))


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


def _joined(shares: list[Share]) -> Share:
    """What several elements add."""
    words: dict[str, None] = {}
    for share in shares:
        words.update(share.words)
    return Share(tuple(_rows(shares).items()), words, frozenset().union(*map(_ATOMS, shares)))


def _united(shares: list[Share]) -> Rows:
    rows = _rows(shares)
    words: dict[str, None] = {}
    for share in shares:
        if share.words:
            words.update(share.words)
    if words:
        rows["fts"] = [(" ".join(words),)]
    return rows


def _rows(shares: list[Share]) -> dict[str, list[Row]]:
    """The rows of all shares, none of them twice."""
    rows: dict[str, list[Row]] = {}
    is_joined = False
    for share in shares:
        for table, found in share.rows:
            if table in rows:
                rows[table] = rows[table] + found
                is_joined = True
            else:
                rows[table] = found
    if not is_joined:
        return rows
    return {table: found if len(found) == 1 else list(dict.fromkeys(found)) for table, found in rows.items()}


def texts_of(resource: Resource) -> tuple[dict[str, bytes], bytes]:
    """The elements of a resource as JSON, but for its id, its type, and what of ``meta`` its version says.

    Returns:
        The elements by key, and the JSON of a resource that they make up with its type: the body.
    """
    texts: dict[str, bytes] = {}
    parts = [_beginning(resource["resourceType"])]
    for key, value in resource.items():
        if key in _NOT_FOUND_BY:
            continue
        if key == "meta":
            kept = unstamped({"meta": value})
            if "meta" not in kept:
                continue
            value = kept["meta"]  # noqa: PLW2901  what is left of it
        text = texts[key] = _json(value)
        parts += (_member(key), text)
    parts.append(b"}")
    return texts, b"".join(parts)


def _json(value: Any) -> bytes:
    """As `serialize_json`, at once where there are no decimals in it."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return serialize_json(value)


@lru_cache(maxsize=200)
def _beginning(type: str) -> bytes:
    """What a body of a type begins with."""
    return b'{"resourceType":' + serialize_json(type)


@lru_cache(maxsize=2_000)
def _member(key: str) -> bytes:
    """What stands before the value of a member."""
    return b"," + serialize_json(key) + b":"
