"""History in SQL: versions along one of three keys, from one end of a range of vids to the other."""

from collections.abc import Callable, Iterator
from typing import Any

from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.sql.keys import address_hash
from careloom.store.sql.names import Names
from careloom.store.sql.snapshot import NEWEST, Snapshot
from careloom.store.sql.tenancy import Tenancy
from careloom.store.sql.text import Sql, all_of, one_of
from careloom.store.versions import Version


def history(  # noqa: PLR0917  what a search is given, too
    query: HistoryQuery, connection: Connection, dialect: Dialect, tenancy: Tenancy, names: Names, now: Snapshot
) -> HistoryPage:
    """One page of versions.

    Args:
        query: What is asked for.
        connection: Sees the record.
        dialect: The database.
        tenancy: The tenant.
        names: Numbers for texts.
        now: What is committed and to be seen.
    """
    tests = all_of(_tests(query, connection, dialect, tenancy, names, now))
    sql = _select(query, _along(query, dialect, tenancy), dialect, tests)
    rows = connection.execute(sql.text, sql.values).fetchall()
    return HistoryPage.of(query, (_version(row, connection, tenancy, names) for row in rows))


def _select(query: HistoryQuery, along: Sql, dialect: Dialect, where: Sql) -> Sql:
    direction = "ASC" if query.ascending else "DESC"
    columns = Sql("SELECT h.id, v.ver, v.op, v.vid, b.dictionary, b.bytes, v.type FROM")
    joined = Sql(
        f"{dialect.in_order} head AS h ON h.tenant = v.tenant AND h.rid = v.rid "
        "LEFT JOIN body AS b ON b.vid = v.vid AND b.tenant = v.tenant WHERE"
    )
    vid = _told_apart(query, dialect)("v.vid")
    return columns + along + joined + where + Sql(f"ORDER BY {vid} {direction} LIMIT ?", (query.count + 1,))


def _told_apart(query: HistoryQuery, dialect: Dialect) -> Callable[[str], str]:
    """How columns of versions stand in tests: those of one resource are few, and not looked for among all others."""
    return dialect.hidden if query.id and query.types else str


def _along(query: HistoryQuery, dialect: Dialect, tenancy: Tenancy) -> Sql:
    """The key to go along: the versions of one resource, of one type, or all."""
    if query.id and query.types:
        key = (tenancy.number, address_hash(tenancy.hash_of, f"{query.types[0]}/{query.id}"))
        of_resource = (
            "SELECT tenant, vid FROM head WHERE tenant = ? AND rid = ? UNION ALL "
            f"SELECT tenant, vid FROM version WHERE {dialect.hidden('tenant')} = ? AND rid = ? AND valid_to IS NOT NULL"
        )
        join = f"{dialect.in_order} version AS v ON v.tenant = k.tenant AND v.vid = k.vid"
        return Sql(f"({of_resource}) AS k {join}", (*key, *key))
    return Sql(dialect.by("version", "type", "v") if query.types and len(query.types) == 1 else "version AS v")


def _tests(  # noqa: PLR0917  as above
    query: HistoryQuery, connection: Connection, dialect: Dialect, tenancy: Tenancy, names: Names, now: Snapshot
) -> Iterator[Sql]:
    column = _told_apart(query, dialect)
    last = now.vid if query.last is None else min(now.vid, query.last)
    within = f"{column('v.tenant')} = ? AND {column('v.vid')} BETWEEN ? AND ?"
    yield Sql(within, (tenancy.number, query.first, min(last, NEWEST)))
    if query.types is not None:
        yield one_of(column("v.type"), [names.find(connection, type) for type in query.types])
    if query.still_current is not None:
        yield Sql("(v.valid_to IS NULL OR v.valid_to > ?)", (query.still_current,))
    for first, end in now.hidden:
        yield Sql("NOT (v.vid BETWEEN ? AND ?)", (first, end))


def _version(row: Any, connection: Connection, tenancy: Tenancy, names: Names) -> Version:
    *version, type = row
    return tenancy.version(names.text(connection, type), tuple(version))
