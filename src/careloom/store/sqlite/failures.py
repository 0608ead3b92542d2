"""Which errors of SQLite say that the disk or file is at fault, and how they are told."""

import sqlite3
from pathlib import Path

from careloom.model.errors import UnavailableError

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not read or write",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_PERM: "the file's permissions forbid it",
    sqlite3.SQLITE_BUSY: "the file is locked by another program",
    sqlite3.SQLITE_LOCKED: "a table is locked",
    sqlite3.SQLITE_PROTOCOL: "the file is locked by another program",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
}
"""By primary result code; any other error is a mistake of ours and stays what it is."""


def is_failure(error: BaseException) -> bool:
    """Whether the disk, the file or memory failed, rather than a statement of ours."""
    return _primary(error) in _REASONS


def is_failed_sync(error: BaseException) -> bool:
    """Whether the disk did not confirm what it was given; what it holds since then cannot be known."""
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)


def unavailable(path: Path, error: BaseException) -> UnavailableError:
    """The failure as it is told: file, reason, and the words of SQLite."""
    return UnavailableError(f"{path}: {_REASONS[_primary(error)]} ({error})")


def _primary(error: BaseException) -> int:
    """The low byte of the result code, https://www.sqlite.org/rescode.html; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
