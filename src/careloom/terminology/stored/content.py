"""A large code system on disk, answered from its table."""

import sqlite3
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from careloom.model import parse_json
from careloom.model.errors import UnavailableError
from careloom.terminology.concept import Concept

_FIND = "SELECT key, number, code, display, parents, status FROM concept WHERE key = ?"
_ALL = """
SELECT key, number, code, display, parents, status
FROM more CROSS JOIN concept USING (key, number) ORDER BY more.number
"""
_NUMBER = "SELECT number FROM concept WHERE key = ?"
_KEY = "SELECT key FROM more WHERE number = ?"
_DETAIL = "SELECT detail FROM more WHERE number = ?"
_ANCESTORS = "SELECT ancestors FROM concept CROSS JOIN more USING (number) WHERE concept.key = ?"
_DESCENDANTS = """
WITH RECURSIVE below (number) AS (
    SELECT child FROM edge WHERE parent = (SELECT number FROM concept WHERE key = ?)
    UNION
    SELECT child FROM edge JOIN below ON parent = below.number
)
SELECT key FROM more JOIN below USING (number) ORDER BY number
"""
_MAPPED = 512 * 1024 * 1024
"""Bytes of the file that are mapped into memory; the system gives them back when it needs them."""
_REMEMBERED = 8192
"""Concepts that are kept, since one question often asks for the same concept more than once."""


class StoredContent:
    """A code system of the store, as `careloom.terminology.content.CodeSystemContent`.

    The file does not change once it is there, and is opened so that SQLite takes no locks; each thread has its own
    connection.

    Raises:
        UnavailableError: The file is no table of a code system, or cannot be read.
    """

    is_supplement = False

    def __init__(self, file: Path) -> None:
        self.file = file
        self._local = threading.local()
        try:
            row = self._database.execute("SELECT * FROM code_system").fetchone()
        except sqlite3.Error as error:
            raise UnavailableError(f"{file}: a table of a code system expected: {error}") from error
        if row is None:
            raise UnavailableError(f"{file}: a table of a code system expected, it is empty")
        self.url, self.version, self.title = map(str, row[:3])
        self.is_complete, self.is_case_sensitive = map(bool, row[3:5])
        self.property_codes = frozenset[str](parse_json(row[5]))
        self.count = int(row[6])
        self.find: Callable[[str], Concept | None] = lru_cache(maxsize=_REMEMBERED)(self.read)
        self._above: Callable[[str], array[int]] = lru_cache(maxsize=_REMEMBERED)(self._ancestors)
        self.below: Callable[[str], Callable[[str], bool]] = lru_cache(maxsize=1024)(self._below)

    def read(self, code: str) -> Concept | None:
        """The concept of a code, or None; `find` gives the same and remembers it."""
        row = self._cursor.execute(_FIND, (code if self.is_case_sensitive else code.lower(),)).fetchone()
        return self._concept(row) if row else None

    def concepts(self) -> Iterator[Concept]:
        """Every concept, those above first."""
        return map(self._concept, self._database.execute(_ALL))

    def descendants(self, code: str) -> Iterator[str]:
        """The codes below a code at any depth, those above first."""
        keys = (row[0] for row in self._database.execute(_DESCENDANTS, (self._key(code),)))
        return keys if self.is_case_sensitive else map(self._as_written, keys)

    def ancestors(self, code: str) -> list[str]:
        """The codes above a code at any depth, those above first."""
        keys = [self._database.execute(_KEY, (number,)).fetchone()[0] for number in self._ancestors(code)]
        return keys if self.is_case_sensitive else list(map(self._as_written, keys))

    def _below(self, code: str) -> Callable[[str], bool]:
        row = self._database.execute(_NUMBER, (self._key(code),)).fetchone()
        if row is None:
            return lambda other: False
        number = row[0]
        return lambda other: number in self._above(other)

    def _ancestors(self, code: str) -> "array[int]":
        numbers = array("I")
        row = self._cursor.execute(_ANCESTORS, (self._key(code),)).fetchone()
        numbers.frombytes(row[0] if row else b"")
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def _key(self, code: str) -> str:
        return code if self.is_case_sensitive else code.lower()

    def _as_written(self, key: str) -> str:
        concept = self.find(key)
        return concept.code if concept else key

    def _concept(self, row: tuple[str, int, str | None, str, str, int]) -> Concept:
        key, number, code, display, parents, status = row
        return Concept(
            code or key,
            display,
            tuple(parents.split("\n")) if parents else (),
            status & 1 != 0,
            status & 2 != 0,
            partial(self._detail, number),
        )

    def _detail(self, number: int) -> Mapping[str, Any]:
        (text,) = self._database.execute(_DETAIL, (number,)).fetchone()
        return parse_json(text) if text else {}

    @property
    def _database(self) -> sqlite3.Connection:
        return self._cursor.connection

    @property
    def _cursor(self) -> sqlite3.Cursor:
        """The cursor of this thread; making one for each question would cost a third of the answer."""
        try:
            return self._local.cursor  # type: ignore[no-any-return]  # threading.local has no types
        except AttributeError:
            self._local.cursor = cursor = self._connect().cursor()
            return cursor

    def _connect(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(f"file:{quote(str(self.file.absolute()))}?mode=ro&immutable=1", uri=True)
            database.execute(f"PRAGMA mmap_size = {_MAPPED}")
        except sqlite3.Error as error:
            raise UnavailableError(f"{self.file}: cannot be read: {error}") from error
        return database
