"""Scale-out on Citus: each tenant's rows on one shard, together; what all need, on every node.

Every key of the schema begins with the tenant, so the tenant can be the shard key of every table. All tables are
co-located: a turn, a search and a page touch one shard, and joins stay on one node. The tenants themselves are few and
are looked up by name, so their table is on every node.

Citus: https://docs.citusdata.com/en/stable/develop/api_udf.html
"""

from collections.abc import Iterator

import psycopg

from careloom.model.errors import NotSupportedError
from careloom.store.postgres.blocks import KEPT
from careloom.store.postgres.connection import Connection, Server, connect_plain
from careloom.store.postgres.failures import told
from careloom.store.postgres.migrations import applied
from careloom.store.sql.tables import COLUMNS
from careloom.store.upkeep.tables import TABLES

SHARD_KEY = "tenant"
REFERENCE = ("tenant",)
"""On every node."""

DISTRIBUTED = (
    "head",
    *KEPT,
    *(table.name for table in TABLES if table.name not in {*COLUMNS, *REFERENCE, "head"}),
    "lease",
    "writer",
)
"""By tenant; the first is the one that the others are co-located with."""


def distribute(server: Server) -> Iterator[tuple[str, str]]:
    """Declare every table that is not declared yet; tells each with how it is kept.

    Raises:
        NotSupportedError: The server has no Citus.
        UnavailableError: The server does not answer.
    """
    try:
        connection = connect_plain(server)
        try:
            if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone():
                raise NotSupportedError(f"{server.place}: a database with the extension citus expected, found none")
            applied(connection, server.place)
            yield from _declare(connection)
        finally:
            connection.close()
    except psycopg.Error as error:
        raise told(server.place, error) from error


def _declare(connection: Connection) -> Iterator[tuple[str, str]]:
    known = {str(table) for (table,) in connection.execute("SELECT logicalrelid::text FROM pg_dist_partition")}
    for table in REFERENCE:
        if table not in known:
            connection.execute("SELECT create_reference_table(?)", (table,))
        yield table, "on every node"
    for table in DISTRIBUTED:
        if table not in known:
            beside = "default" if table == DISTRIBUTED[0] else DISTRIBUTED[0]
            connection.execute(
                "SELECT create_distributed_table(?::regclass, ?, colocate_with => ?)", (table, SHARD_KEY, beside)
            )
        yield table, f"by {SHARD_KEY}"
