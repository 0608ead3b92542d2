"""The evidence file of a run: one JSON line for each thing that happened, each chained to the one before.

A line is ``{"kind", "at", "content", "previous", "hash"}``.
``hash`` is the SHA-256 of ``previous`` and the canonical JSON of kind, instant and content, so a line that is
changed, dropped or moved breaks every line after it, and the last hash, read out in the room, seals the whole run.
"""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import orjson

from careloom.model import parse_json, serialize_json
from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.instants import Clock, instant, utc_now
from careloom.model.records import dataclass, field

GENESIS = "0" * 64
"""What the first line names as the one before it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence, its hash known to be right."""

    kind: str
    at: str
    content: Any
    previous: str
    hash: str


class Store(Protocol):
    """Where lines of evidence are kept; a file in earnest, memory in tests."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    def append(self, line: bytes) -> None:
        """Keep one line; it is safe when this returns."""

    def read(self) -> bytes:
        """Everything kept so far."""
        ...


class Evidence:
    """The evidence of one run, appended to line by line."""

    def __init__(self, store: Store, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._last = GENESIS

    @property
    def name(self) -> str:
        """Where the lines are."""
        return self._store.name

    @property
    def seal(self) -> str:
        """Hash of the last line."""
        return self._last

    def append(self, kind: str, content: Any) -> Line:
        """Chain one line to those before.

        Raises:
            UnavailableError: The store does not take it.
        """
        at = instant(self._clock())
        line = Line(kind, at, content, self._last, _hash(self._last, kind, at, content))
        self._store.append(serialize_json(_as_json(line)) + b"\n")
        self._last = line.hash
        return line

    def text(self) -> bytes:
        """All lines so far, as `read_evidence` reads them."""
        return self._store.read()


@dataclass(slots=True)
class MemoryStore:
    """Keeps lines in memory."""

    name: str = "memory"
    _lines: list[bytes] = field(default_factory=list)

    def append(self, line: bytes) -> None:
        """Keep one line."""
        self._lines.append(line)

    def read(self) -> bytes:
        """Everything kept so far."""
        return b"".join(self._lines)


class FileStore:
    """Keeps lines in a new file; each is on the disk before the call returns."""

    def __init__(self, path: Path) -> None:
        """Make the file.

        Raises:
            UnavailableError: It is there already, or cannot be made.
        """
        self._path = path
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise UnavailableError(f"evidence file {path} cannot be made: {error.strerror}") from error

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def append(self, line: bytes) -> None:
        """Write one line and wait for the disk.

        Raises:
            UnavailableError: The disk does not take it.
        """
        try:
            self._file.write(line)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UnavailableError(f"evidence file {self._path} cannot be written: {error.strerror}") from error

    def read(self) -> bytes:
        """Everything written so far."""
        return self._path.read_bytes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def read_evidence(data: bytes) -> list[Line]:
    """Read an evidence file and check its chain.

    Raises:
        MalformedError: A line is not JSON.
        InvalidError: A line lacks a field, or the chain is broken; names the line, from 1.
    """
    lines: list[Line] = []
    previous = GENESIS
    for number, text in enumerate(data.splitlines(), start=1):
        line = _line(number, parse_json(text))
        if line.previous != previous:
            raise InvalidError(f"line {number}: follows {previous}, but names {line.previous} as the line before it")
        expected = _hash(previous, line.kind, line.at, line.content)
        if line.hash != expected:
            raise InvalidError(f"line {number}: content has the hash {expected}, but claims {line.hash}")
        lines.append(line)
        previous = line.hash
    return lines


def _line(number: int, value: Any) -> Line:
    try:
        return Line(value["kind"], value["at"], value["content"], value["previous"], value["hash"])
    except (TypeError, KeyError) as error:
        raise InvalidError(f"line {number}: kind, at, content, previous and hash expected, {error} missing") from error


def _as_json(line: Line) -> dict[str, Any]:
    return {"kind": line.kind, "at": line.at, "content": line.content, "previous": line.previous, "hash": line.hash}


def _hash(previous: str, kind: str, at: str, content: Any) -> str:
    # Sorted keys make the text one and the same for one and the same content.
    text = orjson.dumps(
        [previous, kind, at, parse_json(serialize_json(content))], default=str, option=orjson.OPT_SORT_KEYS
    )
    return hashlib.sha256(text).hexdigest()
