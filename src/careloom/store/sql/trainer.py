"""Makes compression dictionaries while the record is in use, one type at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

import structlog

from careloom.model.errors import UnavailableError
from careloom.store.bodies import trained
from careloom.store.sql.dialect import Connection
from careloom.store.sql.tenancy import Tenancy
from careloom.store.sql.training import pack_anew, record_dictionary, samples

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Run(Protocol):
    """Runs work on a connection of a certain kind."""

    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]:
        """What the work returns."""
        ...


class Trainer:
    """A task that begins when a type has had enough bodies.

    Args:
        tenancy: The tenant.
        read: Runs a reading.
        write: Runs a unit of the writer.
    """

    def __init__(self, tenancy: Tenancy, read: Run, write: Run) -> None:
        self._tenancy = tenancy
        self._read = read
        self._write = write
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """See whether there is anything to do, on the event loop."""
        if self._task is None or self._task.done():
            type = self._tenancy.bodies.dictionaries.due()
            if type:
                self._task = asyncio.get_running_loop().create_task(self._train(type))

    async def close(self) -> None:
        """Give up what is under way; it is done again another time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _train(self, type: str) -> None:
        names, bodies = self._tenancy.names, self._tenancy.bodies
        dictionaries = bodies.dictionaries
        is_first = type not in dictionaries.by_type
        learned = dictionaries.begin(type)
        try:
            found = await self._read(lambda connection: samples(connection, type, names, bodies))
            content = await asyncio.to_thread(trained, found)
            if content is None:
                return
            number = await self._write(lambda each: record_dictionary(each, type, names, content, learned))
            dictionaries.add(number, type, content)
            after = -1 if is_first else 0
            while after:
                last = max(after, 0)
                after = await self._write(partial(pack_anew, type=type, names=names, bodies=bodies, after=last))
        except UnavailableError:
            log.warning("compression dictionary not made", type=type, exc_info=True)
