"""How a search runs: what to begin with, in which order, and what to test on the way.

A search begins with one condition, the one that few versions meet, and tests the others on each candidate by a seek.
Which one that is, is found by counting, up to a limit: nothing to keep up to date, and never far off. Of two conditions
that more versions meet than are counted, the better one is met more rarely, and so its newest rows reach further back
in time. Where every condition is met by many, a run is read from its newest row on, or the type itself from its newest
version on, since a page is soon full.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from careloom.search.query import And, Condition, Kind, Narrowing, Query, SortKey, Written
from careloom.store.paging import SortValue
from careloom.store.sql.clauses import Clause, Context, Run
from careloom.store.sql.conditions import clause
from careloom.store.sql.frames import is_framed
from careloom.store.sql.text import Sql, all_of, any_of, one_of

FEW = 1_000
"""Counting stops here: a condition that more versions meet is no good beginning."""

MANY = 6_000
"""Where nothing better offers itself, a range of so many rows is still better than the type from its newest on."""

_NEWEST_FIRST = ((), (SortKey("_lastUpdated", "date", descending=True),))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Where a search begins.

    Attributes:
        before: The WITH clause; empty for none.
        tables: The FROM clause.
        where: What is left to test.
        vid: The column that is the vid.
        is_ordered: Whether rows come newest first by themselves.
        judged: Conditions that candidates are to be judged by in memory.
        reason: For people.
    """

    before: Sql
    tables: Sql
    where: Sql
    vid: str
    is_ordered: bool
    judged: tuple[Condition, ...]
    reason: str


def candidates(query: Query, context: Context) -> Candidates:
    """The best beginning for a query: all versions that meet its conditions in a snapshot, some perhaps twice."""
    conditions = [part for condition in query.conditions for part in parts_of(condition)]
    clauses = [clause(condition, query.type, context) for condition in conditions]
    first = _first(query, clauses, context)
    probes = [each.probe for each in clauses if each is not first or not each.covers]
    rest = all_of([context.living(query.type), *probes])
    judged = tuple(condition for condition, each in zip(conditions, clauses, strict=True) if each.is_judged)
    if first is None:
        return _of_type(rest, judged, context)
    if first.run:
        return _of_run(first.run, rest, judged, context)
    return _of_source(query, first, rest, judged, context)


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


