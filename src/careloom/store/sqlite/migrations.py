"""The schema, brought up to date: numbered files, each applied once, in order, and never changed after.

``store/sql/migrations/0001_name.sql`` and so on. The table ``migration`` keeps the number and the checksum of each file
that was applied; a file that has changed since, or a number that this release does not know, stops the opening.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from careloom.model.errors import InvalidError
from careloom.model.instants import Clock, instant

APPLICATION_ID = 0x434C4F4D
"""Marks the file as ours, https://www.sqlite.org/fileformat.html#application_id: the letters CLOM."""

_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the script, in hexadecimal."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """The steps this release knows, in order."""
    folder = files("careloom.store") / "sql" / "migrations"
    found = [(match, file) for file in folder.iterdir() if (match := _FILE_NAME.fullmatch(file.name))]
    steps = [Migration(int(match[1]), match[2], file.read_text("utf-8")) for match, file in found]
    return tuple(sorted(steps, key=lambda step: step.number))


def migrate(connection: sqlite3.Connection, path: Path, clock: Clock, steps: Iterable[Migration]) -> None:
    """Apply the steps that are missing, each in a transaction of its own.

    Raises:
        InvalidError: Not our database, or one of another release; the message says what differs.
    """
    known = {step.number: step for step in steps}
    applied = _applied(connection, path)
    for number, checksum in applied.items():
        _check(known.get(number), number, checksum, path)
    for step in known.values():
        if step.number not in applied:
            _apply(connection, step, clock)


def _applied(connection: sqlite3.Connection, path: Path) -> dict[int, str]:
    """Number to checksum of the steps already taken; none in a file that is still empty."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return {}
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID or "migration" not in tables:
        raise InvalidError(f"{path}: a Careloom database expected, found one of another program")
    return dict(connection.execute("SELECT number, checksum FROM migration ORDER BY number"))


def _check(step: Migration | None, number: int, checksum: str, path: Path) -> None:
    if step is None:
        raise InvalidError(f"{path}: schema step {number} is not known here; the database is of a newer release")
    if step.checksum != checksum:
        raise InvalidError(
            f"{path}: schema step {number} ({step.name}) was applied with checksum {checksum[:12]}, "
            f"this release has {step.checksum[:12]}"
        )


def _apply(connection: sqlite3.Connection, step: Migration, clock: Clock) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in statements_in(step.script):
            connection.execute(statement)
        row = (step.number, step.name, step.checksum, instant(clock()))
        connection.execute("INSERT INTO migration (number, name, checksum, applied) VALUES (?, ?, ?, ?)", row)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def statements_in(script: str) -> Iterator[str]:
    """The statements of a script, one by one: running them as a script would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
