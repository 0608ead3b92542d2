"""Index rows of versions, as their contents give them and as they are stored, in a form in which the two are equal.

A row is ``(vid, …)``: behind the vid come the columns of its table but tenant and vid.
"""

from collections.abc import Collection, Iterator
from typing import Any

from careloom.store.sql.shares import Found
from careloom.store.sql.tables import COLUMNS, POSTINGS
from careloom.store.upkeep.databases import Database, in_lots
from careloom.store.upkeep.records import Kept, Record
from careloom.store.upkeep.tables import TABLES

COMPARED = tuple(table for table in POSTINGS if table != "fts")
"""SQLite keeps no copy of the words."""

Row = tuple[Any, ...]

_LIVING = "v.valid_to IS NULL"
_REAL = {
    table.name: [kind == "double precision" for name, kind in table.columns.items() if name not in ("tenant", "vid")]
    for table in TABLES
    if table.name in COMPARED
}
"""Of which columns numbers come back as real ones."""


def given(kept: Kept, found: Found) -> Iterator[tuple[str, Row]]:
    """The rows of a version's own, by table, that its content gives."""
    rows = found.rows if kept.frame else found.whole
    for table in COMPARED:
        for row in rows.get(table, ()):
            yield table, (kept.vid, *as_kept(table, row))


def stored(database: Database, record: Record, table: str) -> Iterator[Row]:
    """The rows of living versions that there are."""
    return _stored(database, record, table, _LIVING)


def stored_of(database: Database, record: Record, vids: Collection[int]) -> Iterator[tuple[str, Row]]:
    """The rows of some versions that there are, by table."""
    for lot in in_lots((vid,) for vid in vids):
        among = f"v.vid IN ({', '.join(str(vid) for (vid,) in lot)})"
        for table in COMPARED:
            yield from ((table, row) for row in _stored(database, record, table, among))


def _stored(database: Database, record: Record, table: str, condition: str) -> Iterator[Row]:
    columns = [column for column in COLUMNS[table] if column not in ("tenant", "vid")]
    names = ", ".join(f"t.{column}" for column in ("vid", *columns))
    return database.stream(
        f"SELECT {names} FROM {table} AS t JOIN version AS v ON v.tenant = t.tenant AND v.vid = t.vid "
        f"WHERE t.tenant = {record.number} AND {condition}"
    )


def as_kept(table: str, row: Row) -> Row:
    """A row that a content gives, as the database gives it back."""
    return tuple(float(value) if is_real else value for value, is_real in zip(row, _REAL[table], strict=True))
