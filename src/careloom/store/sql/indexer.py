"""Keeps the index as the search parameters are defined, while the record is in use."""

import asyncio
from collections.abc import Callable, Collection
from functools import partial

import structlog

from careloom.model.errors import CareloomError
from careloom.search import SearchParameters
from careloom.search.custom import TYPE
from careloom.store.sql.dialect import Connection
from careloom.store.sql.indexing import Building, build, buildings, change, review, states, withheld
from careloom.store.sql.recorded import index_with, newest_recorded, read_recorded
from careloom.store.sql.removing import Remover
from careloom.store.sql.tenancy import Index, Tenancy
from careloom.store.sql.trainer import Run

log = structlog.get_logger(__name__)

_BETWEEN = 0.01
"""Seconds between two slices, so that others have their turns."""

_AGAIN = 30.0
"""Seconds until the next try when the disk has failed."""


class Indexer:
    """Takes up what SearchParameter resources are recorded, and indexes slice by slice what they ask for.

    Args:
        tenancy: The tenant.
        read: Runs a reading.
        put: Runs a unit of the writer, whether the index of this process is in force or not.
        write: Runs a unit of the writer by the index in force.
        remover: Takes out rows, in a turn.
    """

    def __init__(
        self, tenancy: Tenancy, *, read: Run, put: Run, write: Run, remover: Callable[[Connection], Remover]
    ) -> None:
        self._tenancy = tenancy
        self._read = read
        self._run_unit = put
        self._write = write
        self._remover = remover
        self._renewing = asyncio.Lock()
        self._renewals: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._parameters = tenancy.parameters

    @property
    def parameters(self) -> SearchParameters:
        """What resources are found by; those that are still being indexed are told as such."""
        return self._parameters

    async def begin(self) -> None:
        """Take up what is recorded, and see what of the index is to be made since the last time; at the opening."""
        async with self._renewing:
            await self._changed(self._reviewed)

    async def renew(self) -> None:
        """Take up what was recorded since the last look."""
        renewal = asyncio.get_running_loop().create_task(self._renew())
        self._renewals.add(renewal)
        renewal.add_done_callback(self._renewals.discard)
        await asyncio.shield(renewal)  # half of it would be worse than none

    async def take_up(self, written: Collection[str]) -> None:
        """Take up what a commit of this process has recorded, given the types that it wrote; it is durable anyhow."""
        if TYPE in written:
            try:
                await self.renew()
            except CareloomError:
                log.warning("search parameters not taken up yet", exc_info=True)

    async def finished(self) -> None:
        """Return when nothing is left."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Stop after the slice under way; the rest is done after the next opening."""
        await asyncio.gather(*self._renewals, return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _renew(self) -> None:
        async with self._renewing:
            newest = await self._read(lambda connection: newest_recorded(connection, self._tenancy))
            if newest != self._tenancy.index.recorded:
                await self._changed(self._noted)

    async def _changed(self, note: Callable[[Connection, Index], None]) -> None:
        """Have another index in force: made beside the work, put in its place in a turn."""
        before, left = self._tenancy.index, None
        try:
            while left is None:
                recorded = await self._read(lambda connection: read_recorded(connection, self._tenancy))
                index = await asyncio.to_thread(index_with, recorded, self._tenancy)
                left = await self._run_unit(partial(self._put, index, recorded.newest, note))
        except BaseException:
            self._tenancy.index_by(before)
            raise
        self._go_on(left)

    def _put(
        self, index: Index, newest: int, note: Callable[[Connection, Index], None], connection: Connection
    ) -> list[Building] | None:
        """What is then to be done; None where more was recorded since the index was made."""
        if newest_recorded(connection, self._tenancy) != newest:
            return None
        note(connection, index)
        self._tenancy.index_by(index)
        index.recorded = newest
        index.elements.covers.withheld = withheld(connection, self._tenancy.number, index)
        return buildings(connection, self._tenancy.number, index)

    def _reviewed(self, connection: Connection, index: Index) -> None:
        review(connection, self._tenancy.names, index)

    def _noted(self, connection: Connection, index: Index) -> None:
        if index is not self._tenancy.index:
            change(connection, self._tenancy.number, self._tenancy.index, index)

    def _go_on(self, left: list[Building]) -> None:
        self._tell(left)
        if left and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _tell(self, left: list[Building]) -> None:
        """Say of those that are left that they are being indexed."""
        parameters = self._tenancy.parameters
        told = {**parameters.states, **states(left, parameters)}
        if told == parameters.states:
            self._parameters = parameters
        elif told != self._parameters.states or self._parameters.recorded is not parameters.recorded:
            self._parameters = parameters.with_changes(states=told)

    async def _run(self) -> None:
        while True:
            try:
                index, left = await self._write(self._slice)
            except CareloomError:
                log.warning("search parameters not indexed", exc_info=True)
                await asyncio.sleep(_AGAIN)
                continue
            if index is self._tenancy.index:  # else more is left by now
                self._tell(left)
                if not left:
                    return
            await asyncio.sleep(_BETWEEN)

    def _slice(self, connection: Connection) -> tuple[Index, list[Building]]:
        """Index one slice, and say by which index, and what is left then."""
        index, tenant = self._tenancy.index, self._tenancy.number
        todo = buildings(connection, tenant, index)
        if not todo:
            index.elements.covers.withheld = withheld(connection, tenant, index)  # another process has done the rest
            return index, todo
        build(todo[0], self._remover(connection))
        left = buildings(connection, tenant, index)
        if len(left) < len(todo):
            index.elements.covers.withheld = withheld(connection, tenant, index)
            log.info("search parameters indexed", type=todo[0].type, parameters=list(todo[0].codes))
        return index, left
