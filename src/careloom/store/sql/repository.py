"""The record in a database that speaks SQL: all that is the same whichever it is.

A database gives connections that read, one that writes, and its `careloom.store.sql.dialect.Dialect`; what it does
otherwise, such as hearing of other processes or freeing the room of what was erased, it adds in the methods named for
that.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain, repeat
from typing import Any, ClassVar, TypeVar

import structlog

from careloom.model import Resource
from careloom.model.errors import UnavailableError
from careloom.model.room import ROOM
from careloom.search import Query, SearchParameters
from careloom.store.audit_form import AuditForm
from careloom.store.erasure import Erasure
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.ids import recorded_at
from careloom.store.paging import Position
from careloom.store.port import Change, Page, Prepared, Stretch, Turn
from careloom.store.sql.batch import TakenIdError
from careloom.store.sql.connections import Readers, Writer, WriteSlice, never
from careloom.store.sql.dialect import Connection, UnitConnection
from careloom.store.sql.erasing import Done, Erased, erase, record, to_erase
from careloom.store.sql.events import SqlEventLog
from careloom.store.sql.histories import history
from careloom.store.sql.indexer import Indexer
from careloom.store.sql.keys import address_hash
from careloom.store.sql.large import LargeUnits
from careloom.store.sql.pruning import prune, require_kept
from careloom.store.sql.removing import Remover
from careloom.store.sql.searching import Search
from careloom.store.sql.slices import LARGE, MustTakeTurnError
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import OPERATIONS, Row
from careloom.store.sql.trainer import Trainer
from careloom.store.sql.turn import Desk, HoldsUpError, SqlTurn, take_turn
from careloom.store.versions import Text, Version

T = TypeVar("T")

log = structlog.get_logger(__name__)

_SQL = load_statements("record.sql")
_BEFORE_PRUNING = 60.0
_BETWEEN_PRUNINGS = 3_600.0
"""Seconds from the opening, so that a record that is opened often is pruned, too, and from one time to the next."""

_ERASED_AT_ONCE = 100
"""Resources that one turn of an erasure takes."""


class SqlRepository(ABC):
    """A `careloom.store.port.Repository`.

    Args:
        desk: What the writer keeps from turn to turn.
        readers: Connections that read.
        writer: The connection that writes.
        events: What notify keeps.
        write_slice: Runs what writes a slice of a large unit.
        are_slices_aside: Whether slices are written beside the turns, so that nobody waits for them.

    Attributes:
        version_digits: Of the longest version id there may be.
    """

    version_digits: ClassVar[int]

    def __init__(
        self,
        desk: Desk,
        readers: Readers,
        writer: Writer,
        events: SqlEventLog,
        write_slice: WriteSlice,
        *,
        are_slices_aside: bool = False,
    ) -> None:
        self._desk = desk
        self._tenancy = desk.tenancy
        self._readers = readers
        self._writer = writer
        self._events = events
        self._callbacks: list[Callable[[], None]] = []
        self._is_closed = False
        self._tenancy.bodies.dictionaries.load = self._dictionary
        self._trainer = Trainer(self._tenancy, readers.in_snapshot, writer.run)
        self._indexer = Indexer(
            self._tenancy, read=readers.in_snapshot, put=writer.run, write=self._write, remover=self._remover
        )
        self._large_units = LargeUnits(
            desk,
            readers,
            write=self._write,
            put=writer.run,
            write_slice=write_slice,
            is_awaited=never if are_slices_aside else lambda: writer.is_awaited or ROOM.is_wanted,
            make_room=ROOM.make if are_slices_aside else ROOM.open_door,
        )
        self._pruning = asyncio.get_running_loop().create_task(self._prune_at_times())

    async def begin(self) -> None:
        """Take up the search parameters that are recorded; to be done before anything is written."""
        await self._indexer.begin()

    async def close(self) -> None:
        """As in the port."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pruning.cancel()
        await asyncio.gather(self._pruning, return_exceptions=True)
        await self._indexer.close()
        await self._trainer.close()
        await self._let_go()

    @abstractmethod
    async def _let_go(self) -> None:
        """Close the connections, and whatever else the database holds open."""

    # reading

    @property
    def events(self) -> SqlEventLog:
        """As in the port."""
        return self._events

    async def read(self, type: str, id: str) -> Version | None:
        """As in the port."""
        row = await self._newest(self._rid(type, id))
        return self._tenancy.version(type, row) if row else None

    async def read_text(self, type: str, id: str) -> Text | None:
        """As in the port."""
        row = await self._newest(self._rid(type, id))
        return self._tenancy.text(type, row) if row else None

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """As in the port."""
        ver = _version_number(version_id, self.version_digits)
        row = await self._row("vread", self._rid(type, id), ver=ver) if ver else None
        return self._tenancy.version(type, row) if row else None

    async def unit_end(self, sequence: int) -> int:
        """As in the port."""
        key = {"tenant": self._tenancy.number, "vid": sequence}
        row = await self._readers.run(lambda each: each.execute(_SQL["unit_end"], key).fetchone())
        return max(sequence, row[0]) if row else sequence

    def _rid(self, type: str, id: str) -> int:
        return address_hash(self._tenancy.hash_of, f"{type}/{id}")

    async def _newest(self, rid: int) -> Row | None:
        """The newest version of a resource by the hash of its address."""
        return await self._row("read", rid)

    async def _row(self, statement: str, rid: int, **key: int) -> Row | None:
        values = {"tenant": self._tenancy.number, "rid": rid, **key}
        row: Row | None = await self._readers.run(lambda each: each.execute(_SQL[statement], values).fetchone())
        return row

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """As in the port."""
        dialect, names = self._desk.dialect, self._tenancy.names
        return await self._readers.in_snapshot(
            lambda connection: history(query, connection, dialect, self._tenancy, names, self._now(connection))
        )

    async def search(self, query: Query) -> Page:
        """As in the port."""
        position = self._tenancy.sealer.open(query, query.page) if query.page else None
        return await self._readers.in_snapshot(lambda connection: self._page(connection, query, position))

    async def explain(self, query: Query) -> list[str]:
        """How a search runs: where it begins, the plan of the database, and what bounds it."""
        return await self._readers.in_snapshot(
            lambda connection: self._search(connection, self._now(connection)).explain(query)
        )

    def _page(self, connection: Connection, query: Query, position: Position | None) -> Page:
        if position is None:
            now = self._now(connection)
            position = Position(now.vid, hidden=now.hidden)
        else:
            require_kept(connection, self._tenancy.number, position.snapshot)
        return self._search(connection, Snapshot(position.snapshot, position.hidden)).page(query, position)

    def _search(self, connection: Connection, snapshot: Snapshot) -> Search:
        return Search(connection, self._desk.dialect, self._tenancy, self._tenancy.names, snapshot)

    def _now(self, connection: Connection) -> Snapshot:
        """All that is committed and to be seen."""
        rows = connection.execute(_SQL["now"], {"tenant": self._tenancy.number}).fetchall()
        (newest,) = (vid for vid, last in rows if last is None)
        return Snapshot(newest, tuple(sorted((first, last) for first, last in rows if last is not None)))

    async def changes(self, after: int, limit: int) -> list[Change]:
        """As in the port."""

        def read(connection: Connection) -> list[Change]:
            key = {"tenant": self._tenancy.number, "after": after, "limit": limit}
            return [self._change(connection, row) for row in connection.execute(_SQL["changes"], key).fetchall()]

        return await self._readers.run(read)

    async def changes_of(self, types: Collection[str], after: int, limit: int) -> Stretch:
        """As in the port."""

        def read(connection: Connection) -> Stretch:
            sql, named = self._tenancy.names.among(_SQL["changes_of"], types)
            key = {"tenant": self._tenancy.number, "after": after, "limit": limit, **named}
            rows = connection.execute(sql, key).fetchall()
            changes = [self._change(connection, row) for *row, _ in rows]
            to, count = (changes[-1].sequence, rows[-1][-1]) if rows else (after, 0)
            return Stretch([change for change in changes if change.type in types], to, count < limit)

        return await self._readers.run(read)

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

    # writing

    def prepare(self, resource: Resource | AuditForm, *, id: str | None = None) -> Prepared:
        """As in the port; numbers of texts that are not known yet are asked for once."""
        chosen = resource.id if isinstance(resource, AuditForm) else self._desk.new_id() if id is None else id
        return self._readers.here(
            lambda connection: self._tenancy.prepare(resource, chosen, partial(self._tenancy.names.find, connection))
        )

    def prepare_many(self, resources: Iterable[tuple[Resource, str]]) -> list[Prepared]:
        """As in the port."""
        return self._readers.here(
            lambda connection: self._tenancy.prepare_many(resources, partial(self._tenancy.names.find, connection))
        )

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0, is_light: bool = False) -> T:
        """As in the port."""
        if size >= LARGE:
            try:
                return await self._large_units.commit(work, cause, size)
            except MustTakeTurnError:
                pass  # it is done in a turn of its own
        try:
            return await self._in_turn(work, cause, is_light, looks=not self._desk.dialect.taken)
        except (HoldsUpError, TakenIdError):
            return await self._in_turn(work, cause, is_light=False, looks=True)

    async def _in_turn(self, work: Callable[[Turn], T], cause: str, is_light: bool, *, looks: bool) -> T:
        turn = SqlTurn(self._desk, cause, looks=looks)
        result = await self._write(
            lambda connection: take_turn(connection, self._desk, turn, work),
            has_news=lambda: turn.wrote_changes,
            leaves_rows=True,
            is_light=is_light,
        )
        self._trainer.wake()
        await self._indexer.take_up(turn.types)
        return result

    def _write(
        self,
        work: Callable[[UnitConnection], T],
        /,
        *,
        has_news: Callable[[], bool] = never,
        leaves_rows: bool = False,
        is_light: bool = False,
    ) -> Coroutine[Any, Any, T]:
        """Run a unit of the writer by the index in force."""
        return self._writer.run(work, has_news=has_news, leaves_rows=leaves_rows, is_light=is_light)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """As in the port; commits of other processes count, too, where there are others."""
        self._callbacks.append(callback)

    def _wake(self) -> None:
        for callback in self._callbacks:
            callback()

    # taking out

    async def erase(self, type: str, id: str) -> Erasure:
        """As in the port: in several turns, so that nobody waits long."""
        begun, rows = self._desk.clock(), 0
        async with self._overwriting():
            erased = await self._write(lambda connection: to_erase(type, id, self._remover(connection)))
            for start in range(0, len(erased), _ERASED_AT_ONCE):
                rows += await self._write(partial(self._erase, erased[start : start + _ERASED_AT_ONCE]))

            def finish(connection: Connection) -> Erasure:
                self._desk.dialect.sweep(connection)
                done = Done(self._desk.new_id(), begun, self._desk.clock(), erased, rows)
                return record(done, f"{type}/{id}", self._remover(connection))

            return await self._write(finish)

    def _erase(self, erased: list[Erased], connection: Connection) -> int:
        return erase(erased, self._remover(connection))

    @asynccontextmanager
    async def _overwriting(self) -> AsyncIterator[None]:
        """See that nothing is left on the disk of what is deleted meanwhile."""
        yield

    async def prune(self) -> None:
        """Take out the index rows that no page needs any more; done by itself after a minute and every hour."""
        while await self._write(lambda each: prune(each, self._remover(each), self._desk.clock())):
            pass

    async def _prune_at_times(self) -> None:
        for pause in chain([_BEFORE_PRUNING], repeat(_BETWEEN_PRUNINGS)):
            await asyncio.sleep(pause)
            try:
                await self.prune()
            except UnavailableError:
                log.warning("closed versions not pruned", exc_info=True)

    def _remover(self, connection: Connection) -> Remover:
        return Remover(connection, self._desk.dialect, self._tenancy, self._desk.names)

    # what resources are found by, and how they are packed

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

    def _dictionary(self, number: int) -> bytes:
        """A compression dictionary that was recorded but a moment ago, perhaps by another process."""
        key = {"tenant": self._tenancy.number, "id": number}
        row = self._readers.here(lambda each: each.execute(_SQL["dictionary"], key).fetchone(), is_urgent=True)
        if row is None:
            raise KeyError(number)
        return bytes(row[0])


def _version_number(version_id: str, digits: int) -> int:
    """The number in a version id; 0 for a text that is none of ours."""
    is_ours = version_id.isascii() and version_id.isdigit() and len(version_id) <= digits and version_id[0] != "0"
    return int(version_id) if is_ours else 0
