"""All of a record from one place to another: backup, restore, move.

What was written is read again and held against what was read: the number of rows of each table and a digest of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from careloom.model.errors import UnavailableError
from careloom.model.instants import Clock, instant
from careloom.search import SearchParameters
from careloom.store.upkeep.archive import reading, writing
from careloom.store.upkeep.databases import Database, in_lots
from careloom.store.upkeep.records import Record, records
from careloom.store.upkeep.tables import TABLES, Table
from careloom.store.upkeep.tally import Tally

Row = tuple[Any, ...]
Tallies = Mapping[str, Tally]
Tell = Callable[[str, Tally], None]
"""Hears of each table when it is done."""


def _nobody(table: str, tally: Tally) -> None:
    pass


def back_up(source: Database, path: Path, clock: Clock, tell: Tell = _nobody) -> Tallies:
    """Write everything into one file; the hub may go on writing, the file is of one moment.

    Raises:
        UnavailableError: The file or the database does not answer.
    """
    done: dict[str, Tally] = {}
    with writing(path, {"taken": instant(clock()), "from": source.kind}) as archive:
        for table in TABLES:
            done[table.name] = archive.write(table, source.rows(table))
            tell(table.name, done[table.name])
    return done


def restore(path: Path, target: Database, parameters: SearchParameters, tell: Tell = _nobody) -> Tallies:
    """Fill an empty database from a backup.

    Raises:
        MalformedError: No backup, or a damaged one.
        UnavailableError: The database does not hold what was written to it.
    """
    with reading(path) as archive:
        return _carry(archive.tables(), target, parameters, tell)


def move(source: Database, target: Database, parameters: SearchParameters, tell: Tell = _nobody) -> Tallies:
    """Fill an empty database from another one.

    Raises:
        UnavailableError: The new database does not hold what was written to it.
    """
    return _carry(((table, source.rows(table)) for table in TABLES), target, parameters, tell)


def _carry(
    tables: Iterable[tuple[Table, Iterator[Row]]], target: Database, parameters: SearchParameters, tell: Tell
) -> Tallies:
    done: dict[str, Tally] = {}
    for table, rows in tables:
        tally = done[table.name] = Tally()
        target.fill(table, _counted(rows, tally))
        tell(table.name, tally)
    for table in TABLES:
        if table.name in done:
            _require_same(table, done[table.name], target)
    write_words(target, parameters)
    return done


def _counted(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    for row in rows:
        tally.add(row)
        yield row


def _require_same(table: Table, written: Tally, target: Database) -> None:
    found = Tally()
    for row in target.rows(table):
        found.add(row)
    if found != written:
        raise UnavailableError(f"{target.place}: table {table.name}: {written} were written, but {found} are there")


def write_words(target: Database, parameters: SearchParameters) -> None:
    """Make the words of all versions and of their frames, which are carried by no table."""
    for record in records(target, parameters):
        for lot in in_lots(_words(record)):
            target.dialect.append(target.connection, "fts", lot)


def _words(record: Record) -> Iterator[Row]:
    """Rows of ``fts``; those of a frame when the first of its versions comes."""
    frames: set[int] = set()
    for kept in record.versions():
        found = record.found(kept)
        own = found.rows if kept.frame else found.whole
        yield from ((kept.vid, record.number, text) for (text,) in own.get("fts", ()))
        if found.frame and kept.frame not in {0, *frames}:
            frames.add(kept.frame)
            yield from ((kept.frame, record.number, text) for (text,) in found.frame.rows.get("fts", ()))
