"""What a repository in SQL asks of its database: connections that read, and one that writes."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from careloom.store.sql.dialect import Connection, UnitConnection

T = TypeVar("T")


def never() -> bool:
    """Nothing is ever to be told."""
    return False


class Readers(Protocol):
    """Connections that read; each method raises UnavailableError when the database does not answer."""

    def here(self, read: Callable[[Connection], T], /, *, is_urgent: bool = False) -> T:
        """Read on this thread, which waits.

        Args:
            read: Reads.
            is_urgent: Not to wait for one of the others to end, who may be waiting for this thread.
        """
        ...

    async def run(self, read: Callable[[Connection], T], /) -> T:
        """Read by one statement, which sees what is committed when it begins."""
        ...

    async def in_snapshot(self, read: Callable[[Connection], T], /) -> T:
        """Read by several statements, which all see the same snapshot."""
        ...

    async def close(self) -> None:
        """Finish the reads that run, then close all connections."""
        ...


class Write(Protocol):
    """Runs units, each in a turn."""

    async def __call__(
        self,
        work: Callable[[UnitConnection], T],
        /,
        *,
        has_news: Callable[[], bool] = never,
        leaves_rows: bool = False,
        is_light: bool = False,
    ) -> T:
        """Run the work in a transaction; return once that is durable.

        Args:
            work: Gets the connection.
            has_news: Asked when it is done.
            leaves_rows: Whether it leaves what it writes to the end of the group, or begins a unit on the connection.
            is_light: Whether it is done in a moment, so that it may be done where others wait for that.

        Raises:
            UnavailableError: The database failed; nothing of the work is recorded.
        """
        ...


class WriteSlice(Protocol):
    """Runs what writes a slice of a large unit, in a turn or beside them."""

    async def __call__(self, work: Callable[[UnitConnection], T], /) -> T:
        """Run the work in a transaction; return once that is durable.

        Args:
            work: Gets the connection.

        Raises:
            UnavailableError: The database failed.
        """
        ...


class Writer(Protocol):
    """The connection that writes, on a thread of its own."""

    @property
    def run(self) -> Write:
        """Runs a unit."""
        ...

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for the turn behind the unit that is under way; asked by that unit."""
        ...

    async def close(self) -> None:
        """Finish what was begun, then close the connection."""
        ...
