"""The grammar of ``_filter``: text to a small tree, without knowing what its names mean.

::

    filter = test / filter ("and" / "or") filter / ["not"] "(" filter ")"
    test   = path operator value
    path   = name ["[" filter "]"] ["." path] / "_has:" Type ":" name ":" path
    value  = JSON string / anything without white space, ")" and "]"

Source: FHIR R4, 3.1.3 _filter: "Logical expressions are evaluated left to right, with no precedence between "and"
and "or"".
"""

import re
from typing import Literal

from careloom.model import parse_json
from careloom.model.errors import CareloomError, InvalidError, TooCostlyError
from careloom.model.records import dataclass
from careloom.search.escaping import shown
from careloom.search.limits import Limits

OPERATORS = frozenset(
    {"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re"}
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")
_HAS = re.compile(r"_has:(?P<type>[A-Za-z]+):(?P<parameter>[A-Za-z0-9_\-]+):")
_SPACE = re.compile(r"\s*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOKEN = re.compile(r'[^\s)\]"][^\s)\]]*')
_WORD = re.compile(r"[A-Za-z]+(?![\w\-])")


@dataclass(frozen=True, slots=True)
class Path:
    """One name of a path and what comes behind it.

    Attributes:
        name: Code of a search parameter.
        filter: What is in brackets behind it.
        rest: What comes behind the dot.
        has: For ``_has:Type:parameter:``, the type that refers; ``name`` is then its parameter.
    """

    name: str
    filter: "Filter | None" = None
    rest: "Path | None" = None
    has: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """``path operator value``."""

    path: Path
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Negation:
    """``not(filter)``."""

    filter: "Filter"


@dataclass(frozen=True, slots=True)
class Joined:
    """Two filters with an operator between."""

    operator: Literal["and", "or"]
    left: "Filter"
    right: "Filter"


Filter = Test | Negation | Joined


def parse_filter(text: str, limits: Limits) -> Filter:
    """Read a filter.

    Raises:
        InvalidError: Not of this grammar; says where.
        TooCostlyError: Too many tests, or brackets too deep.
    """
    reader = _Reader(text, limits)
    found = reader.filter(0)
    reader.end()
    return found


class _Reader:
    """Reads by recursive descent."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._at = 0
        self._tests = 0

    def filter(self, depth: int) -> Filter:
        """Terms joined by and, or, from left to right."""
        if depth > self._limits.nesting:
            raise TooCostlyError(f"at most {self._limits.nesting} brackets inside one another expected")
        found = self._term(depth)
        while True:
            if self._takes_word("and"):
                found = Joined("and", found, self._term(depth))
            elif self._takes_word("or"):
                found = Joined("or", found, self._term(depth))
            else:
                return found

    def end(self) -> None:
        """Nothing more may follow."""
        self._skip()
        if self._at < len(self._text):
            raise self._error("and, or, or the end")

    def _term(self, depth: int) -> Filter:
        start = self._at
        negated = self._takes_word("not")
        if self._takes("("):
            found = self.filter(depth + 1)
            self._demand(")", "a closing bracket")
            return Negation(found) if negated else found
        self._at = start
        return self._test(depth)

    def _test(self, depth: int) -> Test:
        self._tests += 1
        if self._tests > self._limits.terms:
            raise TooCostlyError(f"at most {self._limits.terms} tests in one _filter expected")
        path = self._path(depth)
        operator = self._match(_WORD, "an operator").lower()
        if operator not in OPERATORS:
            raise InvalidError(f"one of the operators {', '.join(sorted(OPERATORS))} expected, found {shown(operator)}")
        return Test(path, operator, self._value())

    def _path(self, depth: int) -> Path:
        if depth > self._limits.nesting:
            raise TooCostlyError(f"a path of at most {self._limits.nesting} names expected")
        self._skip()
        has = _HAS.match(self._text, self._at)
        if has:
            self._at = has.end()
            return Path(has["parameter"], rest=self._path(depth + 1), has=has["type"])
        name = self._match(_NAME, "the name of a search parameter")
        filter = None
        if self._text.startswith("[", self._at):
            self._at += 1
            filter = self.filter(depth + 1)
            self._demand("]", "a closing bracket ]")
        rest = None
        if self._text.startswith(".", self._at):
            self._at += 1
            rest = self._path(depth + 1)
        return Path(name, filter, rest)

    def _value(self) -> str:
        self._skip()
        quoted = _STRING.match(self._text, self._at)
        if quoted is None:
            return self._match(_TOKEN, "a value")
        self._at = quoted.end()
        try:
            return str(parse_json(quoted[0]))
        except CareloomError as error:
            raise InvalidError(f"a JSON string expected, found {shown(quoted[0])}") from error

    def _match(self, pattern: re.Pattern[str], expected: str) -> str:
        self._skip()
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._error(expected)
        self._at = found.end()
        return found[0]

    def _takes_word(self, word: str) -> bool:
        self._skip()
        found = _WORD.match(self._text, self._at)
        if found is None or found[0].lower() != word:
            return False
        self._at = found.end()
        return True

    def _takes(self, character: str) -> bool:
        self._skip()
        if self._text.startswith(character, self._at):
            self._at += 1
            return True
        return False

    def _demand(self, character: str, expected: str) -> None:
        if not self._takes(character):
            raise self._error(expected)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self, expected: str) -> InvalidError:
        found = shown(self._text[self._at :]) if self._at < len(self._text) else "the end"
        return InvalidError(f"{expected} expected at character {self._at + 1}, found {found}")
