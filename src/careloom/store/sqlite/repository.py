"""The record in one SQLite file: readers, one writer, and what is kept for notify."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from careloom.model.errors import MalformedError, NotSupportedError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.search import Query, SearchParameters
from careloom.store.ids import Sequence, new_id, recorded_at
from careloom.store.paging import Position
from careloom.store.port import Change, Page, Turn, Version
from careloom.store.sqlite.connection import WriterConnection, connect_writer
from careloom.store.sqlite.events import SqliteEventLog
from careloom.store.sqlite.failures import is_failure, unavailable
from careloom.store.sqlite.lock import HubLock
from careloom.store.sqlite.migrations import migrate, migrations
from careloom.store.sqlite.names import WriterNames
from careloom.store.sqlite.readers import Readers
from careloom.store.sqlite.searching import Search
from careloom.store.sqlite.tenancy import OPERATIONS, Row, Tenancy, open_tenancy
from careloom.store.sqlite.turn import Desk, SqliteTurn, take_turn
from careloom.store.sqlite.writer import Writer
from careloom.store.statements import load_statements

T = TypeVar("T")

_SQL = load_statements("record.sql")
_OLDEST_SQLITE = (3, 37)


async def open_sqlite(
    path: Path,
    *,
    tenant: str,
    parameters: SearchParameters,
    clock: Clock = utc_now,
    new_id: Callable[[], str] = new_id,
) -> "SqliteRepository":
    """Open a database, or make it where there is none, and keep it locked until it is closed.

    Args:
        path: The file; its folder must exist.
        tenant: Whose record; one file may hold several.
        parameters: What resources are found by.
        clock: Gives ``meta.lastUpdated``.
        new_id: Gives the ids of created resources.

    Raises:
        UnavailableError: Another hub has the file, or it cannot be opened or is damaged.
        InvalidError: A database of another program or of a newer release.
        MalformedError: Not an SQLite database.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise NotSupportedError(f"SQLite 3.37 or newer expected, found {sqlite3.sqlite_version}")
    place = path.resolve()
    if not place.parent.is_dir():
        raise UnavailableError(f"{place}: its folder does not exist")
    lock = HubLock(place)
    try:
        connection, tenancy, last = await asyncio.to_thread(_opened, place, tenant, parameters, clock)
    except BaseException:
        lock.release()
        raise
    desk = Desk(tenancy, WriterNames(tenancy.number), Sequence(clock, last), clock, new_id)
    return SqliteRepository(place, lock, connection, desk)


class SqliteRepository:
    """A `careloom.store.port.Repository`; made by `open_sqlite`."""

    def __init__(self, path: Path, lock: HubLock, connection: WriterConnection, desk: Desk) -> None:
        self._lock = lock
        self._desk = desk
        self._tenancy = desk.tenancy
        self._callbacks: list[Callable[[], None]] = []
        self._is_closed = False
        self._readers = Readers(path, desk.tenancy.prepare)
        connect = partial(_connected, path, desk.tenancy)
        self._writer = Writer(path, connection, connect, on_news=self._wake, on_lost=desk.names.undo_group)
        self._events = SqliteEventLog(self._tenancy.number, self._readers, self._writer)

    @property
    def events(self) -> SqliteEventLog:
        """As in the port."""
        return self._events

    async def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        return self._version("read", type, id=id)

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """As in the port."""
        ver = _version_number(version_id)
        return self._version("vread", type, id=id, ver=ver) if ver else None

    async def search(self, query: Query) -> Page:
        """As in the port."""
        position = self._tenancy.sealer.open(query, query.page) if query.page else None
        return await self._readers.aside(lambda connection: self._page(connection, query, position))

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "") -> T:
        """As in the port."""
        turn = SqliteTurn(self._desk, cause)
        return await self._writer.run(
            lambda connection: take_turn(connection, self._desk, turn, work), has_news=lambda: turn.wrote_changes
        )

    async def changes(self, after: int, limit: int) -> list[Change]:
        """As in the port."""
        key = {"tenant": self._tenancy.number, "after": after, "limit": limit}
        return self._readers.here(
            lambda connection: [self._change(connection, row) for row in connection.execute(_SQL["changes"], key)]
        )

    async def explain(self, query: Query) -> list[str]:
        """How a search runs: where it begins, and SQLite's plan."""
        return await self._readers.aside(
            lambda connection: Search(connection, self._tenancy, self._tenancy.names).explain(query)
        )

    def on_commit(self, callback: Callable[[], None]) -> None:
        """As in the port."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """As in the port."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._readers.close()
        await self._writer.close()
        self._lock.release()

    def _wake(self) -> None:
        for callback in self._callbacks:
            callback()

    def _version(self, statement: str, type: str, **key: str | int) -> Version | None:
        """Seek one version; quick enough for the event loop, where another thread would take longer to be asked."""

        def seek(connection: sqlite3.Connection) -> Version | None:
            number = self._tenancy.names.find(connection, type)
            values = {"tenant": self._tenancy.number, "type": number, **key}
            row = connection.execute(_SQL[statement], values).fetchone()
            return self._tenancy.version(type, row) if row else None

        return self._readers.here(seek)

    def _page(self, connection: sqlite3.Connection, query: Query, position: Position | None) -> Page:
        if position is None:
            (last,) = connection.execute(_SQL["last_vid"]).fetchone()
            position = Position(last)
        return Search(connection, self._tenancy, self._tenancy.names, position.snapshot).page(query, position)

    def _change(self, connection: sqlite3.Connection, row: Row) -> Change:
        vid, type, id, ver, op, previous, cause = row
        return Change(
            sequence=vid,
            type=self._tenancy.names.text(connection, type),
            id=id,
            version_id=str(ver),
            interaction=OPERATIONS[op],
            previous_version_id=None if previous is None else str(previous),
            recorded=recorded_at(vid),
            cause=cause,
        )


def _opened(
    path: Path, tenant: str, parameters: SearchParameters, clock: Clock
) -> tuple[WriterConnection, Tenancy, int]:
    """A writing connection to a file whose schema is up to date, the tenant, and the last sequence in the file."""
    try:
        connection = connect_writer(path)
        try:
            migrate(connection, path, clock, migrations())
            tenancy = open_tenancy(connection, tenant, parameters)
            tenancy.prepare(connection)
            (last,) = connection.execute(_SQL["last_vid"]).fetchone()
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
            raise MalformedError(f"{path}: an SQLite database expected, found another kind of file") from error
        if is_failure(error):
            raise unavailable(path, error) from error
        raise
    return connection, tenancy, last


def _connected(path: Path, tenancy: Tenancy) -> WriterConnection:
    """Another writing connection to the same file."""
    connection = connect_writer(path)
    tenancy.prepare(connection)
    return connection


def _version_number(version_id: str) -> int:
    """The number in a version id; 0 for a text that is none of ours."""
    is_ours = version_id.isascii() and version_id.isdigit() and len(version_id) < 16 and version_id[0] != "0"
    return int(version_id) if is_ours else 0
