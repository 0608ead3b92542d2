"""The record in one SQLite file: readers, one writer, and what is kept for notify."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from careloom.model import Resource
from careloom.model.errors import MalformedError, NotSupportedError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.search import Query, SearchParameters
from careloom.store.erasure import Erasure
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.ids import Sequence, new_id, recorded_at
from careloom.store.paging import Position
from careloom.store.port import Change, Page, Prepared, Text, Turn, Version
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection
from careloom.store.sql.erasing import Done, Erased, erase, record, to_erase
from careloom.store.sql.group import Group
from careloom.store.sql.histories import history
from careloom.store.sql.indexer import Indexer
from careloom.store.sql.keys import address_hash
from careloom.store.sql.names import WriterNames
from careloom.store.sql.pruning import prune, require_kept
from careloom.store.sql.recorded import index_recorded, require_index
from careloom.store.sql.removing import Remover
from careloom.store.sql.searching import Search
from careloom.store.sql.slices import LARGE, AsideTurn, Block, MustTakeTurnError, clear_away, reserve, show, take_out
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import OPERATIONS, Index, Row, Tenancy, open_tenancy
from careloom.store.sql.trainer import Trainer
from careloom.store.sql.training import read_dictionaries
from careloom.store.sql.turn import Desk, SqlTurn, take_turn, write_group
from careloom.store.sqlite.connection import WriterConnection, connect_writer, set_secure_delete
from careloom.store.sqlite.dialect import DIALECT
from careloom.store.sqlite.events import SqliteEventLog
from careloom.store.sqlite.failures import is_failure, unavailable
from careloom.store.sqlite.lock import HubLock
from careloom.store.sqlite.migrations import migrate, migrations
from careloom.store.sqlite.readers import Readers
from careloom.store.sqlite.rebuilding import steps
from careloom.store.sqlite.writer import Writer

T = TypeVar("T")

log = structlog.get_logger(__name__)

_SQL = load_statements("record.sql")
_OLDEST_SQLITE = (3, 37)
_BETWEEN_PRUNINGS = 3_600.0
"""Seconds."""

_ERASED_AT_ONCE = 100
"""Resources that one turn of an erasure takes."""


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


class SqliteRepository:
    """A `careloom.store.port.Repository`; made by `open_sqlite`."""

    def __init__(self, path: Path, lock: HubLock, connection: WriterConnection, desk: Desk) -> None:
        self._lock = lock
        self._desk = desk
        self._tenancy = desk.tenancy
        self._callbacks: list[Callable[[], None]] = []
        self._is_closed = False
        self._readers = Readers(path)
        self._writer = Writer(
            path,
            connection,
            partial(connect_writer, path),
            on_news=self._wake,
            on_kept=desk.names.keep_group,
            on_lost=desk.undo_group,
            settle=lambda connection: write_group(connection, desk),
        )
        self._tenancy.bodies.dictionaries.load = self._dictionary
        self._trainer = Trainer(self._tenancy, self._readers.aside, self._writer.run)
        write = self._writer.run
        self._indexer = Indexer(self._tenancy, read=self._readers.aside, put=write, write=write, remover=self._remover)
        self._pruning = asyncio.get_running_loop().create_task(self._prune_at_times())
        self._events = SqliteEventLog(self._tenancy.number, self._readers, self._writer, desk.clock)

    async def begin(self) -> None:
        """Take up the search parameters that are recorded; to be done before anything is written."""
        await self._indexer.begin()

    @property
    def parameters(self) -> SearchParameters:
        """As in the port."""
        return self._indexer.parameters

    async def renew_parameters(self) -> None:
        """As in the port."""
        await self._indexer.renew()

    async def indexed(self) -> None:
        """Return when all search parameters are indexed as they are now defined."""
        await self._indexer.finished()

    @property
    def events(self) -> SqliteEventLog:
        """As in the port."""
        return self._events

    async def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        return self._version("read", type, id)

    async def read_text(self, type: str, id: str) -> Text | None:
        """As in the port."""
        row = self._row("read", type, id)
        return self._tenancy.text(type, row) if row else None

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """As in the port."""
        ver = _version_number(version_id)
        return self._version("vread", type, id, ver=ver) if ver else None

    async def search(self, query: Query) -> Page:
        """As in the port."""
        position = self._tenancy.sealer.open(query, query.page) if query.page else None
        return await self._readers.aside(lambda connection: self._page(connection, query, position))

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """As in the port."""
        names = self._tenancy.names
        return await self._readers.aside(
            lambda connection: history(query, connection, DIALECT, self._tenancy, names, self._now(connection))
        )

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0) -> T:
        """As in the port."""
        if size >= LARGE:
            try:
                return await self._commit_in_slices(work, cause, size)
            except MustTakeTurnError:
                pass  # it is done in a turn of its own
        turn = SqlTurn(self._desk, cause)
        result = await self._writer.run(
            lambda connection: take_turn(connection, self._desk, turn, work),
            has_news=lambda: turn.wrote_changes,
            leaves_rows=True,
        )
        self._trainer.wake()
        await self._indexer.take_up(turn.types)
        return result

    async def _commit_in_slices(self, work: Callable[[Turn], T], cause: str, size: int) -> T:
        """Work beside the turns of others, see `careloom.store.sql.slices`."""
        index = self._tenancy.index
        block = await self._writer.run(lambda connection: reserve(connection, self._desk, size, cause))
        turn = AsideTurn(replace(self._desk, sequence=block), cause, self._add_name(asyncio.get_running_loop()))
        try:
            result = await self._readers.aside(lambda connection: turn.collect(connection, work))
            for batch in turn.batches:
                await self._writer.run(batch.write_content)
            await self._writer.run(partial(self._show, block, turn, index), has_news=lambda: turn.wrote_changes)
        except BaseException:
            while await self._writer.run(partial(self._take_out, block)):
                pass
            raise
        return result

    def _show(self, block: Block, turn: AsideTurn, index: Index, connection: sqlite3.Connection) -> None:
        require_index(self._tenancy, index, turn.types)
        show(connection, self._desk, block, turn)

    def _take_out(self, block: Block, connection: sqlite3.Connection) -> bool:
        return take_out(connection, self._remover(connection), block.first, block.end)

    def _add_name(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], int]:
        """Gives a text its number, asked on a thread that can wait for a turn."""

        def add(text: str) -> int:
            work = self._writer.run(lambda connection: self._desk.names.number(connection, text))
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        return add

    async def changes(self, after: int, limit: int) -> list[Change]:
        """As in the port."""
        key = {"tenant": self._tenancy.number, "after": after, "limit": limit}
        return self._readers.here(
            lambda connection: [self._change(connection, row) for row in connection.execute(_SQL["changes"], key)]
        )

    async def explain(self, query: Query) -> list[str]:
        """How a search runs: where it begins, and SQLite's plan."""
        return await self._readers.aside(
            lambda connection: self._search(connection, self._now(connection)).explain(query)
        )

    def prepare(self, resource: Resource, *, id: str | None = None) -> Prepared:
        """As in the port."""
        chosen = self._desk.new_id() if id is None else id
        return self._readers.here(
            lambda connection: self._tenancy.prepare(resource, chosen, partial(self._tenancy.names.find, connection))
        )

    async def erase(self, type: str, id: str) -> Erasure:
        """As in the port: in several turns, so that nobody waits long."""
        begun, rows = self._desk.clock(), 0
        await self._writer.run(lambda connection: set_secure_delete(connection, "ON"))
        erased = await self._writer.run(lambda connection: to_erase(type, id, self._remover(connection)))
        for start in range(0, len(erased), _ERASED_AT_ONCE):
            rows += await self._writer.run(partial(self._erase, erased[start : start + _ERASED_AT_ONCE]))

        def finish(connection: sqlite3.Connection) -> Erasure:
            connection.execute("INSERT INTO fts (fts) VALUES ('optimize')")
            done = Done(self._desk.new_id(), begun, self._desk.clock(), erased, rows)
            return record(done, f"{type}/{id}", self._remover(connection))

        found = await self._writer.run(finish)
        await self._writer.run(lambda connection: set_secure_delete(connection, "FAST"))
        await self._writer.flatten()
        return found

    def _erase(self, erased: list[Erased], connection: sqlite3.Connection) -> int:
        return erase(erased, self._remover(connection))

    async def prune(self) -> None:
        """Take out the index rows that no page needs any more; done by itself every hour."""
        while await self._writer.run(lambda each: prune(each, self._remover(each), self._desk.clock())):
            pass

    async def _prune_at_times(self) -> None:
        while True:
            await asyncio.sleep(_BETWEEN_PRUNINGS)
            try:
                await self.prune()
            except UnavailableError:
                log.warning("closed versions not pruned", exc_info=True)

    def _remover(self, connection: Connection) -> Remover:
        return Remover(connection, DIALECT, self._tenancy, self._desk.names)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """As in the port."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """As in the port."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pruning.cancel()
        await self._indexer.close()
        await self._trainer.close()
        await self._readers.close()
        await self._writer.close()
        self._lock.release()

    def _dictionary(self, number: int) -> bytes:
        """A compression dictionary that was recorded but a moment ago."""
        key = {"tenant": self._tenancy.number, "id": number}
        row = self._readers.here(lambda connection: connection.execute(_SQL["dictionary"], key).fetchone())
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    def _wake(self) -> None:
        for callback in self._callbacks:
            callback()

    def _version(self, statement: str, type: str, id: str, **key: int) -> Version | None:
        row = self._row(statement, type, id, **key)
        return self._tenancy.version(type, row) if row else None

    def _row(self, statement: str, type: str, id: str, **key: int) -> Row | None:
        """Seek one version; quick enough for the event loop, where another thread would take longer to be asked."""
        rid = address_hash(self._tenancy.hash_of, f"{type}/{id}")
        values = {"tenant": self._tenancy.number, "rid": rid, **key}
        row: Row | None = self._readers.here(lambda connection: connection.execute(_SQL[statement], values).fetchone())
        return row

    def _page(self, connection: sqlite3.Connection, query: Query, position: Position | None) -> Page:
        if position is None:
            now = self._now(connection)
            position = Position(now.vid, hidden=now.hidden)
        else:
            require_kept(connection, self._tenancy.number, position.snapshot)
        return self._search(connection, Snapshot(position.snapshot, position.hidden)).page(query, position)

    def _search(self, connection: sqlite3.Connection, snapshot: Snapshot) -> Search:
        return Search(connection, DIALECT, self._tenancy, self._tenancy.names, snapshot)

    def _now(self, connection: sqlite3.Connection) -> Snapshot:
        """All that is committed and to be seen."""
        key = {"tenant": self._tenancy.number}
        (vid,) = connection.execute(_SQL["newest_vid"], key).fetchone()
        return Snapshot(vid, tuple(connection.execute(_SQL["unseen"], key).fetchall()))

    def _change(self, connection: sqlite3.Connection, row: Row) -> Change:
        position, type, id, ver, op, previous, vid, cause = row
        return Change(
            sequence=position,
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


def _version_number(version_id: str) -> int:
    """The number in a version id; 0 for a text that is none of ours."""
    is_ours = version_id.isascii() and version_id.isdigit() and len(version_id) < 16 and version_id[0] != "0"
    return int(version_id) if is_ours else 0
