"""The record in one SQLite file: readers, one writer, and what is kept for notify."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from careloom.model.errors import MalformedError, NotSupportedError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.search import SearchParameters
from careloom.store.ids import Sequence, new_id
from careloom.store.sql.batch import Batch
from careloom.store.sql.events import SqlEventLog
from careloom.store.sql.group import Group
from careloom.store.sql.names import WriterNames
from careloom.store.sql.recorded import index_recorded
from careloom.store.sql.removing import Remover
from careloom.store.sql.repository import SqlRepository
from careloom.store.sql.slices import clear_away
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Tenancy, open_tenancy
from careloom.store.sql.training import read_dictionaries
from careloom.store.sql.turn import Desk, write_group
from careloom.store.sqlite.connection import WriterConnection, connect_writer, connect_writer_again, set_secure_delete
from careloom.store.sqlite.dialect import DIALECT
from careloom.store.sqlite.failures import is_failure, unavailable
from careloom.store.sqlite.lock import HubLock
from careloom.store.sqlite.migrations import migrate, migrations
from careloom.store.sqlite.readers import Readers
from careloom.store.sqlite.rebuilding import steps
from careloom.store.sqlite.transactions import Transactions
from careloom.store.sqlite.writer import Writer

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
    group = Group(Batch(tenancy.number, DIALECT))
    desk = Desk(tenancy, DIALECT, WriterNames(tenancy.number), Sequence(clock, last), clock, new_id, group)
    repository = SqliteRepository(place, lock, connection, desk)
    try:
        await repository.begin()
    except BaseException:
        await repository.close()
        raise
    return repository


class SqliteRepository(SqlRepository):
    """The record in one file; made by `open_sqlite`."""

    version_digits = 15

    def __init__(self, path: Path, lock: HubLock, connection: WriterConnection, desk: Desk) -> None:
        readers = Readers(path)
        transactions = Transactions(
            path,
            connection,
            partial(connect_writer_again, path),
            on_kept=desk.names.keep_group,
            on_lost=desk.undo_group,
            settle=lambda connection: write_group(connection, desk),
        )
        writer = Writer(transactions, on_news=self._wake)
        events = SqlEventLog(
            desk.tenancy.number,
            DIALECT,
            read=readers.run,
            read_at_once=readers.in_snapshot,
            write=writer.run,
            now=lambda connection: desk.clock(),
        )
        super().__init__(desk, readers, writer, events, writer.run_slice)
        self._lock = lock
        self._flatten = writer.flatten

    async def _let_go(self) -> None:
        await self._readers.close()
        await self._writer.close()
        self._lock.release()

    @asynccontextmanager
    async def _overwriting(self) -> AsyncIterator[None]:
        await self._writer.run(lambda connection: set_secure_delete(connection, "ON"))
        yield
        await self._writer.run(lambda connection: set_secure_delete(connection, "FAST"))
        await self._flatten()


def _opened(
    path: Path, tenant: str, parameters: SearchParameters, clock: Clock
) -> tuple[WriterConnection, Tenancy, int]:
    """A writing connection to a file whose schema is up to date, the tenant, the last sequence."""
    try:
        connection = connect_writer(path)
        try:
            migrate(connection, path, clock, migrations(), steps(parameters))
            tenancy = open_tenancy(connection, tenant, parameters)
            read_dictionaries(connection, tenancy.names, tenancy.bodies)
            index_recorded(connection, tenancy)
            (last,) = connection.execute(_SQL["last_vid"]).fetchone()
            _clear_away(connection, tenancy)
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


def _clear_away(connection: WriterConnection, tenancy: Tenancy) -> None:
    """Take out what nobody was to see yet when the hub last ended."""
    remover = Remover(connection, DIALECT, tenancy, WriterNames(tenancy.number))
    for each in connection.execute(_SQL["unseen"], {"tenant": tenancy.number}).fetchall():
        connection.execute("BEGIN IMMEDIATE")
        clear_away(connection, remover, [each])
        connection.execute("COMMIT")
