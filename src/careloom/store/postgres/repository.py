"""The record on a PostgreSQL server, shared by any number of processes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import psycopg
import structlog

from careloom.model import Resource
from careloom.model.errors import UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.search import Query, SearchParameters
from careloom.store.erasure import Erasure
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.ids import Sequence, first_sequence, moment_of, new_id, recorded_at
from careloom.store.paging import Position
from careloom.store.port import Change, Page, Prepared, Text, Turn, Version
from careloom.store.postgres.connection import Connection, Server, connect_plain
from careloom.store.postgres.dialect import POSTGRES
from careloom.store.postgres.failures import told
from careloom.store.postgres.listener import Listener
from careloom.store.postgres.migrations import alone, migrate, migrations, steps
from careloom.store.postgres.readers import Readers
from careloom.store.postgres.upkeep import vacuum
from careloom.store.postgres.writer import Writer
from careloom.store.sql import dialect
from careloom.store.sql.batch import Batch
from careloom.store.sql.erasing import Done, Erased, erase, record, to_erase
from careloom.store.sql.events import SqlEventLog
from careloom.store.sql.group import Group
from careloom.store.sql.histories import history
from careloom.store.sql.indexer import Indexer
from careloom.store.sql.keys import address_hash
from careloom.store.sql.names import WriterNames
from careloom.store.sql.pruning import prune, require_kept
from careloom.store.sql.recorded import require_index
from careloom.store.sql.removing import Remover
from careloom.store.sql.searching import Search
from careloom.store.sql.slices import LARGE, AsideTurn, Block, MustTakeTurnError, reserve, show, take_out
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import OPERATIONS, Index, Row, Tenancy, open_tenancy
from careloom.store.sql.trainer import Trainer
from careloom.store.sql.training import read_dictionaries
from careloom.store.sql.turn import Desk, SqlTurn, take_turn, write_group

T = TypeVar("T")

LISTENING_SECONDS = 5.0
"""How long the opening waits for the connection that hears of other processes' commits."""

ABANDONED = timedelta(hours=1)
"""A large unit that was begun so long ago and is not seen yet belongs to a process that died."""

_BETWEEN_PRUNINGS = 3_600.0
"""Seconds."""

_ERASED_AT_ONCE = 100
"""Resources that one turn of an erasure takes."""

_SQL = load_statements("record.sql")
_OWN = load_statements("postgres.sql")

log = structlog.get_logger(__name__)


async def open_postgres(
    server: Server,
    *,
    tenant: str,
    parameters: SearchParameters,
    clock: Clock = utc_now,
    new_id: Callable[[], str] = new_id,
) -> "PostgresRepository":
    """Open a database, which any number of processes may have open, and bring its schema up to date.

    Args:
        server: Where the database is.
        tenant: Whose record; one database may hold several.
        parameters: What resources are found by.
        clock: Gives ``meta.lastUpdated``, unless the record is ahead of it.
        new_id: Gives the ids of created resources.

    Raises:
        UnavailableError: The server cannot be reached.
        InvalidError: A database of another program, of a newer release, or that does not keep texts as UTF-8.
        NotSupportedError: The server is older than PostgreSQL 15.
    """
    tenancy = await asyncio.to_thread(_opened, server, tenant, parameters, clock)
    group = Group(Batch(tenancy.number, POSTGRES))
    desk = Desk(tenancy, POSTGRES, WriterNames(tenancy.number), Sequence(clock, 0), clock, new_id, group)
    repository = PostgresRepository(server, desk)
    try:
        await repository.begin()
    except BaseException:
        await repository.close()
        raise
    return repository


