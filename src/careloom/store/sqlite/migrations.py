"""The schema of an SQLite file, brought up to date by the steps of `careloom.store.sql.schema`."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from careloom.model.errors import InvalidError
from careloom.model.instants import Clock
from careloom.store.sql.schema import Migration, enter, migrations, missing, taken

__all__ = ["Migration", "migrate", "migrations", "require_current"]

APPLICATION_ID = 0x434C4F4D
"""Marks the file as ours, https://www.sqlite.org/fileformat.html#application_id: the letters CLOM."""

Then = Callable[[sqlite3.Connection], None]
"""What is done in the transaction of a step behind its script."""


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    clock: Clock,
    steps: Iterable[Migration],
    then: Mapping[int, Then] = MappingProxyType({}),
) -> None:
    """Apply the steps that are missing, all in one transaction.

    Args:
        connection: To the database.
        path: The file, for messages.
        clock: Tells when.
        steps: All there are.
        then: By the number of a step, what its script leaves to be done.

    Raises:
        InvalidError: Not our database, or one of another release; the message says what differs.
    """
    wanted = missing(steps, applied(connection, path), path)
    if not wanted:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for step in wanted:
            _apply(connection, step, clock, then.get(step.number))
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def require_current(connection: sqlite3.Connection, path: Path) -> None:
    """See that all steps are taken.

    Raises:
        InvalidError: Some are not, or it is not our database.
    """
    found = applied(connection, path)
    if not found or missing(migrations(), found, path):
        raise InvalidError(f"{path}: a schema of this release expected; run `careloom db upgrade` first")


def applied(connection: sqlite3.Connection, path: Path) -> dict[int, str]:
    """Number to checksum of the steps already taken; none in a file that is still empty."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return {}
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID or "migration" not in tables:
        raise InvalidError(f"{path}: a Careloom database expected, found one of another program")
    return taken(connection)


def _apply(connection: sqlite3.Connection, step: Migration, clock: Clock, then: Then | None) -> None:
    for statement in statements_in(step.script):
        connection.execute(statement)
    if then:
        then(connection)
    enter(connection, step, clock)


def statements_in(script: str) -> Iterator[str]:
    """The statements of a script, one by one: running them as a script would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