def page(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """Rows of sort values with the vid last, in the order of the query, from behind an entry on; no limit is set."""
    if is_newest_first(query):
        return _newest_first(found, after)
    return _sorted(query, found, after, context)


def is_newest_first(query: Query) -> bool:
    """Whether matches come in the order of their vids, backwards."""
    return query.sort in _NEWEST_FIRST


def every(found: Candidates) -> Sql:
    """The vid of all matches, newest first."""
    return _newest_first(found, ())


def _newest_first(found: Candidates, after: tuple[SortValue, ...]) -> Sql:
    beyond = [Sql(f"{found.vid} < ?", (after[-1],))] if after else []
    select = (
        found.before + Sql(f"SELECT {found.vid} FROM") + found.tables + Sql("WHERE") + all_of([found.where, *beyond])
    )
    return select if found.is_ordered else select + Sql(f"ORDER BY {found.vid} DESC")


def _sorted(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """The sort values are worked out once for each candidate, and then compared."""
    keys = [_sort_expression(key, query.type, context) for key in query.sort]
    columns = ", ".join(f"{key.text} AS k{number}" for number, key in enumerate(keys))
    select = Sql(f"SELECT {columns}, {found.vid} AS vid FROM", tuple(value for key in keys for value in key.values))
    valued = found.before + select + found.tables + Sql("WHERE") + found.where
    names = ", ".join(f"k{number}" for number in range(len(keys)))
    rows = Sql(f"WITH found AS MATERIALIZED ({valued.text}) SELECT DISTINCT {names}, vid FROM found", valued.values)
    behind = Sql("WHERE") + _behind(query.sort, after) if after else Sql("")
    ordered = Sql(f"SELECT {names}, vid FROM ({rows.text}) AS f", rows.values)
    return ordered + behind + Sql(f"ORDER BY {_order(query.sort)}, vid DESC")


def count(found: Candidates, limit: int | None) -> Sql:
    """How many match, counted up to one more than the limit."""
    distinct = found.before + Sql(f"SELECT DISTINCT {found.vid} FROM") + found.tables + Sql("WHERE") + found.where
    limited = distinct if limit is None else distinct + Sql("LIMIT ?", (limit + 1,))
    return Sql(f"SELECT count(*) FROM ({limited.text}) AS c", limited.values)


def unlimited(query: Query) -> Query:
    """The same search with all its matches on one page, newest first."""
    return replace(query, sort=(), count=None, page=None)


# where to begin


def _first(query: Query, clauses: list[Clause], context: Context) -> Clause | None:
    """The clause to begin with; None to begin with the type."""
    finding = [each for each in clauses if each.source is not None]
    if not finding:
        return None
    if len(finding) == 1 and finding[0].run:
        return finding[0]
    sizes = [_size(each, context) for each in finding]
    best = min(range(len(finding)), key=lambda index: sizes[index])
    if sizes[best][0] < FEW or not is_newest_first(query) or finding[best].is_judged:
        return finding[best]
    runs = [index for index, each in enumerate(finding) if each.run]
    if runs:
        return finding[min(runs, key=lambda index: sizes[index])]
    return finding[best] if _counted(finding[best], MANY, context) < MANY else None


def _size(found: Clause, context: Context) -> tuple[int, int]:
    """How many rows there are, up to `FEW`; and how far back the newest of a run reach: the further, the fewer."""
    if found.run is None:
        return _counted(found, FEW, context), 0
    newest = (
        Sql(f"SELECT vid FROM {found.run.table} WHERE") + found.run.where + Sql("ORDER BY vid DESC LIMIT ?", (FEW,))
    )
    sql = Sql(f"SELECT count(*), coalesce(min(vid), 0) FROM ({newest.text}) AS c", newest.values)
    number, oldest = context.connection.execute(sql.text, sql.values).fetchone()
    return int(number), int(oldest)


def _counted(found: Clause, limit: int, context: Context) -> int:
    assert found.source is not None
    limited = Sql(f"SELECT 1 FROM ({found.source.text}) AS s LIMIT ?", (*found.source.values, limit))
    (number,) = context.connection.execute(f"SELECT count(*) FROM ({limited.text}) AS c", limited.values).fetchone()
    return int(number)


def _of_type(rest: Sql, judged: tuple[Condition, ...], context: Context) -> Candidates:
    tables = Sql(context.dialect.by("version", "type", context.alias))
    where = all_of([Sql(f"{context.alias}.tenant = ?", (context.tenant,)), rest])
    vid = f"{context.alias}.vid"
    return Candidates(Sql(""), tables, where, vid, False, judged, "type, newest first")


def _of_run(run: Run, rest: Sql, judged: tuple[Condition, ...], context: Context) -> Candidates:
    """The run is scanned backwards; each of its rows leads to its version."""
    rows = Sql(f"SELECT vid FROM {run.table} WHERE") + run.where
    return Candidates(Sql(""), _versions_of(rows, context), rest, "d.vid", False, judged, f"{run.name}, newest first")


def _of_source(query: Query, first: Clause, rest: Sql, judged: tuple[Condition, ...], context: Context) -> Candidates:
    """All that the source selects, put in order before any of it is tested: a page is soon full."""
    assert first.source is not None
    # The limit, which none reaches, keeps SQLite from dropping the order of a part of a statement.
    newest_first = f"SELECT DISTINCT vid FROM ({first.source.text}) AS s ORDER BY vid DESC LIMIT {2**63 - 1}"
    distinct = Sql(newest_first, first.source.values)
    if not context.dialect.keeps_order:
        return Candidates(Sql(""), _versions_of(distinct, context), rest, "d.vid", False, judged, first.reason)
    before = Sql(f"WITH d AS MATERIALIZED ({distinct.text})", distinct.values)
    return Candidates(before, _joined(Sql("d"), context), rest, "d.vid", True, judged, first.reason)


def _versions_of(vids: Sql, context: Context) -> Sql:
    """The versions with the vids selected."""
    return _joined(Sql(f"({vids.text}) AS d", vids.values), context)


def _joined(vids: Sql, context: Context) -> Sql:
    alias = context.alias
    join = f"{context.dialect.in_order} version AS {alias} ON {alias}.tenant = ? AND {alias}.vid = d.vid"
    return vids + Sql(join, (context.tenant,))


# sorting


def is_sorted_in_sql(query: Query) -> bool:
    """Whether the database knows all that the query sorts by; otherwise the matches are sorted in memory."""
    return all(
        key.parameter in _IN_VERSION or (key.kind in _STORED and not is_framed(query.type, key.parameter))
        for key in query.sort
    )


def _sort_expression(key: SortKey, type: str, context: Context) -> Sql:
    """What a version is sorted by, as `careloom.search.match.sort_value` says."""
    if key.parameter in _IN_VERSION:
        return Sql(_IN_VERSION[key.parameter].format(v=context.alias))
    table, column, test = _STORED[key.kind]
    choose = "max" if key.descending else "min"
    p = one_of("p", context.numbers(type, key.parameter))
    rows = context.dialect.by(table, "version", "a")
    where = f"tenant = ? AND vid = {context.alias}.vid AND {p.text} {test}"
    return Sql(f"(SELECT {choose}({column}) FROM {rows} WHERE {where})", (context.tenant, *p.values))


_IN_VERSION = {
    "_lastUpdated": "({v}.vid >> 10)",
    "_id": "(SELECT h.id FROM head AS h WHERE h.tenant = {v}.tenant AND h.rid = {v}.rid)",
}

_STORED: dict[Kind, tuple[str, str, str]] = {
    "date": ("dat", "low", ""),
    "number": ("num", "low", ""),
    "quantity": ("num", "low", ""),
    "string": ("str", "folded", "AND exact <> 0"),
}
"""Table, column and test of the kinds whose values lie by version; others are read from the body."""


def _order(sort: Iterable[SortKey]) -> str:
    return ", ".join(
        f"k{number} IS NULL, k{number} {'DESC' if key.descending else 'ASC'}" for number, key in enumerate(sort)
    )


def _behind(sort: tuple[SortKey, ...], after: tuple[SortValue, ...]) -> Sql:
    """What comes behind an entry: greater in one key and equal in those before it, the vid being the last."""
    ways: list[Sql] = []
    same: list[Sql] = []
    for number, (key, value) in enumerate(zip(sort, after, strict=False)):
        if value is not None:
            sign = "<" if key.descending else ">"
            ways.append(all_of([*same, Sql(f"k{number} {sign} ? OR k{number} IS NULL", (value,))]))
        same.append(Sql(f"k{number} IS NULL") if value is None else Sql(f"k{number} = ?", (value,)))
    ways.append(all_of([*same, Sql("vid < ?", (after[-1],))]))
    return any_of(ways)
