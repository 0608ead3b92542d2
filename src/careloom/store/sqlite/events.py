"""What notify keeps, in the file and by the writer of the record."""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from careloom.model.instants import Clock, utc_now
from careloom.store.sql.events import SqlEventLog
from careloom.store.sqlite.readers import Readers
from careloom.store.sqlite.writer import Writer

T = TypeVar("T")


class SqliteEventLog(SqlEventLog):
    """A `careloom.store.events.EventLog` on SQLite: what takes one seek is read where it is asked for."""

    def __init__(self, tenant: int, readers: Readers, writer: Writer, clock: Clock = utc_now) -> None:
        async def read(work: Callable[[Any], T]) -> T:
            return readers.here(work)

        def now(connection: sqlite3.Connection) -> Any:
            return clock()

        super().__init__(tenant, read=read, read_at_once=readers.aside, write=writer.run, now=now)  # type: ignore[arg-type]
