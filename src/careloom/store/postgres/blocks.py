"""Postings kept many in one row: the versions of a microsecond that have the same value.

On PostgreSQL each row costs 28 bytes beside what it says, and lies in its table and in each index once more. But what
is written together says the same again and again: two hundred observations are final, and most of them are of the same
kind. So a row of ``tok_block`` holds all versions that were written together and have a value, up to some hundreds,
and a row of ``fts_block`` those that have the same words::

    h, sys      the value; or the words
    vid         the first version
    more        how far the others are behind it; null where there are none

The vids of a unit follow one another, so most of them agree in all bits but the last `BLOCK_BITS`: those that do are a
block, and no row goes beyond one. The index leads to values and blocks. A run is read block by block, the newest first,
and each block is put in order; whether a version has a value is seen in the rows of its block.

Rows are read through views by the names of the tables, ``tok`` and ``fts``, which have one for each version; that of
``tok`` has the number of its block besides.
"""

from collections.abc import Iterator, Mapping, Sequence

from careloom.store.postgres.connection import array
from careloom.store.sql import dialect
from careloom.store.sql.dialect import Connection, Row
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tables import BLOCK_BITS, COLUMNS

MOST = 500
"""Versions of a row: it stays on its page, which a row of two kilobytes does not."""

KEPT_IN: Mapping[str, str] = {"tok": "tok_block", "fts": "fts_block"}
"""By table that is a view, the one that has its rows in blocks."""

BLOCKS: Mapping[str, str] = {"tok": "block", "ref": f"vid >> {BLOCK_BITS}"}
"""See `careloom.store.sql.dialect.Dialect.blocks`. Rows of ``ref`` are looked up by their versions as well, so each has
one; but those of a block share the key of an index that leads to blocks."""

KEPT: Mapping[str, tuple[str, ...]] = {
    **{table: columns for table, columns in COLUMNS.items() if table not in KEPT_IN},
    **{kept: (*COLUMNS[table], "more") for table, kept in KEPT_IN.items()},
}
"""The tables that there are, with the columns of each row in order."""


def blocks(table: str, rows: Sequence[Row]) -> list[Row]:
    """Rows of a table put together: each with the first vid, and at its end the distances of the others or None."""
    at = COLUMNS[table].index("vid")
    found: dict[tuple[Row, Row, int], list[int]] = {}
    for row in rows:
        vid = row[at]
        found.setdefault((row[:at], row[at + 1 :], vid >> BLOCK_BITS), []).append(vid)
    return [(*left, *_put(vids, right)) for (left, right, _), all in found.items() for vids in _cut(all)]


def _cut(vids: list[int]) -> Iterator[list[int]]:
    vids.sort()
    return (vids[start : start + MOST] for start in range(0, len(vids), MOST))


def _put(vids: list[int], right: Row) -> Row:
    first = vids[0]
    return first, *right, [vid - first for vid in vids[1:]] or None


def lying(table: str, vids: Sequence[str]) -> tuple[str, str]:
    """See `careloom.store.sql.dialect.Dialect.lying`; of rows in blocks those whose block is that of a version."""
    kept, same = dialect.lying(KEPT_IN.get(table, table), vids)
    if table not in BLOCKS:
        return kept, same
    near = ", ".join(f"{vid} >> {BLOCK_BITS}" for vid in vids)
    among = "".join(f" OR {vid} - vid = ANY (more)" for vid in vids) if table in KEPT_IN else ""
    return kept, f"vid >> {BLOCK_BITS} IN ({near}) AND ({same}{among})"


def remove(connection: Connection, table: str, rows: Sequence[Row]) -> int:
    """See `careloom.store.sql.dialect.Dialect.remove`; what is left of a row is written anew."""
    if table not in KEPT_IN:
        return dialect.remove(connection, table, rows)
    connection.execute(_SQL[f"remove_{table}"], [array(column) for column in zip(*rows, strict=True)])
    return len(rows)


def forget_words(connection: Connection, rows: Sequence[Row]) -> None:
    """See `careloom.store.sql.dialect.Dialect.forget_words`; whatever words the versions had."""
    remove(connection, "fts", [row[:2] for row in rows])


_SQL = load_statements("postgres.sql")