class PostgresRepository:
    """A `careloom.store.port.Repository`; made by `open_postgres`."""

    def __init__(self, server: Server, desk: Desk) -> None:
        self._server = server
        self._desk = desk
        self._tenancy = desk.tenancy
        self._callbacks: list[Callable[[], None]] = []
        self._is_closed = False
        self._readers = Readers(server, server.readers)
        self._writer = Writer(
            server,
            desk.tenancy.number,
            on_turn=self._take_up,
            on_news=self._wake,
            on_kept=desk.names.keep_group,
            on_lost=desk.undo_group,
            settle=lambda connection: write_group(connection, desk),
        )
        own = lambda: self._writer.process  # noqa: E731  it changes when the connection is made anew
        self._listener = Listener(server, desk.tenancy.number, own=own, on_news=self._wake)
        self._pruning = asyncio.get_running_loop().create_task(self._prune_at_times())
        desk.tenancy.bodies.dictionaries.load = self._dictionary
        self._trainer = Trainer(self._tenancy, self._readers.in_snapshot, self._writer.run)
        self._recorded = 0  # newest vid of a SearchParameter as of the turn under way
        self._indexer = Indexer(
            self._tenancy,
            read=self._readers.in_snapshot,
            put=self._writer.run,
            write=self._write,
            remover=self._remover,
        )
        self._events = SqlEventLog(
            desk.tenancy.number,
            read=self._readers.run,
            read_at_once=self._readers.in_snapshot,
            write=self._writer.run,
            now=_now,
            announce=partial(self._writer.run, has_news=lambda: True),
        )

    async def begin(self) -> None:
        """Take up the search parameters that are recorded, and wait until commits of other processes are heard of."""
        await self._indexer.begin()
        await self._listener.listening(LISTENING_SECONDS)

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
    def events(self) -> SqlEventLog:
        """As in the port."""
        return self._events

    async def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        return await self._version("read", type, id)

    async def read_text(self, type: str, id: str) -> Text | None:
        """As in the port."""
        row = await self._row("read", type, id)
        return self._tenancy.text(type, row) if row else None

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """As in the port."""
        ver = version_number(version_id)
        return await self._version("vread", type, id, ver=ver) if ver else None

    async def search(self, query: Query) -> Page:
        """As in the port."""
        position = self._tenancy.sealer.open(query, query.page) if query.page else None
        return await self._readers.in_snapshot(lambda connection: self._page(connection, query, position))

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """As in the port."""
        names = self._tenancy.names
        return await self._readers.in_snapshot(
            lambda connection: history(query, connection, POSTGRES, self._tenancy, names, self._snapshot(connection))
        )

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0) -> T:
        """As in the port."""
        if size >= LARGE:
            try:
                return await self._commit_in_slices(work, cause, size)
            except MustTakeTurnError:
                pass  # it is done in a turn of its own
        turn = SqlTurn(self._desk, cause)
        result = await self._write(
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
        block = await self._write(lambda connection: reserve(connection, self._desk, size, cause))
        turn = AsideTurn(replace(self._desk, sequence=block), cause, self._add_name(asyncio.get_running_loop()))
        try:
            result = await self._readers.in_snapshot(lambda connection: turn.collect(connection, work))
            for batch in turn.batches:
                await self._write(batch.write_content)
            await self._write(partial(self._show, block, turn, index), has_news=lambda: turn.wrote_changes)
        except BaseException:
            while await self._write(partial(self._take_out, block.first, block.end)):
                pass
            raise
        return result

    def _show(self, block: Block, turn: AsideTurn, index: Index, connection: Connection) -> None:
        require_index(self._tenancy, index, turn.types)
        show(connection, self._desk, block, turn)

    def _take_out(self, first: int, last: int, connection: Connection) -> bool:
        return take_out(connection, self._remover(connection), first, last)

    def _add_name(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], int]:
        """Gives a text its number, asked on a thread that can wait for a turn."""

        def add(text: str) -> int:
            work = self._writer.run(lambda connection: self._desk.names.number(connection, text))
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        return add

    async def changes(self, after: int, limit: int) -> list[Change]:
        """As in the port."""
        key = {"tenant": self._tenancy.number, "after": after, "limit": limit}
        return await self._readers.run(
            lambda connection: [
                self._change(connection, row) for row in connection.execute(_SQL["changes"], key).fetchall()
            ]
        )

    async def explain(self, query: Query) -> list[str]:
        """How a search runs: where it begins, and the server's plan."""
        return await self._readers.in_snapshot(
            lambda connection: self._search(connection, self._snapshot(connection)).explain(query)
        )

    def prepare(self, resource: Resource, *, id: str | None = None) -> Prepared:
        """As in the port; numbers of texts that are not known yet are asked for once."""
        chosen = self._desk.new_id() if id is None else id
        return self._readers.here(
            lambda connection: self._tenancy.prepare(resource, chosen, partial(self._tenancy.names.find, connection))
        )

    async def erase(self, type: str, id: str) -> Erasure:
        """As in the port: in several turns, so that nobody waits long; the server then frees the room it took."""
        begun, rows = self._desk.clock(), 0
        erased = await self._write(lambda connection: to_erase(type, id, self._remover(connection)))
        for start in range(0, len(erased), _ERASED_AT_ONCE):
            rows += await self._write(partial(self._erase, erased[start : start + _ERASED_AT_ONCE]))

        def finish(connection: Connection) -> Erasure:
            done = Done(self._desk.new_id(), begun, self._desk.clock(), erased, rows)
            return record(done, f"{type}/{id}", self._remover(connection))

        found = await self._write(finish)
        await asyncio.to_thread(vacuum, self._server)
        return found

    def _erase(self, erased: list[Erased], connection: Connection) -> int:
        return erase(erased, self._remover(connection))

    async def prune(self) -> None:
        """Take out the index rows that no page needs any more, and what dead processes have left; done every hour."""
        while await self._write(lambda each: prune(each, self._remover(each), self._desk.clock())):
            pass
        abandoned = first_sequence(self._desk.clock() - ABANDONED)
        key = {"tenant": self._tenancy.number}
        for first, last in await self._readers.run(lambda each: each.execute(_SQL["unseen"], key).fetchall()):
            while last < abandoned and await self._write(partial(self._take_out, first, last)):
                pass

    async def _prune_at_times(self) -> None:
        while True:
            await asyncio.sleep(_BETWEEN_PRUNINGS)
            try:
                await self.prune()
            except UnavailableError:
                log.warning("closed versions not pruned", exc_info=True)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """As in the port; commits of other processes count, too."""
        self._callbacks.append(callback)

    async def close(self) -> None:
        """As in the port."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pruning.cancel()
        await asyncio.gather(self._pruning, return_exceptions=True)
        await self._indexer.close()
        await self._trainer.close()
        await self._listener.close()
        await self._readers.close()
        await self._writer.close()

    def _wake(self) -> None:
        for callback in self._callbacks:
            callback()

    def _take_up(self, newest: int, recorded: int) -> None:
        """Number on from what other processes have written, and hear of the SearchParameter resources among it."""
        self._desk.sequence.last = max(self._desk.sequence.last, newest)
        self._recorded = recorded

    async def _write(
        self,
        work: Callable[[Connection], T],
        /,
        *,
        has_news: Callable[[], bool] = lambda: False,
        leaves_rows: bool = False,
    ) -> T:
        """Run a unit of the writer by the index in force: what another process has recorded is taken up first."""
        while True:
            try:
                return await self._writer.run(partial(self._current, work), has_news=has_news, leaves_rows=leaves_rows)
            except _OutdatedIndexError:
                await self._indexer.renew()

    def _current(self, work: Callable[[Connection], T], connection: Connection) -> T:
        if self._recorded != self._tenancy.index.recorded:
            raise _OutdatedIndexError
        return work(connection)

    def _dictionary(self, number: int) -> bytes:
        """A compression dictionary that another process has made."""
        key = {"tenant": self._tenancy.number, "id": number}
        row = self._readers.here(
            lambda connection: connection.execute(_SQL["dictionary"], key).fetchone(), is_urgent=True
        )
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    def _remover(self, connection: dialect.Connection) -> Remover:
        return Remover(connection, POSTGRES, self._tenancy, self._desk.names)

    async def _version(self, statement: str, type: str, id: str, **key: int) -> Version | None:
        row = await self._row(statement, type, id, **key)
        return self._tenancy.version(type, row) if row else None

    async def _row(self, statement: str, type: str, id: str, **key: int) -> Row | None:
        rid = address_hash(self._tenancy.hash_of, f"{type}/{id}")
        values = {"tenant": self._tenancy.number, "rid": rid, **key}
        row: Row | None = await self._readers.run(lambda each: each.execute(_SQL[statement], values).fetchone())
        return row

    def _page(self, connection: Connection, query: Query, position: Position | None) -> Page:
        if position is None:
            now = self._snapshot(connection)
            position = Position(now.vid, hidden=now.hidden)
        else:
            require_kept(connection, self._tenancy.number, position.snapshot)
        return self._search(connection, Snapshot(position.snapshot, position.hidden)).page(query, position)

    def _search(self, connection: Connection, snapshot: Snapshot) -> Search:
        return Search(connection, POSTGRES, self._tenancy, self._tenancy.names, snapshot)

    def _snapshot(self, connection: Connection) -> Snapshot:
        """All that is committed and to be seen."""
        key = {"tenant": self._tenancy.number}
        (vid,) = connection.execute(_SQL["newest_vid"], key).fetchone() or (0,)
        return Snapshot(vid, tuple((first, last) for first, last in connection.execute(_SQL["unseen"], key).fetchall()))

    def _change(self, connection: Connection, row: Row) -> Change:
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


class _OutdatedIndexError(Exception):
    """Search parameters were recorded that this process has not taken up, so that what it wrote would lack rows."""


def _opened(server: Server, tenant: str, parameters: SearchParameters, clock: Clock) -> Tenancy:
    """The tenant, in a database whose schema is up to date."""
    try:
        connection = connect_plain(server)
        try:
            migrate(connection, server.place, clock, migrations("postgres"), steps(parameters))
            with alone(connection):  # or two processes would both enter a new tenant
                tenancy = open_tenancy(connection, tenant, parameters)
            read_dictionaries(connection, tenancy.names, tenancy.bodies)
            return tenancy
        finally:
            connection.close()
    except psycopg.Error as error:
        raise told(server.place, error) from error


def _now(connection: dialect.Connection) -> datetime:
    (microseconds_since_1970,) = connection.execute(_OWN["now"]).fetchone() or (0,)
    return moment_of(microseconds_since_1970)


def version_number(version_id: str) -> int:
    """The number in a version id; 0 for a text that is none of ours."""
    is_ours = version_id.isascii() and version_id.isdigit() and len(version_id) < 10 and version_id[0] != "0"
    return int(version_id) if is_ours else 0
