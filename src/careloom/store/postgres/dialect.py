"""How PostgreSQL says what SQLite says differently, and how rows get there: by arrays when few, by COPY when many.

A single write is a handful of rows in as many tables: each table's rows are one INSERT from arrays, and all of them
travel together with the COMMIT. A bundle is thousands of rows: each table's are one binary COPY.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from psycopg.errors import UniqueViolation

from careloom.store.postgres.blocks import BLOCKS, KEPT, KEPT_IN, blocks, forget_words, lying, remove
from careloom.store.postgres.connection import MOST_AT_ONCE, NUL, Connection, array
from careloom.store.postgres.copying import packed
from careloom.store.sql import dialect
from careloom.store.sql.dialect import Dialect, Row
from careloom.store.sql.tables import COLUMNS
from careloom.store.sql.text import Sql

FEW = 64
"""Rows up to which an INSERT from arrays is quicker than a COPY, which needs a round trip of its own."""

_LONGEST_WORD = 500
"""Characters of a word that are kept: a tsvector takes words of 2,046 bytes at most."""

_MOST_WORDS = 500_000
"""Characters of all words of a version that are kept: a tsvector takes a megabyte of them."""

_TYPES: Mapping[str, str] = {
    "bytes": "bytea",
    "words": "text",
    "folded": "text",
    "text": "text",
    "vid": "bigint",
    "rid": "bigint",
    "h": "bigint",
    "target": "bigint",
    "exact": "bigint",
    "position": "bigint",
    "valid_to": "bigint",
    "cell": "bigint",
    "more": "smallint[]",
    "low": "bigint",
    "high": "bigint",
    "latitude": "double precision",
    "longitude": "double precision",
}
"""By column; those not named are ``integer``."""

_REAL = frozenset({("num", "low"), ("num", "high"), ("pair", "low"), ("pair", "high")})


def types_of(table: str) -> tuple[str, ...]:
    """The types of the columns that rows of a table have, in order."""
    return tuple(
        "double precision" if (table, column) in _REAL else _TYPES.get(column, "integer") for column in _COLUMNS[table]
    )


def append(connection: dialect.Connection, table: str, rows: Sequence[Row]) -> None:
    """Write rows into a table, or into the one that has them in blocks; none of them is there yet."""
    if table in KEPT_IN:
        append_rows(connection, KEPT_IN[table], blocks(table, rows))
    else:
        append_rows(connection, table, rows)


def append_rows(connection: dialect.Connection, table: str, rows: Sequence[Row]) -> None:
    """Write rows into a table as they are."""
    assert isinstance(connection, Connection), connection
    connection.appended += len(rows)
    if len(rows) > FEW and "words" not in _COLUMNS[table]:
        _copy(connection, table, rows)
        return
    for start in range(0, len(rows), MOST_AT_ONCE):
        connection.later(_INSERTS[table], _columns(table, rows[start : start + MOST_AT_ONCE]))


_COLUMNS = {**COLUMNS, **KEPT}
"""Of all tables, those that earlier schemas had among them."""


def _copy(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    connection.flush()
    types = types_of(table)
    kept = [_without_nul(row) for row in rows] if "text" in types else rows
    statement = f"COPY {table} ({', '.join(_COLUMNS[table])}) FROM STDIN (FORMAT BINARY)"
    with connection.raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(packed(table, types, kept))


def _without_nul(row: Row) -> Row:
    return tuple(each.replace("\0", NUL) if type(each) is str else each for each in row)


def _columns(table: str, rows: Sequence[Row]) -> list[Any]:
    """The rows turned into one array for each column."""
    if "text" in types_of(table):
        rows = [_without_nul(row) for row in rows]
    if "words" in _COLUMNS[table]:
        rows = [(vid, tenant, _kept(words), *more) for vid, tenant, words, *more in rows]
    if table in KEPT_IN.values():
        rows = [(*row, array(more) if more else "") for *row, more in rows]
    return [array(column) for column in zip(*rows, strict=True)]


def _kept(words: str) -> str:
    """As many of the words, and of each word, as the server takes."""
    return " ".join(word[:_LONGEST_WORD] for word in words[:_MOST_WORDS].split())


def _insert(table: str) -> str:
    columns = _COLUMNS[table]
    arrays = ", ".join(f"?::{_SENT.get(type_name, type_name)}[]" for type_name in types_of(table))
    taken = ", ".join(_TAKEN.get(column, f"r.{column}") for column in columns)
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {taken} FROM unnest({arrays}) AS r ({names})"


_SENT = {"smallint[]": "text"}
"""What values of a type are sent as: arrays of arrays are all of one length."""

_TAKEN = {
    "words": "array_to_tsvector(string_to_array(r.words, ' '))",
    "more": "nullif(r.more, '')::smallint[]",
}
"""How a column is made of what a row has, where it is not that itself."""

_INSERTS = {table: _insert(table) for table in _COLUMNS}


def _words(words: Sequence[str]) -> Sql:
    """``word*`` is the start of a word; quoted, so that nothing in a word is an operator."""
    asked = " & ".join(_lexeme(word) for word in words)
    return Sql("SELECT vid FROM fts WHERE words @@ ?::tsquery", (asked,))


def _lexeme(word: str) -> str:
    bare, is_start = word.removesuffix("*"), word.endswith("*")
    quoted = bare[:_LONGEST_WORD].replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'{':*' if is_start else ''}"


def _rows(connection: dialect.Connection, sql: Sql) -> Iterator[Row]:
    """By a cursor of the server, so that what nobody reads is not even found."""
    assert isinstance(connection, Connection), connection
    return connection.stream(sql.text, sql.values)


def _first_rows(connection: dialect.Connection, sql: Sql, wanted: int) -> Iterator[Row]:
    assert isinstance(connection, Connection), connection
    return connection.some(sql.text, sql.values, wanted)


def _among(column: str, numbers: Sequence[int]) -> Sql:
    """One parameter, however many numbers, so that the statement stays the same."""
    return Sql(f"{column} = ANY (?::bigint[])", (array(numbers),)) if numbers else Sql("1 = 0")


def _at_once(
    statement: str, before: Sequence[Any], items: Sequence[Any], after: Sequence[Any] = ()
) -> Iterator[tuple[str, Sequence[Any]]]:
    """The items as one array: for many values apart psycopg would read the statement anew each time."""
    for start in range(0, len(items), MOST_AT_ONCE):
        some = items[start : start + MOST_AT_ONCE]
        sql = _of_array(statement, "text" if isinstance(some[0], str) else "bigint")
        yield sql, (*before, array(some), *after)


@lru_cache(maxsize=100)
def _of_array(statement: str, type_name: str) -> str:
    given = f"?::{type_name}[]"
    return statement.replace("IN (?)", f"= ANY ({given})").replace("VALUES (?)", f"SELECT unnest({given})")


def _explained(connection: dialect.Connection, sql: Sql) -> list[str]:
    return [str(line) for (line,) in connection.execute(f"EXPLAIN {sql.text}", sql.values)]


def _bound(connection: dialect.Connection) -> str:
    (timeout,) = connection.execute("SHOW statement_timeout").fetchone()
    return f"{timeout} of the server's time for a statement"


POSTGRES = Dialect(
    name="PostgreSQL",
    by=lambda table, index, alias: f"{table} AS {alias}",
    in_order="JOIN",
    versions_of=lambda alias, tenant, rid: f"{alias}.tenant = {tenant} AND {alias}.rid = {rid}",
    inside=lambda column: f"strpos({column}, ?) > 0",
    words=_words,
    append=append,
    remove=remove,
    forget_words=forget_words,
    blocks=BLOCKS,
    lying=lying,
    most_values=30_000,
    rows_in_part=1_000,  # a COPY has its round trips, however short it is
    held=" FOR UPDATE",
    bound=_bound,
    explained=_explained,
    among=_among,
    at_once=_at_once,
    rows=_rows,
    first_rows=_first_rows,
    keeps_order=False,
    hidden=lambda column: f"+{column}",
    taken=(UniqueViolation,),
    apart=" OFFSET 0",  # no join is made of such a subquery
    has_targets_in_order=True,
    beginning=("substr({column}, 1, 500)", 500),
)
"""It takes no hints; which index it goes by is seen to by how conditions are written and by the planner settings of
each connection, not by how many rows it expects."""
