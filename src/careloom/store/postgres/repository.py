"""The record on a PostgreSQL server, shared by any number of processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import psycopg

from careloom.model.instants import Clock, utc_now
from careloom.search import SearchParameters
from careloom.store.ids import Sequence, first_sequence, moment_of, new_id
from careloom.store.postgres.aside import Aside
from careloom.store.postgres.connection import Server, connect_plain
from careloom.store.postgres.dialect import POSTGRES
from careloom.store.postgres.failures import told
from careloom.store.postgres.listener import Listener
from careloom.store.postgres.migrations import alone, migrate, migrations, steps
from careloom.store.postgres.readers import Readers
from careloom.store.postgres.seeks import Seeks
from careloom.store.postgres.upkeep import vacuum
from careloom.store.postgres.writer import Writer
from careloom.store.sql import dialect
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import UnitConnection
from careloom.store.sql.events import SqlEventLog
from careloom.store.sql.group import Group
from careloom.store.sql.names import WriterNames
from careloom.store.sql.repository import SqlRepository
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Row, Tenancy, open_tenancy
from careloom.store.sql.training import read_dictionaries
from careloom.store.sql.turn import Desk, write_group

T = TypeVar("T")

LISTENING_SECONDS = 5.0
"""How long the opening waits for the connection that hears of other processes' commits."""

ABANDONED = timedelta(hours=1)
"""A large unit that was begun so long ago and is not seen yet belongs to a process that died."""

_SQL = load_statements("record.sql")
_OWN = load_statements("postgres.sql")


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


class PostgresRepository(SqlRepository):
    """The record on a server; made by `open_postgres`."""

    version_digits = 9

    def __init__(self, server: Server, desk: Desk) -> None:
        readers = Readers(server, server.readers)
        writer = Writer(
            server,
            desk.tenancy.number,
            on_turn=self._take_up,
            on_news=self._wake,
            on_kept=desk.names.keep_group,
            on_lost=desk.undo_group,
            settle=lambda connection: write_group(connection, desk),
        )
        events = SqlEventLog(
            desk.tenancy.number,
            POSTGRES,
            read=readers.run,
            read_at_once=readers.in_snapshot,
            write=writer.run,
            now=_now,
            announce=partial(writer.run, has_news=lambda: True),
        )
        aside = Aside(server, writer.statistics.wrote)
        super().__init__(desk, readers, writer, events, aside.run, are_slices_aside=True)
        self._aside = aside
        self._seeks = Seeks(server, desk.tenancy.number, readers)
        self._server = server
        self._recorded = 0  # newest vid of a SearchParameter as of the turn under way
        own = lambda: writer.process  # noqa: E731  it changes when the connection is made anew
        self._listener = Listener(server, desk.tenancy.number, own=own, on_news=self._wake)

    async def begin(self) -> None:
        """Take up the search parameters that are recorded, and wait until commits of other processes are heard of."""
        await super().begin()
        await self._listener.listening(LISTENING_SECONDS)

    async def _let_go(self) -> None:
        await self._listener.close()
        await self._seeks.close()
        await self._readers.close()
        await self._aside.close()
        await self._writer.close()

    async def _newest(self, rid: int) -> Row | None:
        """As in the base class; those that come together are read together."""
        return await self._seeks.row(rid)

    def _take_up(self, newest: int, recorded: int) -> None:
        """Number on from what other processes have written, and hear of the SearchParameter resources among it."""
        self._desk.sequence.last = max(self._desk.sequence.last, newest)
        self._recorded = recorded

    async def _write(self, work: Callable[[UnitConnection], T], /, **how: Any) -> T:
        """As in the base class: what another process has recorded is taken up first."""
        while True:
            try:
                return await super()._write(partial(self._current, work), **how)
            except _OutdatedIndexError:
                await self._indexer.renew()

    def _current(self, work: Callable[[UnitConnection], T], connection: UnitConnection) -> T:
        if self._recorded != self._tenancy.index.recorded:
            raise _OutdatedIndexError
        return work(connection)

    @asynccontextmanager
    async def _overwriting(self) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(vacuum, self._server)

    async def prune(self) -> None:
        """As in the base class, and what dead processes have left."""
        await super().prune()
        abandoned = first_sequence(self._desk.clock() - ABANDONED)
        key = {"tenant": self._tenancy.number}
        for first, last in await self._readers.run(lambda each: each.execute(_SQL["unseen"], key).fetchall()):
            if last < abandoned:
                await self._large_units.take_out(first, last)


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
