"""The newest of what lies in no order of time, without reading all of it.

A page shows the newest matches first, but a range of names or dates lies in the order of names or dates. There are two
ways to the newest of it:

    gather  read all that is in the range and keep the newest: good as long as that is little
    walk    go through rows of all versions from the newest on, and pick those in the range: good as long as they are
            many, and not all of them long past

Neither is good for every range, and nobody knows beforehand how a record has grown: one that was written day by day
has the dates of last year far back, one that was taken over from elsewhere has them everywhere. So it is counted
whether the range holds only some rows; if so, they are gathered. If not, some rows are walked, which costs about the
same; if they were not enough, both goes on with several times as much. Whichever way is the good one, no more than a
few times of what it reads is read, and there is an end to it.
"""

from collections.abc import Iterator

from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass
from careloom.store.sql.clauses import Context, Run, Walk
from careloom.store.sql.dialect import Row
from careloom.store.sql.text import Sql, all_of

MOST_GATHERED = 500_000
"""Rows that a range may have to be gathered when all walks were in vain."""

WINDOW = 64
"""Of what was gathered so much is looked at first: a page and one more, mostly."""

_ALL = 2**63 - 1
_NEWEST_FIRST = Sql("ORDER BY d.vid DESC")


@dataclass(frozen=True, slots=True)
class Range:
    """Versions that come in no order of time.

    Attributes:
        source: Selects the vid of each, some of them twice.
        size: How many rows that are; None: more than were counted.
        walk: The other way; None where the range can only be gathered.
        rest: What is left to test on each version gathered.
        rest_of_walk: What is left to test on each version met on a walk.
    """

    source: Sql
    size: int | None
    walk: Walk | None
    rest: Sql
    rest_of_walk: Sql


def newest(found: Range, end: int | None, context: Context) -> Iterator[Row]:
    """Rows with the vid of each candidate that passes what is left to test, newest first, some twice in succession.

    Args:
        found: Where they are.
        end: Only those before this vid; None for all.
        context: Where the conditions were put into SQL.

    Raises:
        TooCostlyError: What was looked for is rare among the newest rows, and yet too much to be gathered.
    """
    size, walk = found.size, found.walk
    if size is not None or walk is None:
        yield from _of_all(found, size, end, context)
        return
    for round in walk.rounds:
        size = _size(found.source, round.gathered, context)
        if size is not None:
            break
        start = reached(walk.run, round.walked, end, context)
        yield from _rows(walked(found, walk, start, end, context), context)
        if start is None:
            return
        end = start
    else:
        size = _size(found.source, MOST_GATHERED, context)
        if size is None:
            told = "too many rows would have to be looked at: ask for something more selective"
            raise TooCostlyError(f"{walk.run.name}: {told}")
    yield from _of_all(found, size, end, context)


def _size(source: Sql, most: int, context: Context) -> int | None:
    """How many rows a source selects; None: more than that."""
    number = counted(source, most + 1, context)
    return number if number <= most else None


def counted(source: Sql, limit: int, context: Context) -> int:
    """How many rows a source selects, counted up to a limit."""
    limited = Sql(f"SELECT 1 FROM ({source.text}) AS s LIMIT ?", (*source.values, limit))
    (number,) = context.connection.execute(f"SELECT count(*) FROM ({limited.text}) AS c", limited.values).fetchone()
    return int(number)


def gathered(found: Range, limit: int, offset: int, end: int | None, context: Context) -> Sql:
    """The newest candidates from one number on, up to a limit, tested after they were put in order."""
    before = [] if end is None else [Sql("vid < ?", (end,))]
    chosen = Sql(f"SELECT vid FROM ({found.source.text}) AS s WHERE", found.source.values) + all_of(before)
    # Materialized, and with a limit: SQLite would drop the order of a part of a statement otherwise.
    order = f"ORDER BY {context.dialect.hidden('vid')} DESC"  # by vid an index has the values of all versions
    vids = chosen + Sql(f"{order} LIMIT ? OFFSET ?", (limit, offset))
    select = Sql(f"WITH d AS MATERIALIZED ({vids.text}) SELECT d.vid FROM d", vids.values)
    tested = select + context.version_of("d") + Sql("WHERE") + found.rest
    # Zero is added, or else PostgreSQL would go through all versions in the order wanted and look for each among these.
    return tested if context.dialect.keeps_order else tested + Sql("ORDER BY d.vid + 0 DESC")


def walked(found: Range, walk: Walk, start: int | None, end: int | None, context: Context) -> Sql:
    """The candidates among the rows of a walk, from a vid on and before another."""
    ends = [("vid >= ?", start), ("vid < ?", end)]
    within = [walk.run.where, walk.test, *(Sql(text, (vid,)) for text, vid in ends if vid is not None)]
    rows = Sql(f"(SELECT vid FROM {walk.run.table} WHERE") + all_of(within) + Sql(") AS d")
    return Sql("SELECT d.vid FROM") + rows + context.version_of("d") + Sql("WHERE") + found.rest_of_walk + _NEWEST_FIRST


def reached(run: Run, number: int, end: int | None, context: Context) -> int | None:
    """The vid behind so many rows of a run, before a vid; from the newest row on, about so many."""
    if end is not None or context.snapshot.is_newest:
        return _passed(run, number, end, context)
    key = run.table, run.where, number
    return context.reaches.of(key, context.snapshot.vid, lambda: _passed(run, number, None, context))


def _passed(run: Run, number: int, end: int | None, context: Context) -> int | None:
    before = [] if end is None else [Sql("vid < ?", (end,))]
    rows = Sql(f"SELECT vid FROM {run.table} WHERE") + all_of([run.where, *before])
    sql = rows + Sql("ORDER BY vid DESC LIMIT 1 OFFSET ?", (number,))
    row = context.connection.execute(sql.text, sql.values).fetchone()
    return None if row is None else int(row[0])


def _of_all(found: Range, size: int | None, end: int | None, context: Context) -> Iterator[Row]:
    """All that is gathered: the first few, mostly enough for a page, and then the rest."""
    first = gathered(found, WINDOW, 0, end, context)
    yield from context.connection.execute(first.text, first.values)
    if size is None or size > WINDOW:
        yield from _rows(gathered(found, _ALL - WINDOW, WINDOW, end, context), context)


def _rows(sql: Sql, context: Context) -> Iterator[Row]:
    return context.dialect.rows(context.connection, sql)
