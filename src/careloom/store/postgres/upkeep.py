"""A PostgreSQL database as `careloom.store.upkeep` sees it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from careloom.model.errors import ConflictError, InvalidError, UnavailableError
from careloom.model.instants import Clock
from careloom.search import SearchParameters
from careloom.store.postgres.blocks import KEPT, KEPT_IN
from careloom.store.postgres.connection import Connection, Server, connect_plain, storable
from careloom.store.postgres.dialect import POSTGRES
from careloom.store.postgres.failures import told
from careloom.store.postgres.migrations import applied, check_server, migrate, migrations, steps
from careloom.store.postgres.turns import take_turn
from careloom.store.sql import dialect
from careloom.store.sql.schema import Migration, missing
from careloom.store.upkeep.databases import in_lots
from careloom.store.upkeep.tables import Table

Row = tuple[Any, ...]

_HOLD_UNSEEN = "SELECT 1 FROM tx WHERE state > 0 ORDER BY tenant, tx FOR UPDATE"
"""As `careloom.store.sql.slices.hold` does, for all units that are not to be seen yet."""

_HUBS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'careloom writer'
"""


class PostgresDatabase:
    """See `careloom.store.upkeep.databases.Database`."""

    kind = "postgresql"

    def __init__(self, connection: Connection, place: str) -> None:
        self.connection: dialect.Connection = connection
        self._own = connection
        self.dialect = POSTGRES
        self.place = place

    def rows(self, table: Table) -> Iterator[Row]:
        """As in the protocol."""
        return self.stream(table.select)

    def stream(self, select: str) -> Iterator[Row]:
        """As in the protocol."""
        return self._own.stream(select)

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """As in the protocol."""
        if table.name in KEPT_IN:
            for lot in in_lots(rows):
                POSTGRES.append(self._own, table.name, lot)
            return
        self._own.flush()
        statement = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN (FORMAT BINARY)"
        with self._own.raw.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(list(table.columns.values()))
            for row in rows:
                copy.write_row(tuple(storable(row)))

    def clear(self, table: str) -> None:
        """As in the protocol."""
        self.connection.execute(f"DELETE FROM {KEPT_IN.get(table, table)}")

    def faults(self) -> Iterator[str]:
        """As in the protocol; its files are looked at by pg_amcheck, by those who run the server."""
        return iter(())


@contextmanager
def snapshot(server: Server) -> Iterator[PostgresDatabase]:
    """All of a database as of one moment, to read from."""
    with _connected(server) as connection:
        _require_current(connection, server)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield PostgresDatabase(connection, server.place)


@contextmanager
def looking(server: Server) -> Iterator[tuple[Connection, str, dict[int, str], list[Migration]]]:
    """A connection, the place, the steps of the schema that are taken, and those that are missing."""
    with _connected(server) as connection:
        check_server(connection, server.place)
        taken = applied(connection, server.place)
        yield connection, server.place, taken, missing(migrations("postgres"), taken, server.place)


def require_no_hub(server: Server) -> None:
    """See that no hub writes to a database that is about to be left.

    Raises:
        UnavailableError: One has it open.
    """
    with _connected(server) as connection:
        [(hubs,)] = connection.execute(_HUBS).fetchall()
    if hubs:
        told = "what it writes from now on would be left behind, so stop it first"
        raise UnavailableError(f"{server.place}: in use by a hub ({hubs} connections that write); {told}")


def upgrade(server: Server, parameters: SearchParameters, clock: Clock) -> None:
    """Take the steps of the schema that are missing."""
    with _connected(server) as connection:
        migrate(connection, server.place, clock, migrations("postgres"), steps(parameters))


def vacuum(server: Server) -> None:
    """Free the room of rows that were deleted, so that it is written over."""
    with _connected(server) as connection:
        connection.execute(f"VACUUM {', '.join(KEPT)}, head")


@contextmanager
def opened(server: Server) -> Iterator[PostgresDatabase]:
    """A database to write to, with the turns of all tenants taken: hubs go on reading, and wait with writing.

    They wait with slices of large units, too, which are written beside the turns.
    """
    with _connected(server) as connection:
        _require_current(connection, server)
        connection.execute("BEGIN")
        for (tenant,) in connection.execute("SELECT tenant FROM tenant ORDER BY tenant").fetchall():
            take_turn(connection, tenant)
        connection.execute(_HOLD_UNSEEN)
        yield PostgresDatabase(connection, server.place)
        connection.execute("COMMIT")


@contextmanager
def vacant(server: Server, clock: Clock) -> Iterator[PostgresDatabase]:
    """An empty database to fill, in one transaction: nobody sees any of it before it is complete."""
    with _connected(server) as connection:
        migrate(connection, server.place, clock, migrations("postgres"))
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE tenant IN EXCLUSIVE MODE")
        if connection.execute("SELECT 1 FROM tenant LIMIT 1").fetchone():
            raise ConflictError(f"{server.place}: an empty database expected, there is a record in it already")
        yield PostgresDatabase(connection, server.place)
        connection.execute("SELECT setval(pg_get_serial_sequence('tenant', 'tenant'), max(tenant)) FROM tenant")
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


def _require_current(connection: Connection, server: Server) -> None:
    check_server(connection, server.place)
    taken = applied(connection, server.place)
    if not taken or missing(migrations("postgres"), taken, server.place):
        raise InvalidError(f"{server.place}: a schema of this release expected; run `careloom db upgrade` first")


@contextmanager
def _connected(server: Server) -> Iterator[Connection]:
    try:
        connection = connect_plain(server)
        try:
            yield connection
        finally:
            connection.close()
    except psycopg.Error as error:
        raise told(server.place, error) from error
