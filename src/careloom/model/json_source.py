"""JSON text read with patience: where everything stands, and every fault of the text as an issue.

`careloom.model.json` is the fast reader and stops at the first fault. This one is for telling a person what is wrong:
it reads on after comments, stray or missing commas, single quotes, bare words and duplicate keys, says so at
line and column, and only gives up where the brackets no longer make sense, after a thousand faults, or at a depth
that nobody writes. It keeps its own stack, so that the interpreter's does not matter.

Places are kept beside each container, by its identity, as one offset a member; an expression such as
``Patient.name[0].given[1]`` is turned into a place by walking the value again, and only when an issue asks.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from careloom.model.issues import Issue
from careloom.model.late import late_pattern
from careloom.model.numbers import ExactDecimal
from careloom.model.records import dataclass

MAX_DEPTH = 100_000
"""Levels of nesting that are read; what is deeper is an attack on the memory of the reader."""

MAX_FAULTS = 1_000
"""Faults after which a text is given up."""

Path = tuple[str | int, ...]
Steps = tuple[tuple[str, int | None], ...]
Places = dict[str | int, int]

_TOKEN = late_pattern(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<mark>[{}\[\],:])
  | (?P<string>"(?:[^"\\\r\n]|\\.)*")
  | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.+-]))
  | (?P<comment>//[^\r\n]*|/\*.*?\*/)
  | (?P<single>'(?:[^'\\\r\n]|\\.)*')
  | (?P<word>[\w$.+-]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = late_pattern(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CONTROL = late_pattern(r"[\x00-\x1f]")
_SURROGATE = late_pattern("[\ud800-\udfff]")
_WORDS = {"true": True, "false": False, "null": None}
_LOOSE_NUMBER = late_pattern(r"[+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.)$")
_STEP = late_pattern(r"([^.\[\]()]+)(?:\([^)]*\))?(?:\[(\d+)\])?")
_CLOSER = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class JsonSource:
    """What a JSON text says, and where it says it.

    Attributes:
        text: The source text, decoded; without byte order mark.
        value: Plain values as `careloom.model.json.parse_json` gives them; None when nothing could be read.
        issues: Faults of the text, in order of their place, with line and column.
        is_complete: Whether the text was read to its end; the value is partial otherwise.
    """

    text: str
    value: Any
    issues: tuple[Issue, ...]
    is_complete: bool
    _places: Mapping[int, Places]
    _root: int
    _lines: tuple[int, ...]

    def locate(self, expression: str) -> tuple[int, int]:
        """Line and column, both from 1, of the value an expression names, or of the nearest thing above it."""
        return self._position(self._offset(expression))

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _offset(self, expression: str) -> int:
        offset, value = self._root, self.value
        for step in way_to(self.value, expression):
            offset, value = self._places.get(id(value), {}).get(step, offset), value[step]
        return offset

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def read_source(data: bytes, *, allow_comments: bool = False) -> JsonSource:
    """Read JSON text with the places of its values and the faults of its syntax; never raises.

    Args:
        data: The text, UTF-8 with or without byte order mark.
        allow_comments: Take ``//`` and ``/* */`` for granted instead of reporting them.
    """
    text = data.decode("utf-8-sig", "replace")
    reader = _Reader(text, allow_comments)
    if "\ufffd" in text:
        reader.note_bad_bytes(data)
    reader.read()
    lines = line_starts(text)
    name = reader.root.get("resourceType") if isinstance(reader.root, dict) else None
    source = JsonSource(text, reader.root, (), reader.is_complete, reader.places, reader.root_offset, lines)
    issues = tuple(
        Issue("error", "invalid", fault, _expression(name if isinstance(name, str) else "", path), rule="json").at(
            *source._position(offset)
        )
        for offset, path, fault in sorted(reader.faults, key=lambda fault: fault[0])
    )
    return JsonSource(text, reader.root, issues, reader.is_complete, reader.places, reader.root_offset, lines)


def way_to(value: Any, expression: str) -> Path:
    """The keys and indexes that lead to what an expression names, or to the nearest thing above it.

    A choice is found by its name without type. Where a primitive has no such member, what stands beside it may.
    """
    steps = _steps(expression)
    return _straight(value, steps) or _searched(value, steps)


def _straight(value: Any, steps: Steps) -> Path | None:
    """The way where each step names a member by its key and an item by its index, as most do."""
    way: list[str | int] = []
    for name, index in steps:
        if value.__class__ is not dict or name not in value:
            return None
        value = value[name]
        way.append(name)
        if value.__class__ is list:
            if index is None or index >= len(value):
                return None
            value = value[index]
            way.append(index)
    return tuple(way)


def _searched(value: Any, steps: Steps) -> Path:
    way: Path = ()
    found: Path = ()
    sibling, beside = None, way
    for name, index in steps:
        key = _member(value, name)
        if key is None and isinstance(sibling, dict):
            value, way, key = sibling, beside, _member(sibling, name)
        if key is None:
            break
        beside, way = (*way, f"_{key}"), (*way, key)
        found, sibling, value = way, value.get(f"_{key}"), value[key]
        if isinstance(value, list) and (index or 0) < len(value):
            beside, way = (*beside, index or 0), (*way, index or 0)
            found = found if index is None else way
            sibling, value = _item(sibling, index or 0), value[index or 0]
    return found


def line_starts(text: str) -> tuple[int, ...]:
    """The offsets at which the lines of a text begin."""
    if "\n" not in text and "\r" not in text:
        return (0,)
    return (0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text)))


class _StopError(Exception):
    """The text makes no sense from here on."""


@dataclass(slots=True)
class _Frame:
    """A container being read: what it holds, where, and what may come next."""

    opener: str
    container: Any
    places: Places
    key: str | None = None
    last_key: str | None = None
    has_colon: bool = False
    after_value: bool = False
    comma_at: int = -1

    @property
    def awaits_key(self) -> bool:
        return self.opener == "{" and self.key is None


class _Reader:
    """One pass over the tokens of a text; `read` fills root, places and faults."""

    def __init__(self, text: str, allow_comments: bool) -> None:
        self.text = text
        self.root: Any = None
        self.root_offset = 0
        self.places: dict[int, Places] = {}
        self.faults: list[tuple[int, Path, str]] = []
        self.is_complete = False
        self._allow_comments = allow_comments
        self._stack: list[_Frame] = []
        self._has_root = False

    def read(self) -> None:
        try:
            for kind, offset, token in self._tokens():
                self._take(kind, offset, token)
            self._finish()
        except _StopError:
            return
        self.is_complete = True

    def note_bad_bytes(self, data: bytes) -> None:
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8-sig", "replace")
            self._fault(len(before), f"the text is not UTF-8: byte 0x{data[error.start]:02X} {error.reason}")

    def _tokens(self) -> Iterator[tuple[str, int, str]]:
        offset, end = 0, len(self.text)
        while offset < end:
            found = _TOKEN.match(self.text, offset)
            if not found:
                self._stop(offset, self._unreadable(offset))
            assert found is not None
            kind = found.lastgroup or ""
            if kind == "comment":
                if not self._allow_comments:
                    self._fault(offset, "comments are not allowed in JSON")
            elif kind != "space":
                yield kind, offset, found[0]
            offset = found.end()

    def _unreadable(self, offset: int) -> str:
        character = self.text[offset]
        if character in "\"'":
            return "a text is not closed: its quotation mark is missing on this line"
        return f"{character!r} has no place in JSON" if character != "\x00" else "a NUL character has no place in JSON"

    def _take(self, kind: str, offset: int, token: str) -> None:
        if kind == "mark":
            self._take_mark(token, offset)
        elif self._stack and self._stack[-1].awaits_key:
            self._take_key(kind, offset, token)
        else:
            self._put(offset, self._scalar(kind, offset, token))

    def _take_mark(self, mark: str, offset: int) -> None:
        if mark in "{[":
            self._open(mark, offset)
        elif mark in "}]":
            self._close(mark, offset)
        elif mark == ",":
            self._take_comma(offset)
        else:
            self._take_colon(offset)

    def _open(self, mark: str, offset: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            del self._stack[1:]
            self._stop(offset, f"at most {MAX_DEPTH} levels of nesting expected, more found")
        container: Any = {} if mark == "{" else []
        self._put(offset, container)
        places: Places = {}
        self.places[id(container)] = places
        self._stack.append(_Frame(mark, container, places))

    def _close(self, mark: str, offset: int) -> None:
        if not self._stack:
            self._stop(offset, f"{mark!r} closes nothing")
        frame = self._stack[-1]
        if _CLOSER[frame.opener] != mark:
            self._stop(offset, f"{_CLOSER[frame.opener]!r} expected, {mark!r} found")
        if frame.key is not None:
            self._fault(offset, f"the property {frame.key!r} has no value")
        if frame.comma_at >= 0:
            self._fault(frame.comma_at, "a comma too many before the closing bracket")
        self._stack.pop()

    def _take_comma(self, offset: int) -> None:
        if not self._stack:
            self._stop(offset, "a comma outside any object or array")
        frame = self._stack[-1]
        if not frame.after_value:
            self._fault(offset, "a comma too many")
        frame.after_value, frame.comma_at, frame.key = False, offset, None

    def _take_colon(self, offset: int) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is None or frame.key is None or frame.has_colon:
            self._stop(offset, "a colon without a property name before it")
        else:
            frame.has_colon = True

    def _take_key(self, kind: str, offset: int, token: str) -> None:
        frame = self._stack[-1]
        self._note_missing_comma(frame, offset)
        if kind == "string":
            key = self._text(token, offset)
        else:
            key = token.strip("'")
            self._fault(offset, f"the property name {key} must stand in double quotes")
        if key in frame.container:
            self._fault(offset, f"the property {key!r} is given twice")
        frame.key, frame.has_colon, frame.comma_at = key, False, -1

    def _put(self, offset: int, value: Any) -> None:
        if not self._stack:
            if self._has_root:
                self._stop(offset, "nothing more expected after the end of the document")
            self.root, self.root_offset, self._has_root = value, offset, True
            return
        frame = self._stack[-1]
        if frame.opener == "[":
            self._note_missing_comma(frame, offset)
            frame.places[len(frame.container)] = offset
            frame.container.append(value)
        elif frame.key is None:
            self._stop(offset, "a property name expected, a value found")
        else:
            if not frame.has_colon:
                self._fault(offset, f"a colon is missing after {frame.key!r}")
            frame.places[frame.key] = offset
            frame.container[frame.key] = value
            frame.last_key, frame.key = frame.key, None
        frame.after_value, frame.comma_at = True, -1

    def _note_missing_comma(self, frame: _Frame, offset: int) -> None:
        if frame.after_value:
            self._fault(offset, "a comma is missing")
        frame.after_value = False

    def _scalar(self, kind: str, offset: int, token: str) -> Any:
        if kind == "string":
            return self._text(token, offset)
        if kind == "number":
            return _number(token)
        if kind == "single":
            self._fault(offset, "a text must stand in double quotes")
            return self._text(token, offset)
        return self._word(token, offset)

    def _word(self, token: str, offset: int) -> Any:
        if token in _WORDS:
            return _WORDS[token]
        if _LOOSE_NUMBER.match(token):
            self._fault(offset, f"{token} is not a number as JSON writes them")
            return int(token, 16) if "x" in token.lower() else _number(token)
        self._fault(offset, f"the text {token} must stand in double quotes")
        return token

    def _text(self, token: str, offset: int) -> str:
        body = token[1:-1]
        if _CONTROL.search(body):
            self._fault(offset, "control characters in a text must be written as escapes")
        if "\\" not in body:
            return body
        bad = [found[0] for found in _ESCAPE.finditer(body) if not found[1] and found[2] not in _ESCAPED]
        if bad:
            self._fault(offset, f"{bad[0]} is no escape of JSON")
        text = _joined(_ESCAPE.sub(_unescape, body))
        if _SURROGATE.search(text):
            self._fault(offset, "half of a surrogate pair stands alone")
            text = _SURROGATE.sub("\ufffd", text)
        return text

    def _finish(self) -> None:
        if self._stack:
            frame = self._stack[-1]
            self._stop(len(self.text), f"the text ends before its {_CLOSER[frame.opener]!r}")
        if not self._has_root:
            self._stop(0, "an object expected, nothing found")

    def _fault(self, offset: int, message: str) -> None:
        self.faults.append((offset, self._path(), message))
        if len(self.faults) > MAX_FAULTS:
            raise _StopError

    def _stop(self, offset: int, message: str) -> None:
        self._fault(offset, message)
        raise _StopError

    def _path(self) -> Path:
        path: list[str | int] = []
        for frame in self._stack:
            is_top = frame is self._stack[-1]
            if frame.opener == "[" and not is_top:
                path.append(len(frame.container) - 1)
            elif frame.opener == "{" and (frame.key or (frame.last_key and not is_top)):
                path.append(frame.key or frame.last_key or "")
        return tuple(path)


def _joined(text: str) -> str:
    """The text with halves of surrogate pairs that stand side by side made one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _unescape(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _ESCAPED.get(found[2], found[2])


def _number(token: str) -> Any:
    if re.fullmatch(r"[+-]?[0-9]+", token):
        return int(token) if len(token) < 4000 else ExactDecimal(token)
    return ExactDecimal(token)


def _expression(root: str, path: Path) -> str:
    text = root
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None


@lru_cache(maxsize=4_000)
def _steps(expression: str) -> Steps:
    """Names with indexes below the root."""
    steps = _STEP.finditer(expression)
    return tuple((found[1].strip(), int(found[2]) if found[2] else None) for found in steps if found[1] != "ofType")[1:]


def _member(value: Any, name: str) -> str | None:
    """The JSON key by which an object holds an element: its name, with type suffix, or its ``_`` sibling's."""
    if not isinstance(value, dict):
        return None
    if name in value:
        return name
    for key in map(str, value):
        if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            return key
    return f"_{name}" if f"_{name}" in value else None
