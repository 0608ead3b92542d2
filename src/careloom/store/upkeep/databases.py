"""Databases as upkeep sees them: all rows of a table out of one snapshot, or into an empty database."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from careloom.model.errors import ConflictError, NotFoundError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.search import SearchParameters
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.upkeep.tables import Table

if TYPE_CHECKING:
    from careloom.store.source import StoreSource

Row = tuple[Any, ...]

_AT_ONCE = 2_000


class Database(Protocol):
    """A database that is open for upkeep.

    Attributes:
        kind: ``sqlite`` or ``postgresql``.
        place: For people.
        connection: To look things up.
        dialect: How it says things.
    """

    kind: str
    place: str
    connection: Connection
    dialect: Dialect

    def rows(self, table: Table) -> Iterator[Row]:
        """All rows of a table."""
        ...

    def stream(self, select: str) -> Iterator[Row]:
        """The rows of a statement without values, as they are asked for."""
        ...

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """Write rows into a table that is empty."""
        ...

    def clear(self, table: str) -> None:
        """Drop all rows of a table of the search index."""
        ...

    def faults(self) -> Iterator[str]:
        """What the database itself finds wrong with its files; nothing where it is not to be asked."""
        ...


@contextmanager
def snapshot(source: "StoreSource") -> Iterator[Database]:
    """A database to read from, all of it as of one moment, while hubs go on writing.

    Raises:
        NotFoundError: There is none.
        UnavailableError: It cannot be read.
        InvalidError: It is another program's, or its schema is not that of this release.
    """
    with _postgres_snapshot(source) if source.is_postgres else _sqlite_snapshot(source.file) as database:
        yield database


@contextmanager
def alone(source: "StoreSource", *, is_new: bool = False) -> Iterator[None]:
    """Keep every hub out of an SQLite file; a PostgreSQL database is shared, and nobody is kept out of it.

    Args:
        source: The database.
        is_new: Whether it is to be made; then its folder is, too.

    Raises:
        UnavailableError: A hub has the file, or the folder is missing or cannot be made.
    """
    if not source.is_sqlite:
        yield
        return
    if is_new:
        source.make_folder()
    from careloom.store.sqlite.lock import HubLock  # noqa: PLC0415  only here

    lock = HubLock(source.file)
    try:
        yield
    finally:
        lock.release()


def require_stopped(source: "StoreSource") -> None:
    """See that no hub writes to a PostgreSQL database; who is `alone` with an SQLite file knows.

    Raises:
        UnavailableError: One has it open.
    """
    if source.is_postgres:
        from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

        upkeep.require_no_hub(source.server())


@contextmanager
def opened(source: "StoreSource") -> Iterator[Database]:
    """A database to write to, with nobody else writing; what is written is kept if the block ends well, else nothing.

    Raises:
        NotFoundError: There is none.
        UnavailableError: It cannot be written, or another hub has the file.
        InvalidError: It is another program's, or its schema is not that of this release.
    """
    with _postgres_opened(source) if source.is_postgres else _sqlite_opened(source.file) as database:
        yield database


@contextmanager
def vacant(source: "StoreSource", parameters: SearchParameters, clock: Clock = utc_now) -> Iterator[Database]:
    """An empty database with a schema of this release; what is filled in is kept if the block ends well, else nothing.

    Raises:
        ConflictError: There is a record in it already.
        UnavailableError: It cannot be written.
    """
    chosen = _postgres_vacant(source, clock) if source.is_postgres else _sqlite_vacant(source.file, parameters, clock)
    with chosen as database:
        yield database


# SQLite


class SqliteDatabase:
    """An SQLite file, see `Database`."""

    kind = "sqlite"

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        from careloom.store.sqlite.dialect import DIALECT  # noqa: PLC0415  only here

        self.connection: Connection = connection
        self.dialect = DIALECT
        self.place = place

    def rows(self, table: Table) -> Iterator[Row]:
        """As in the protocol."""
        return self.stream(table.select)

    def stream(self, select: str) -> Iterator[Row]:
        """As in the protocol."""
        return iter(self.connection.execute(select))

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """As in the protocol."""
        marks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"
        self.connection.executemany(statement, rows)

    def clear(self, table: str) -> None:
        """As in the protocol; a full-text table without contents has a statement of its own."""
        self.connection.execute(
            f"INSERT INTO {table} ({table}) VALUES ('delete-all')" if table == "fts" else f"DELETE FROM {table}"
        )

    def faults(self) -> Iterator[str]:
        """As in the protocol; pages, cells and indexes are held against each other."""
        for (told,) in self.stream("PRAGMA integrity_check"):
            yield from (line for line in told.splitlines() if line != "ok" and not line.startswith("***"))


@contextmanager
def _sqlite_snapshot(path: Path) -> Iterator[Database]:
    from careloom.store.sqlite.connection import connect_reader  # noqa: PLC0415  only here
    from careloom.store.sqlite.migrations import require_current  # noqa: PLC0415

    if not path.is_file():
        raise NotFoundError(f"{path}: no database there")
    with _sqlite_errors(path):
        connection = connect_reader(path)
        try:
            require_current(connection, path)
            connection.execute("BEGIN")
            yield SqliteDatabase(connection, str(path))
        finally:
            connection.close()


@contextmanager
def _sqlite_opened(path: Path) -> Iterator[Database]:
    from careloom.store.sqlite.connection import connect_writer  # noqa: PLC0415  only here
    from careloom.store.sqlite.migrations import require_current  # noqa: PLC0415

    if not path.is_file():
        raise NotFoundError(f"{path}: no database there")
    with _sqlite_errors(path):
        connection = connect_writer(path)
        try:
            require_current(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteDatabase(connection, str(path))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


@contextmanager
def _sqlite_vacant(path: Path, parameters: SearchParameters, clock: Clock) -> Iterator[Database]:
    """A file beside, which takes the name when it is complete and synchronised."""
    from careloom.store.sqlite.connection import make_private  # noqa: PLC0415  only here
    from careloom.store.sqlite.migrations import migrate, migrations  # noqa: PLC0415
    from careloom.store.sqlite.rebuilding import steps  # noqa: PLC0415

    _require_vacant(path)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        make_private(draft)
        with _sqlite_errors(path):
            connection = sqlite3.connect(draft, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = OFF")
                migrate(connection, draft, clock, migrations(), steps(parameters))
                connection.execute("BEGIN")
                yield SqliteDatabase(connection, str(path))
                connection.execute("COMMIT")
            finally:
                connection.close()
        _synchronise(draft)
        draft.rename(path)
        _synchronise(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _require_vacant(path: Path) -> None:
    """See that no database is there, nor the log of one: SQLite would write that into the next file by its name.

    Raises:
        ConflictError: One is.
    """
    if path.exists():
        raise ConflictError(f"{path}: there is a database already; restore to another name, or move it away first")
    for left in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")):
        if left.exists():
            told = "belongs to a database that was there, and may hold its last commits"
            raise ConflictError(f"{left}: {told}; move it away with that database, or remove it")


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    from careloom.store.sqlite.failures import is_failure, unavailable  # noqa: PLC0415  only here

    try:
        yield
    except sqlite3.Error as error:
        if is_failure(error):
            raise unavailable(path, error) from error
        raise


def _synchronise(path: Path) -> None:
    try:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise UnavailableError(f"{path}: the disk does not confirm what was written: {error.strerror}") from error


# PostgreSQL


@contextmanager
def _postgres_snapshot(source: "StoreSource") -> Iterator[Database]:
    from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

    with upkeep.snapshot(source.server()) as database:
        yield database


@contextmanager
def _postgres_opened(source: "StoreSource") -> Iterator[Database]:
    from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

    with upkeep.opened(source.server()) as database:
        yield database


@contextmanager
def _postgres_vacant(source: "StoreSource", clock: Clock) -> Iterator[Database]:
    from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

    with upkeep.vacant(source.server(), clock) as database:
        yield database


def in_lots(rows: Iterable[Row], size: int = _AT_ONCE) -> Iterator[list[Row]]:
    """The rows, so many at a time."""
    waiting = iter(rows)
    while some := list(islice(waiting, size)):
        yield some
