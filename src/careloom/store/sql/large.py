"""Large units of a repository, done beside the turns of others: see `careloom.store.sql.slices`."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from careloom.store.port import Turn
from careloom.store.sql.connections import Readers, Write
from careloom.store.sql.dialect import Connection
from careloom.store.sql.recorded import require_index
from careloom.store.sql.removing import Remover
from careloom.store.sql.slices import AsideTurn, Block, reserve, show, take_out
from careloom.store.sql.tenancy import Index
from careloom.store.sql.turn import Desk

T = TypeVar("T")


class LargeUnits:
    """Runs large units.

    Args:
        desk: The writer's.
        readers: Do the work.
        write: Runs a turn by the index in force.
        put: Runs a turn whatever the index.
    """

    def __init__(self, desk: Desk, readers: Readers, *, write: Write, put: Write) -> None:
        self._desk = desk
        self._readers = readers
        self._write = write
        self._put = put

    async def commit(self, work: Callable[[Turn], T], cause: str, size: int) -> T:
        """Record a unit in slices that nobody sees, and show it in a short turn.

        Raises:
            MustTakeTurnError: It takes a turn of its own; nothing of it is left.
        """
        index = self._desk.tenancy.index
        block = await self._write(lambda connection: reserve(connection, self._desk, size, cause))
        turn = AsideTurn(replace(self._desk, sequence=block), cause, self._add_name(asyncio.get_running_loop()))
        try:
            result = await self._readers.in_snapshot(lambda connection: turn.collect(connection, work))
            for batch in turn.batches:
                await self._write(batch.write_content)
            await self._write(partial(self._show, block, turn, index), has_news=lambda: turn.wrote_changes)
        except BaseException:
            await self.take_out(block.first, block.end)
            raise
        return result

    async def take_out(self, first: int, last: int) -> None:
        """Take out what was written in a range of vids and never shown."""
        while await self._write(partial(self._take_out, first, last)):
            pass

    def _show(self, block: Block, turn: AsideTurn, index: Index, connection: Connection) -> None:
        require_index(self._desk.tenancy, index, turn.types)
        show(connection, self._desk, block, turn)

    def _take_out(self, first: int, last: int, connection: Connection) -> bool:
        remover = Remover(connection, self._desk.dialect, self._desk.tenancy, self._desk.names)
        return take_out(connection, remover, first, last)

    def _add_name(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], int]:
        """Gives a text its number, asked on a thread that can wait for a turn."""

        def add(text: str) -> int:
            work = self._put(lambda connection: self._desk.names.number(connection, text))
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        return add
