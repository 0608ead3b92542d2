"""Answers of a terminology server, kept in a SQLite file over restarts.

The key is all that was asked, the value sets included, so that an answer never serves another question. A file that
cannot be read or written costs a question to the server, never an error.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog

DAY = 24 * 60 * 60.0
LIFETIME = 30 * DAY
"""Seconds for which an answer is good."""
MAX_ANSWERS = 500_000
"""Answers kept; when there are more, the oldest tenth goes."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    key BLOB PRIMARY KEY,
    asked REAL NOT NULL,     -- seconds since 1970
    until REAL NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_asked ON answer (asked);
"""

_log = structlog.get_logger(__name__)


class AnswerCache:
    """Answers by question; safe to use from several threads and processes.

    Args:
        file: The SQLite file; made when it is not there. None keeps answers in memory only.
        lifetime: Seconds for which an answer is good, unless it says itself.
        now: Seconds since 1970.
        max_answers: When there are more, the oldest go.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        lifetime: float = LIFETIME,
        now: Callable[[], float] = time.time,
        max_answers: int = MAX_ANSWERS,
    ) -> None:
        self._lifetime = lifetime
        self._now = now
        self._max_answers = max_answers
        self._turn = threading.Lock()
        self._database = _opened(file)

    def get(self, question: bytes) -> bytes | None:
        """The answer to a question, if there is one that is still good."""
        with self._turn:
            try:
                select = "SELECT body FROM answer WHERE key = ? AND until > ?"
                row = self._database.execute(select, (_key(question), self._now())).fetchone()
            except sqlite3.Error as error:
                _log.warning("terminology cache not readable", error=str(error))
                return None
            return row[0] if row else None

    def put(self, question: bytes, body: bytes, lifetime: float | None = None) -> None:
        """Keep an answer, for some seconds or for as long as answers are good."""
        asked = self._now()
        row = _key(question), asked, asked + (self._lifetime if lifetime is None else lifetime), body
        with self._turn:
            try:
                with self._database:
                    self._database.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", row)
                    self._make_room()
            except sqlite3.Error as error:
                _log.warning("terminology cache not writable", error=str(error))

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._database.close()

    def _make_room(self) -> None:
        with closing(self._database.execute("SELECT count(*) FROM answer")) as cursor:
            (count,) = cursor.fetchone()
        if count > self._max_answers:
            oldest = "SELECT key FROM answer ORDER BY asked LIMIT ?"
            gone = (count - self._max_answers + self._max_answers // 10,)
            self._database.execute(f"DELETE FROM answer WHERE key IN ({oldest})", gone)


def _key(question: bytes) -> bytes:
    return hashlib.sha256(question).digest()


def _opened(file: Path | None) -> sqlite3.Connection:
    """The file, or memory where it cannot be opened."""
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return _with_table(str(file))
        except (OSError, sqlite3.Error) as error:
            _log.warning("terminology cache not usable, answers are kept in memory", file=str(file), error=str(error))
    return _with_table(":memory:")


def _with_table(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, timeout=2.0, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # what is lost in a crash is asked again
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database
