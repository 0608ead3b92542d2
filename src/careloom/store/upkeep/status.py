"""What a database is, and bringing its schema up to date."""

import sqlite3
from typing import TYPE_CHECKING

from careloom.model.errors import NotFoundError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass
from careloom.search import SearchParameters
from careloom.store.sql.dialect import Connection
from careloom.store.sql.schema import Migration, missing

if TYPE_CHECKING:
    from careloom.store.source import StoreSource

_COUNTS = """
SELECT tenant.name,
       (SELECT count(*) FROM head WHERE head.tenant = tenant.tenant AND head.op <> 2),
       (SELECT count(*) FROM version WHERE version.tenant = tenant.tenant),
       (SELECT count(*) FROM version WHERE version.tenant = tenant.tenant AND version.told = 1)
       + (SELECT count(*) FROM change_log WHERE change_log.tenant = tenant.tenant)
FROM tenant ORDER BY tenant.tenant
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """How much a tenant has: living resources, versions, changes."""

    name: str
    resources: int
    versions: int
    changes: int


@dataclass(frozen=True, slots=True)
class Status:
    """What a database is.

    Attributes:
        place: Where, for people.
        engine: The database and its version.
        size: Bytes on disk.
        taken: Steps of the schema that were taken.
        missing: Steps that this release knows and the database has not.
        tenants: Who has how much; empty while steps are missing.
    """

    place: str
    engine: str
    size: int
    taken: tuple[int, ...]
    missing: tuple[Migration, ...]
    tenants: tuple[Tenant, ...]


def status(source: "StoreSource") -> Status:
    """Look at a database, without changing anything; hubs go on.

    Raises:
        NotFoundError: There is none.
        UnavailableError: It does not answer.
        InvalidError: It is another program's or of a newer release.
    """
    return _postgres_status(source) if source.is_postgres else _sqlite_status(source)


def upgrade(source: "StoreSource", parameters: SearchParameters, clock: Clock = utc_now) -> tuple[Migration, ...]:
    """Take the steps that are missing; which they were.

    Raises:
        NotFoundError: There is no database.
        UnavailableError: It does not answer, or a hub has the file.
        InvalidError: It is another program's or of a newer release.
    """
    wanted = status(source).missing
    if not wanted:
        return ()
    if source.is_postgres:
        from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

        upkeep.upgrade(source.server(), parameters, clock)
        return wanted
    from careloom.store.sqlite.connection import connect_writer  # noqa: PLC0415  only here
    from careloom.store.sqlite.migrations import migrate, migrations  # noqa: PLC0415
    from careloom.store.sqlite.rebuilding import steps  # noqa: PLC0415

    connection = connect_writer(source.file)
    try:
        migrate(connection, source.file, clock, migrations(), steps(parameters))
    finally:
        connection.close()
    return wanted


def _sqlite_status(source: "StoreSource") -> Status:
    from careloom.store.sqlite.connection import connect_reader  # noqa: PLC0415  only here
    from careloom.store.sqlite.migrations import applied, migrations  # noqa: PLC0415

    path = source.file
    if not path.is_file():
        raise NotFoundError(f"{path}: no database there")
    connection = connect_reader(path)
    try:
        taken = applied(connection, path)
        engine = f"SQLite {sqlite3.sqlite_version}"
        rest = missing(migrations(), taken, path)
        return Status(str(path), engine, path.stat().st_size, (*taken,), (*rest,), _tenants(connection, bool(rest)))
    finally:
        connection.close()


def _postgres_status(source: "StoreSource") -> Status:
    from careloom.store.postgres import upkeep  # noqa: PLC0415  only with psycopg

    with upkeep.looking(source.server()) as (connection, place, taken, rest):
        [(engine, size)] = connection.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchall()
        tenants = _tenants(connection, bool(rest))
        return Status(place, f"PostgreSQL {engine}", size, (*taken,), (*rest,), tenants)


def _tenants(connection: Connection, is_old: bool) -> tuple[Tenant, ...]:
    return () if is_old else tuple(Tenant(*row) for row in connection.execute(_COUNTS).fetchall())
