r"""A regular expression as a tree, as far as its cost and an automaton need it.

Python's engine has accepted the pattern before it is read here, so that reading may be generous. What is not understood
becomes an `Opaque`, whose cost is unknown.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from careloom.model.records import dataclass

NO_LIMIT = -1


@dataclass(frozen=True)
class Chars:
    """One character of a set, written as a pattern of its own: ``a``, ``\\d``, ``[^,]``."""

    source: str
    is_case_blind: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """To test one character with."""
        return re.compile(self.source, re.DOTALL | (re.IGNORECASE if self.is_case_blind else 0))

    @cached_property
    def mask(self) -> int:
        """The ASCII characters of the set as bits; bit 128 stands for any others there may be."""
        char = self.source.removeprefix("\\") if not self.source[-1].isalnum() else self.source
        if len(char) == 1 and self.source != "." and not self.is_case_blind:
            return 1 << min(ord(char), 128)
        found = sum(1 << code for code in range(128) if self.pattern.fullmatch(chr(code)))
        return found if self._is_plain() else found | 1 << 128

    def _is_plain(self) -> bool:
        """Whether no character beyond ASCII is in the set, for certain."""
        return not self.is_case_blind and self.source.isascii() and not re.search(r"\\|^\[\^|^\.$", self.source)


@dataclass(frozen=True)
class Place:
    """A place between characters: ``^ $ \\A \\Z \\b \\B``."""

    source: str


@dataclass(frozen=True)
class Sequence:
    """Parts one after another; none match the empty text."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Choice:
    """One of several branches."""

    branches: tuple["Tree", ...]


@dataclass(frozen=True)
class Repeat:
    """A body from ``least`` to ``most`` times; ``most`` is `NO_LIMIT` where there is none."""

    body: "Tree"
    least: int
    most: int


@dataclass(frozen=True)
class Look:
    """What is held against the text beside the way: looking ahead or behind, or a reference back to a group."""

    body: "Tree"


@dataclass(frozen=True)
class Opaque:
    """What is not understood here, such as a group that is not given back."""

    source: str


Tree: TypeAlias = Chars | Place | Sequence | Choice | Repeat | Look | Opaque

_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+]?)")
_FLAGS = re.compile(r"\(\?([isu]+)\)")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|0[0-7]{0,2}|.)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|(?!\?))")
_LOOK = re.compile(r"\(\?<?[=!]")
_BACK = re.compile(r"\(\?P=\w+\)")
_COMMENT = re.compile(r"\(\?#[^)]*\)")
_REFERENCE = Look(Sequence(()))
_SIMPLE = {"*": (0, NO_LIMIT), "+": (1, NO_LIMIT), "?": (0, 1)}


def read_pattern(text: str) -> Tree:
    """The tree of a pattern that Python's `re` accepts."""
    flags = _FLAGS.match(text)
    reader = _Reader(text, flags.end() if flags else 0, is_case_blind=bool(flags and "i" in flags[1]))
    try:
        tree = reader.choice()
    except RecursionError:
        return Opaque(text)
    return tree if reader.at == len(text) else Opaque(text)


class _Reader:
    def __init__(self, text: str, at: int, *, is_case_blind: bool) -> None:
        self.text = text
        self.at = at
        self._is_case_blind = is_case_blind

    def choice(self) -> Tree:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Tree:
        return Sequence(tuple(self._parts()))

    def _parts(self) -> Iterator[Tree]:
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if not self._matched(_COMMENT):
                yield self._repeated(self._atom())

    def _repeated(self, body: Tree) -> Tree:
        found = _QUANTIFIER.match(self.text, self.at)
        if not found or not any(found.groups()[:4]):
            return body
        self.at = found.end()
        sign, least, comma, most, manner = found.groups()
        if manner == "+":  # keeps what it took, so that it is not the plain repetition it looks like
            return Opaque(found[0])
        if sign:
            return Repeat(body, *_SIMPLE[sign])
        fewest = int(least or 0)
        return Repeat(body, fewest, int(most) if most else NO_LIMIT if comma else fewest)

    def _atom(self) -> Tree:
        char = self.text[self.at]
        if char == "(":
            return self._group()
        if char in "^$":
            self.at += 1
            return Place(char)
        for shape in (_CLASS, _ESCAPE) if char in "[\\" else ():
            if source := self._matched(shape):
                return self._escape(source) if shape is _ESCAPE else self._chars(source)
        self.at += 1
        return self._chars(char if char == "." else re.escape(char))

    def _escape(self, source: str) -> Tree:
        if source[1] in "AZbB":
            return Place(source)
        if source[1] in "123456789":
            return _REFERENCE
        return self._chars(source)

    def _group(self) -> Tree:
        if self._matched(_BACK):
            return _REFERENCE
        is_look = self._matched(_LOOK)
        if not is_look and not self._matched(_GROUP):
            source, self.at = self.text[self.at :], len(self.text)
            return Opaque(source)
        body = self.choice()
        self._take(")")
        return Look(body) if is_look else body

    def _chars(self, source: str) -> Chars:
        return Chars(source, self._is_case_blind)

    def _take(self, char: str) -> bool:
        found = self.text.startswith(char, self.at)
        self.at += found
        return found

    def _matched(self, shape: re.Pattern[str]) -> str:
        found = shape.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""
