"""How a search runs: what to begin with, in which order, and what to test on the way.

A search begins with one condition, the one that few versions meet, and tests the others on each candidate by a seek.
Which one that is, is found by counting, up to a limit: nothing to keep up to date, and never far off. Of two conditions
that more versions meet than are counted, the better one is met more rarely, and so its newest rows reach further back
in time. Where every condition is met by many, a run is read from its newest row on, and where there is none, the newest
of a range are found by turns (`careloom.store.sql.newest`), since a page is soon full. A search without a condition
reads the type from its newest version on.
"""

from collections.abc import Iterator, Sequence

from careloom.model.records import dataclass
from careloom.search.conditions import And, Condition, Narrowing, Written
from careloom.search.query import Query, SortKey
from careloom.store.sql.clauses import Clause, Context, Round, Run, Walk
from careloom.store.sql.conditions import clause
from careloom.store.sql.newest import Range
from careloom.store.sql.tables import BLOCK_BITS
from careloom.store.sql.text import Sql, all_of

HANDFUL = 64
"""A condition that fewer versions meet is begun with, whatever the others are."""

FEW = 1_000
"""Counting stops here: a condition that more versions meet is no good beginning."""

ROUNDS = (Round(250, 250), Round(1_000, 1_000), Round(4_000, 4_000), Round(32_000, 16_000))
"""Of what lies elsewhere than in the versions gone through, as at the end of a reference: each takes several seeks."""

