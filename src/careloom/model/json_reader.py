"""JSON text read with patience: every value with its place, and every fault of the text.

`careloom.model.json` is the fast reader and stops at the first fault. This one is for telling a person what is wrong:
it reads on after comments, stray or missing commas, single quotes, bare words and duplicate keys, and only gives up
where the brackets no longer make sense, after a thousand faults, or at a depth that nobody writes. It keeps its own
stack, so that the interpreter's does not matter.
"""

import re
from collections.abc import Iterator
from typing import Any

from careloom.model.json_way import Path
from careloom.model.late import late_pattern
from careloom.model.numbers import ExactDecimal
from careloom.model.records import dataclass

MAX_DEPTH = 100_000
"""Levels of nesting that are read; what is deeper is an attack on the memory of the reader."""

MAX_FAULTS = 1_000
"""Faults after which a text is given up."""

Places = dict[str | int, int]
"""Where the members of one container begin, as offsets in the text."""

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
_CLOSER = {"{": "}", "[": "]"}


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


class PatientReader:
    """One pass over the tokens of a text; `read` fills what it tells.

    Attributes:
        root: The value, as far as it could be read.
        root_offset: Where it begins.
        places: Where members are, by the identity of their container.
        faults: Offset, way and message of each.
        is_complete: Whether the text was read to its end.
    """

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
        """Read the text, as far as it makes sense."""
        try:
            for kind, offset, token in self._tokens():
                self._take(kind, offset, token)
            self._finish()
        except _StopError:
            return
        self.is_complete = True

    def note_bad_bytes(self, data: bytes) -> None:
        """Note where the bytes of the text are not UTF-8."""
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
