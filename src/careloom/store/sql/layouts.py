"""Which ways of the search parameters begin at which element of a resource, worked out once for each type."""

import re
from collections.abc import Iterator

from careloom.model.records import dataclass, field
from careloom.search.elements import json_keys
from careloom.search.index import FULL_TEXT, Way, way_of
from careloom.search.parameters import Path
from careloom.search.registry import SearchParameters
from careloom.store.sql.covering import Covers
from careloom.store.sql.remembered import Remembered
from careloom.store.sql.shares import Share

LONGEST = 2_048
"""Bytes of an element that is remembered."""

MOST = 2_000
"""Texts of an element that are remembered before those that were not asked for again are forgotten."""

_MOST_KEYS = 1_000


class Memory(Remembered[bytes, Share]):
    """Shares by the text they are of, unless it is long."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(MOST)

    def keep(self, text: bytes, share: Share) -> None:
        """As in the base class."""
        if len(text) <= LONGEST:
            super().keep(text, share)


@dataclass(frozen=True, slots=True)
class Ways:
    """What is read to work out a share: paths of parameters, and which words.

    Attributes:
        ways: The paths.
        texts: Codes of the parameters that look at words.
        known: What is remembered.
        is_plain: Whether each item of a list is read by itself, whatever else there is.
        is_indifferent: Whether they lead to the same places whatever addresses, identifiers and dates are there.
    """

    ways: tuple[Way, ...] = ()
    texts: tuple[str, ...] = ()
    known: Memory = field(default_factory=Memory)
    is_plain: bool = True
    is_indifferent: bool = False


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
            known = Ways((), self.texts, is_indifferent=True)
            if len(self.by_key) < _MOST_KEYS:
                self.by_key[key] = known
        return known


def layout_of(type: str, registry: SearchParameters, covers: Covers) -> Layout:
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
        by_key={key: _together(found, texts) for key, found in by_key.items()},
        texts=texts,
        groups=(
            *([Group(together, 2, Ways(tuple(across)))] if across else []),
            *(Group(keys, 0, Ways((way,))) for keys, way in said),
        ),
        whole=Ways(tuple(whole)),
        all=_together(ways, texts),
    )


def _together(ways: list[Way], texts: tuple[str, ...]) -> Ways:
    return Ways(tuple(ways), texts, is_plain=all(map(_is_plain, ways)), is_indifferent=all(map(_is_indifferent, ways)))


def _ways(type: str, registry: SearchParameters, covers: Covers) -> Iterator[Way]:
    parameters = registry.of(type)
    for code, paths in registry.paths(type).items():
        if covers.has_rows(type, code):
            yield from (way_of(parameters[code], path, registry) for path in paths)


def _is_plain(way: Way) -> bool:
    """Whether it goes from key to key, so that no item of a list is looked at with another."""
    return way.path.walk is not None and all(map(_is_plain, way.components))


_CHOOSES = re.compile(r"where\(\s*(?:reference|identifier|value|query|start|end)\b")


def _is_indifferent(way: Way) -> bool:
    """Whether it goes from key to key, and chooses by nothing that tells alike elements apart."""
    return _is_plain(way) and not any(_CHOOSES.search(part.path.expression.text) for part in (way, *way.components))


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
