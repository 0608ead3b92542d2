"""Indexes what search parameters have been added or changed, slice by slice, while the record is in use."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from careloom.model.errors import UnavailableError
from careloom.store.sql.dialect import Connection
from careloom.store.sql.indexing import Building, build
from careloom.store.sql.removing import Remover
from careloom.store.sql.trainer import Run

log = structlog.get_logger(__name__)

_BETWEEN = 0.01
"""Seconds between two slices, so that others have their turns."""

_AGAIN = 30.0
"""Seconds until the next try when the disk has failed."""


class Indexer:
    """A task that ends when all parameters are known as they are now defined.

    Args:
        building: What is left to be done.
        write: Runs a unit of the writer.
        remover: Takes out rows, in a turn.
        on_done: Called with what is left when some of it is done.
    """

    def __init__(
        self,
        building: list[Building],
        write: Run,
        remover: Callable[[Connection], Remover],
        on_done: Callable[[list[Building]], None],
    ) -> None:
        self._left = list(building)
        self._write = write
        self._remover = remover
        self._on_done = on_done
        self._task = asyncio.get_running_loop().create_task(self._run()) if building else None

    async def finished(self) -> None:
        """Return when nothing is left."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Stop after the slice under way; the rest is done after the next opening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._left:
            try:
                rest = await self._write(partial(self._slice, self._left[0]))
            except UnavailableError:
                log.warning("search parameters not indexed", type=self._left[0].type, exc_info=True)
                await asyncio.sleep(_AGAIN)
                continue
            if rest is not None:
                self._left[0] = rest
                await asyncio.sleep(_BETWEEN)
                continue
            done = self._left.pop(0)
            log.info("search parameters indexed", type=done.type, parameters=list(done.codes))
            self._on_done(self._left)

    def _slice(self, building: Building, connection: Connection) -> Building | None:
        return build(building, self._remover(connection))
