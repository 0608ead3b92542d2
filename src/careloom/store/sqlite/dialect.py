"""How SQLite says what other databases say differently."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain

from careloom.store.sql.dialect import Connection, Dialect, Row
from careloom.store.sql.tables import COLUMNS
from careloom.store.sql.text import Sql, one_of
from careloom.store.sqlite import limits

_INDEXES: Mapping[str, str] = {
    "value": "sqlite_autoindex_{table}_1",
    "version": "{table}_by_version",
    "long": "{table}_long",
    "type": "{table}_by_type",
    "superseded": "{table}_superseded",
    "shape": "{table}_by_shape",
    "frame": "{table}_by_frame",
}
"""``value`` is the name that SQLite gives to a primary key. It has to be named: left to itself, SQLite scans all of the
index by version, since that one is in order of vid."""


def _by(table: str, index: str, alias: str) -> str:
    return f"{table} AS {alias} INDEXED BY {_INDEXES[index].format(table=table)}"


def _versions_of(alias: str, tenant: str, rid: str) -> str:
    """The newest version through its head, the others through an index that has them alone."""
    closed = "version INDEXED BY version_superseded"
    superseded = f"SELECT vid FROM {closed} WHERE tenant = {tenant} AND rid = {rid} AND valid_to IS NOT NULL"
    newest = f"SELECT vid FROM head WHERE tenant = {tenant} AND rid = {rid}"
    return f"{alias}.tenant = {tenant} AND {alias}.vid IN ({newest} UNION ALL {superseded})"


def _words(words: Sequence[str]) -> Sql:
    """Each word in quotes: the query language of FTS5 has words of its own."""
    asked = " AND ".join(f'"{word[:-1]}" *' if word.endswith("*") else f'"{word}"' for word in words)
    return Sql("SELECT rowid AS vid FROM fts WHERE fts MATCH ?", (asked,))


def _among(column: str, numbers: Sequence[int]) -> Sql:
    """The last of them repeated up to a power of two: so there are few such statements, and each is prepared once."""
    if not numbers:
        return one_of(column, ())
    missing = (1 << (len(numbers) - 1).bit_length()) - len(numbers)
    return one_of(column, [*numbers, *[numbers[-1]] * missing])


def _append(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    if table == "fts":
        connection.executemany("INSERT INTO fts (rowid, words) VALUES (?, ?)", [(vid, words) for vid, _, words in rows])
        return
    whole = len(rows) - len(rows) % _AT_ONCE
    for start in range(0, whole, _AT_ONCE):
        values = list(chain.from_iterable(rows[start : start + _AT_ONCE]))
        connection.execute(_INSERTS_AT_ONCE[table], values)
    if whole < len(rows):
        connection.executemany(_INSERTS[table], rows[whole:])


def _forget_words(connection: Connection, rows: Sequence[Row]) -> None:
    """The index keeps no texts: it has to be told once more what it is to forget."""
    told = [(vid, words) for vid, _, words in rows]
    connection.executemany("INSERT INTO fts (fts, rowid, words) VALUES ('delete', ?, ?)", told)


def _sweep(connection: Connection) -> None:
    """Until its parts are merged, the index of words keeps those that were taken out."""
    connection.execute("INSERT INTO fts (fts) VALUES ('optimize')")


def _explained(connection: Connection, sql: Sql) -> list[str]:
    return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.values)]


def _insert(table: str, rows: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS[table]))})"
    return f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES {', '.join([row] * rows)}"


_AT_ONCE = 64
"""Rows that one statement inserts: half as much work for each as by a statement of its own."""

_INSERTS = {table: _insert(table, 1) for table in COLUMNS}
_INSERTS_AT_ONCE = {table: _insert(table, _AT_ONCE) for table in COLUMNS}

DIALECT = Dialect(
    name="SQLite",
    by=_by,
    in_order="CROSS JOIN",
    versions_of=_versions_of,
    inside=lambda column: f"instr({column}, ?) > 0",
    words=_words,
    append=_append,
    forget_words=_forget_words,
    sweep=_sweep,
    limited=limits.limited,
    bound=lambda connection: f"{limits.MOST_STEPS:,} steps of SQLite's machine",
    explained=_explained,
    among=_among,
    most_values=32_766,
    taken=(sqlite3.IntegrityError,),
)
