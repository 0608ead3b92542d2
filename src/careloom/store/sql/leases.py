"""Leases in a table beside the record, taken and left by the writer of the record."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from careloom.store.ids import microseconds
from careloom.store.leases import Lease, LeaseLostError
from careloom.store.sql.dialect import Connection
from careloom.store.sql.statements import load_statements

T = TypeVar("T")

_SQL = load_statements("leases.sql")

FORGOTTEN = timedelta(hours=1)
"""How long a lease is over when it is forgotten of whom it was."""


class RunUnit(Protocol):
    """Runs a unit of the writer."""

    def __call__(self, work: Callable[[Connection], T], /, *, is_light: bool = False) -> Awaitable[T]:
        """What the work returns; what is light may be done where others wait for that."""
        ...


class SqlLeases:
    """The `careloom.store.leases.Leases` of an SQL database.

    Args:
        tenant: Number of the tenant.
        write: Runs a unit of the writer.
        now: The time by the clock of the store.
    """

    def __init__(self, tenant: int, *, write: RunUnit, now: Callable[[Connection], datetime]) -> None:
        self._tenant = tenant
        self._write = write
        self._now = now

    async def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """As in the port."""
        return next(iter(await self.take_leases([name], holder, seconds)), None)

    async def take_leases(self, names: Sequence[str], holder: str, seconds: float) -> list[Lease]:
        """As in the port."""

        def take(connection: Connection) -> list[Lease]:
            now = self._now(connection)
            until = now + timedelta(seconds=seconds)
            values = {"holder": holder, "now": microseconds(now), "until": microseconds(until)}
            taken = []
            for name in names:
                key = {"tenant": self._tenant, "name": name, **values}
                row = connection.execute(_SQL["take_lease"], key).fetchone()
                taken += [Lease(name, holder, int(row[0]), until)] if row else []
            return taken

        return await self._write(take)

    async def lease_holders(self, prefix: str) -> list[str]:
        """As in the port."""

        def look(connection: Connection) -> list[str]:
            now = self._now(connection)
            key = {"tenant": self._tenant, "prefix": prefix, "now": microseconds(now)}
            connection.execute(_SQL["forget_leases"], {**key, "now": microseconds(now - FORGOTTEN)})
            return [str(row[0]) for row in connection.execute(_SQL["lease_holders"], key).fetchall()]

        return await self._write(look)

    async def leave_lease(self, lease: Lease) -> None:
        """As in the port."""
        values = {"tenant": self._tenant, "name": lease.name, "holder": lease.holder, "fence": lease.fence}
        await self._write(lambda connection: connection.execute(_SQL["leave_lease"], values))

    def _fenced(self, plain: RunUnit, lease: Lease) -> RunUnit:
        def write(work: Callable[[Connection], T], /, *, is_light: bool = False) -> Awaitable[T]:
            def held(connection: Connection) -> T:
                self._require(connection, lease)
                return work(connection)

            return plain(held, is_light=is_light)

        return write

    def _require(self, connection: Connection, lease: Lease) -> None:
        values = {"tenant": self._tenant, "name": lease.name, "holder": lease.holder, "fence": lease.fence}
        if connection.execute(_SQL["holds_lease"], values).fetchone() != (1,):
            raise LeaseLostError(f"lease {lease.name!r} under fence {lease.fence}: another process holds it now")