_NEWEST_FIRST = ((), (SortKey("_lastUpdated", "date", descending=True),))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Where a search begins.

    Attributes:
        tables: The FROM clause.
        where: What is left to test.
        vid: The column that is the vid.
        block: The column that is the block, where they come newest first block by block; otherwise empty.
        judged: Conditions that candidates are to be judged by in memory.
        reason: For people.
        range: The same where they come in no order of time; None where they come newest first by themselves.
    """

    tables: Sql
    where: Sql
    vid: str
    judged: tuple[Condition, ...]
    reason: str
    range: Range | None = None
    block: str = ""

    @property
    def newest_first(self) -> Sql:
        """Puts them in order, by what an index has in order."""
        return Sql("ORDER BY " + ", ".join(f"{column} DESC" for column in (self.block, self.vid) if column))

    def before(self, vid: int) -> Sql:
        """Whether they come behind a vid, newest first."""
        within = [Sql(f"{self.block} <= ?", (vid >> BLOCK_BITS,))] if self.block else []
        return all_of([*within, Sql(f"{self.vid} < ?", (vid,))])


def candidates(query: Query, context: Context) -> Candidates:
    """The best beginning for a query: all versions that meet its conditions in a snapshot, some perhaps twice."""
    conditions = [part for condition in query.conditions for part in parts_of(condition)]
    clauses = [clause(condition, query.type, context) for condition in conditions]
    first, size = _first(query, clauses, context)
    probes = [each.probe for each in clauses if each is not first or not each.covers]
    rest = all_of([context.living(query.type), *probes])
    judged = tuple(condition for condition, each in zip(conditions, clauses, strict=True) if each.is_judged)
    if first is None:
        return _of_type(query.type, rest, judged, context)
    if first.run:
        return _of_run(first.run, rest, judged, context)
    return _of_source(query.type, first, size, rest, judged, context)


def parts_of(condition: Condition) -> Iterator[Condition]:
    """The conditions that together say the same, brackets opened."""
    match condition:
        case And():
            for each in condition.conditions:
                yield from parts_of(each)
        case Written() | Narrowing():
            yield from parts_of(condition.condition)
        case _:
            yield condition


def is_newest_first(query: Query) -> bool:
    """Whether matches come in the order of their vids, backwards."""
    return query.sort in _NEWEST_FIRST


def _first(query: Query, clauses: list[Clause], context: Context) -> tuple[Clause | None, int | None]:
    """The clause to begin with, None to begin with the type; and how many rows it finds, None for many."""
    finding = [each for each in clauses if each.source is not None]
    if not finding:
        return None, None
    if len(finding) == 1:
        return finding[0], None
    sizes = _sizes(finding, context)
    (number, _), best = min(zip(sizes, finding, strict=True), key=lambda each: each[0])
    if number < FEW:
        return best, number
    if not is_newest_first(query) or best.is_judged:
        return best, None
    runs = [(size, each) for size, each in zip(sizes, finding, strict=True) if each.run]
    if runs:
        return min(runs, key=lambda each: each[0])[1], None
    return next((each for each in finding if each.walk), best), None


def _sizes(finding: Sequence[Clause], context: Context) -> list[tuple[int, int]]:
    """The size of each; where one of them finds but a handful, nobody needs to know more of the others."""
    sizes = _up_to(HANDFUL, finding, context)
    if min(sizes)[0] < HANDFUL:
        return sizes
    return _up_to(FEW, finding, context)


def _up_to(limit: int, finding: Sequence[Clause], context: Context) -> list[tuple[int, int]]:
    """The size of each up to a limit, by one statement."""
    sizes = [_size(each, limit) for each in finding]
    tables = ", ".join(f"({each.text}) AS s{number}" for number, each in enumerate(sizes))
    values = [value for each in sizes for value in each.values]
    row = context.connection.execute(f"SELECT * FROM {tables}", values).fetchone()
    return [(int(row[index]), int(row[index + 1])) for index in range(0, len(row), 2)]


def _size(found: Clause, limit: int) -> Sql:
    """How many rows there are, up to a limit; and how far back the newest of a run reach: the further, the fewer."""
    assert found.source is not None
    if found.run is None:
        some = Sql(f"SELECT 1 FROM ({found.source.text}) AS s LIMIT ?", (*found.source.values, limit))
        return Sql(f"SELECT count(*), 0 FROM ({some.text}) AS c", some.values)
    newest = found.run.newest_first + Sql("LIMIT ?", (limit,))
    rows = Sql(f"SELECT vid FROM {found.run.table} WHERE") + found.run.where + newest
    return Sql(f"SELECT count(*), coalesce(min(vid), 0) FROM ({rows.text}) AS c", rows.values)


def _of_type(type: str, rest: Sql, judged: tuple[Condition, ...], context: Context) -> Candidates:
    tables = Sql(context.dialect.by("version", "type", context.alias))
    key = Sql(f"{context.alias}.tenant = ? AND {context.alias}.type = ?", (context.tenant, context.number(type)))
    where = all_of([key, rest])
    return Candidates(tables, where, f"{context.alias}.vid", judged, "type, newest first")


def _of_run(run: Run, rest: Sql, judged: tuple[Condition, ...], context: Context) -> Candidates:
    """The run is scanned backwards; each of its rows leads to its version."""
    reason = f"{run.name}, newest first"
    if not run.block:
        rows = Sql(f"SELECT vid FROM {run.table} WHERE") + run.where
        return Candidates(_versions_of(rows, context), rest, "d.vid", judged, reason)
    # Put in order before versions are looked up: else those of a whole block are.
    rows = Sql(f"SELECT vid, {run.block} AS block FROM {run.table} WHERE") + run.where + run.newest_first
    return Candidates(_versions_of(rows, context), rest, "d.vid", judged, reason, block="d.block")


def _of_source(  # noqa: PLR0917  candidates are made of all of it
    type: str, first: Clause, size: int | None, rest: Sql, judged: tuple[Condition, ...], context: Context
) -> Candidates:
    """All that the source selects, each version once, and how the newest of it are found."""
    assert first.source is not None
    distinct = Sql(f"SELECT DISTINCT vid FROM ({first.source.text}) AS s", first.source.values)
    walk = first.walk or (None if first.is_judged else _through(type, context))
    rest_of_walk = rest if first.walk or not first.covers else all_of([rest, first.probe])
    range = Range(first.source, size, walk, rest, rest_of_walk)
    return Candidates(_versions_of(distinct, context), rest, "d.vid", judged, first.reason, range)


def _through(type: str, context: Context) -> Walk:
    """The way through all versions of a type, each tested by seeks elsewhere."""
    key = Sql("tenant = ? AND type = ?", (context.tenant, context.number(type)))
    return Walk(Run("version", context.dialect.by("version", "type", "a"), key), Sql("1 = 1"), ROUNDS)


def _versions_of(vids: Sql, context: Context) -> Sql:
    """The versions with the vids selected."""
    return Sql(f"({vids.text}) AS d", vids.values) + context.version_of("d")
