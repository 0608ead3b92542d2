"""Large units of a repository, done beside the turns of others: see `careloom.store.sql.slices`."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from careloom.model.interpreter import share
from careloom.model.records import replace
from careloom.model.room import ROOM
from careloom.store.port import Turn
from careloom.store.sql.connections import Readers, Write, WriteSlice
from careloom.store.sql.dialect import Connection
from careloom.store.sql.recorded import require_index
from careloom.store.sql.removing import Remover
from careloom.store.sql.slices import AsideTurn, Block, Part, hold, reserve, show, take_out
from careloom.store.sql.tenancy import Index
from careloom.store.sql.turn import Desk

T = TypeVar("T")

LEAST_SECONDS = 0.0005
"""How long a slice takes, even if somebody waits: or those who keep coming would keep it from ever ending."""

MOST_SECONDS = 0.01
"""How long it takes if nobody waits, who might come while it is made durable."""


class LargeUnits:
    """Runs large units.

    Args:
        desk: The writer's.
        readers: Do the work.
        write: Runs a turn by the index in force.
        put: Runs a turn whatever the index.
        write_slice: Runs what writes a slice.
        is_awaited: Whether somebody waits for the slice under way to end, or will in a moment.
        make_room: Called behind each part of a slice, for small requests.
    """

    def __init__(
        self,
        desk: Desk,
        readers: Readers,
        *,
        write: Write,
        put: Write,
        write_slice: WriteSlice,
        is_awaited: Callable[[], bool],
        make_room: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._readers = readers
        self._write = write
        self._put = put
        self._run_slice = write_slice
        self._is_awaited = is_awaited
        self._make_room = make_room

    async def commit(self, work: Callable[[Turn], T], cause: str, size: int) -> T:
        """Record a unit in slices that nobody sees, and show it in a short turn.

        Raises:
            MustTakeTurnError: It takes a turn of its own; nothing of it is left.
        """
        with share():
            return await self._commit(work, cause, size)

    async def _commit(self, work: Callable[[Turn], T], cause: str, size: int) -> T:
        index = self._desk.tenancy.index
        block = await self._write(lambda connection: reserve(connection, self._desk, size, cause))
        new_turn = partial(self._new_turn, block, cause, self._add_name(asyncio.get_running_loop()))
        try:
            turn, result = await self._readers.in_snapshot(lambda each: _collected(new_turn(), each, work))
            parts = turn.parts()
            while await self._run_slice(partial(self._write_slice, block, parts)):
                continue
            await self._write(partial(self._show, block, turn, index), has_news=lambda: turn.wrote_changes)
        except BaseException:
            await self.take_out(block.first, block.end)
            raise
        return result

    def _new_turn(self, block: Block, cause: str, add_name: Callable[[str], int]) -> AsideTurn:
        """A turn with all of the block before it."""
        return AsideTurn(replace(self._desk, sequence=Block(block.first, block.end)), cause, add_name)

    def _write_slice(self, block: Block, parts: Iterator[Part], connection: Connection) -> bool:
        """Write parts for a while, which is short where somebody waits; whether there may be more."""
        hold(connection, self._desk, block)
        begun = time.monotonic()
        for part in parts:
            for table, rows in part:
                self._desk.dialect.append(connection, table, rows)
            self._make_room()
            spent = time.monotonic() - begun
            if spent >= MOST_SECONDS or (spent >= LEAST_SECONDS and self._is_awaited()):
                return True
        return False

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


def _collected(turn: AsideTurn, connection: Connection, work: Callable[[Turn], T]) -> tuple[AsideTurn, T]:
    """A turn that has done the work; a new one each time, since a reader whose connection is lost does it again."""
    return turn, ROOM.large(lambda: turn.collect(connection, work))
