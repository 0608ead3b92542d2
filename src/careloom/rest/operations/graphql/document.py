"""A GraphQL document, read: queries with fields, arguments, aliases, fragments, variables and directives.

What a query language for reading needs is here: mutations, subscriptions and type definitions are refused. Reading is
by recursive descent over tokens, and bounded in length and depth before anything is carried out.

Source: GraphQL specification, June 2018, sections 2.1 to 2.12.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from careloom.model.errors import MalformedError, NotSupportedError, TooCostlyError
from careloom.model.records import dataclass, field

LONGEST: Final = 64 * 1024
"""Characters of a document."""
DEEPEST: Final = 20
"""Selections inside one another."""
MOST_FRAGMENTS: Final = 100

_TOKEN: Final = re.compile(
    r"""(?P<skipped>[\s,\ufeff]+|\#[^\n\r]*)
    |(?P<name>[_A-Za-z][_0-9A-Za-z]*)
    |(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<block>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\")
    |(?P<string>"(?:[^"\\\n\r]|\\.)*")
    |(?P<mark>\.\.\.|[!$()\[\]{}:=@|&])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name`` in place of a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a selection.

    Attributes:
        name: Of the element.
        alias: What it is called in the answer; its name unless it was given another.
        arguments: By name; values are JSON, or variables.
        directives: Name and arguments of each.
        selections: What is wanted of it; empty for a primitive.
    """

    name: str
    alias: str
    arguments: Mapping[str, Any]
    directives: tuple[tuple[str, Mapping[str, Any]], ...]
    selections: "Selections"


@dataclass(frozen=True, slots=True)
class Spread:
    """A fragment: by its name, or in line with its selections.

    Attributes:
        fragment: Its name; empty where it is in line.
        type: The type it is for; empty for any.
        directives: Name and arguments of each.
        selections: Of a fragment in line.
    """

    fragment: str
    type: str
    directives: tuple[tuple[str, Mapping[str, Any]], ...]
    selections: "Selections" = ()


Selections = tuple[Field | Spread, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document with queries.

    Attributes:
        queries: By name, selections and what its variables stand for where they are not given; a query may be unnamed.
        fragments: By name.
    """

    queries: Mapping[str, tuple[Selections, Mapping[str, Any]]]
    fragments: Mapping[str, Spread]

    def query(self, name: str) -> tuple[Selections, Mapping[str, Any]]:
        """The query by a name, or without one the only query.

        Raises:
            MalformedError: There is none, or the name is lacking.
        """
        if not name and len(self.queries) == 1:
            return next(iter(self.queries.values()))
        if name not in self.queries:
            known = ", ".join(sorted(filter(None, self.queries))) or "none that is named"
            raise MalformedError(f"operationName: one of {known} expected, found {name[:80]!r}")
        return self.queries[name]


def read_document(text: str) -> Document:
    """Read a document.

    Raises:
        MalformedError: It is no GraphQL; the message says where.
        NotSupportedError: It is something else than queries and fragments.
        TooCostlyError: It is over a ceiling.
    """
    if len(text) > LONGEST:
        raise TooCostlyError(f"query: at most {LONGEST} characters are read, found {len(text)}")
    return _Reader(list(_tokens(text))).document()


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and place of each token, with an end."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise MalformedError(f"query: character {at + 1}: GraphQL expected, found {text[at]!r}", expression="query")
        if found.lastgroup != "skipped":
            yield str(found.lastgroup), found[0], at
        at = found.end()
    yield "end", "", at


@dataclass(slots=True)
class _Depths:
    """How deep selections are with the fragments in them, each fragment looked at once.

    Raises:
        MalformedError: By `of`, when a fragment is not there, or uses itself.
    """

    fragments: Mapping[str, Spread]
    _known: dict[str, int] = field(default_factory=dict)
    _within: list[str] = field(default_factory=list)

    def of(self, selections: Selections) -> int:
        """Selections inside one another."""
        return max((self._of_one(each) for each in selections), default=0)

    def _of_one(self, selected: Field | Spread) -> int:
        if isinstance(selected, Field):
            return 1 + self.of(selected.selections)
        return self._of_fragment(selected.fragment) if selected.fragment else self.of(selected.selections)

    def _of_fragment(self, name: str) -> int:
        if name in self._within or name not in self.fragments:
            why = "uses itself" if name in self._within else "is not in the document"
            raise MalformedError(f"query: the fragment {name!r} {why}", expression="query")
        if name not in self._known:
            self._within.append(name)
            self._known[name] = self.of(self.fragments[name].selections)
            self._within.pop()
        return self._known[name]


def _too_deep() -> TooCostlyError:
    return TooCostlyError(f"query: at most {DEEPEST} selections inside one another")


@dataclass(slots=True)
class _Reader:
    """Takes tokens one by one."""

    tokens: list[tuple[str, str, int]]
    _at: int = 0
    _depth: int = 0
    _defaults: dict[str, Any] = field(default_factory=dict)

    def document(self) -> Document:
        queries: dict[str, tuple[Selections, Mapping[str, Any]]] = {}
        fragments: dict[str, Spread] = {}
        while self._kind != "end":
            if self._text == "fragment":
                fragment = self._fragment()
                fragments[fragment.fragment] = fragment
                continue
            name, selections, defaults = self._query()
            if name in queries or (queries and not (name and all(queries))):
                raise self._wrong("queries with a name each")
            queries[name] = selections, defaults
        if not queries:
            raise self._wrong("a query")
        if len(fragments) > MOST_FRAGMENTS:
            raise TooCostlyError(f"query: at most {MOST_FRAGMENTS} fragments are read, found {len(fragments)}")
        depths = _Depths(fragments)
        if any(depths.of(selections) > DEEPEST for selections, _ in queries.values()):
            raise _too_deep()
        return Document(queries, fragments)

    def _query(self) -> tuple[str, Selections, Mapping[str, Any]]:
        if self._text == "{":
            return "", self._selections(), {}
        if self._text != "query":
            raise NotSupportedError(f"query: a query or fragment expected, found {self._text[:80]!r}")
        self._take()
        name = self._take()[1] if self._kind == "name" else ""
        defaults = self._variables() if self._text == "(" else {}
        self._directives()
        return name, self._selections(), defaults

    def _fragment(self) -> Spread:
        self._take()
        name = self._name()
        self._expect("on")
        type = self._name()
        return Spread(name, type, self._directives(), self._selections())

    def _variables(self) -> Mapping[str, Any]:
        """What each declared variable stands for unless it is given; None where nothing is said."""
        found: dict[str, Any] = {}
        self._expect("(")
        while self._text != ")":
            self._expect("$")
            name = self._name()
            self._expect(":")
            self._type()
            found[name] = self._default() if self._text == "=" else None
        self._take()
        return found

    def _default(self) -> Any:
        self._take()
        return self._value(is_constant=True)

    def _type(self) -> None:
        """A type, ``[String!]!``; what it says is of no matter, since search and FHIR say it as well."""
        while self._text == "[":
            self._take()
        self._name()
        while self._text in ("!", "]"):
            self._take()

    def _selections(self) -> Selections:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_deep()
        self._expect("{")
        found: list[Field | Spread] = []
        while self._text != "}":
            found.append(self._spread() if self._text == "..." else self._field())
        self._take()
        self._depth -= 1
        if not found:
            raise self._wrong("a field between braces")
        return tuple(found)

    def _field(self) -> Field:
        name = alias = self._name()
        if self._text == ":":
            self._take()
            name = self._name()
        arguments = self._arguments() if self._text == "(" else {}
        directives = self._directives()
        selections = self._selections() if self._text == "{" else ()
        return Field(name, alias, arguments, directives, selections)

    def _spread(self) -> Spread:
        self._take()
        if self._kind == "name" and self._text != "on":
            return Spread(self._name(), "", self._directives())
        type = ""
        if self._text == "on":
            self._take()
            type = self._name()
        return Spread("", type, self._directives(), self._selections())

    def _directives(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        found = []
        while self._text == "@":
            self._take()
            name = self._name()
            found.append((name, self._arguments() if self._text == "(" else {}))
        return tuple(found)

    def _arguments(self) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        self._expect("(")
        while self._text != ")":
            name = self._name()
            self._expect(":")
            if name in found:
                raise self._wrong(f"the argument {name} once")
            found[name] = self._value()
        self._take()
        return found

    def _list(self, *, is_constant: bool) -> list[Any]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_deep()
        found = []
        while self._text != "]":
            found.append(self._value(is_constant=is_constant))
        self._take()
        self._depth -= 1
        return found

    def _value(self, *, is_constant: bool = False) -> Any:
        kind, text, _ = token = self._take()
        match kind:
            case "string":
                return self._string(token)
            case "block":
                return text[3:-3].replace('\\"""', '"""').strip()
            case "number":
                return json.loads(text)
            case "name":
                return {"true": True, "false": False, "null": None}.get(text, text)
        if text == "$" and not is_constant:
            return Variable(self._name())
        if text == "[":
            return self._list(is_constant=is_constant)
        self._at -= 1
        raise self._wrong("a value")

    def _string(self, token: tuple[str, str, int]) -> str:
        try:
            text = str(json.loads(token[1]))
            text.encode()  # no half of a surrogate pair, which could not be told
            return text
        except ValueError as error:
            self._at -= 1
            raise self._wrong("a string with the escapes of JSON") from error

    def _name(self) -> str:
        if self._kind != "name":
            raise self._wrong("a name")
        return self._take()[1]

    def _expect(self, text: str) -> None:
        if self._text != text:
            raise self._wrong(repr(text))
        self._take()

    def _take(self) -> tuple[str, str, int]:
        token = self.tokens[self._at]
        if token[0] == "end":
            raise self._wrong("more")
        self._at += 1
        return token

    def _wrong(self, expected: str) -> MalformedError:
        _, text, at = self.tokens[self._at]
        found = repr(text[:80]) if text else "the end"
        return MalformedError(f"query: character {at + 1}: {expected} expected, found {found}", expression="query")

    @property
    def _kind(self) -> str:
        return self.tokens[self._at][0]

    @property
    def _text(self) -> str:
        return self.tokens[self._at][1]
