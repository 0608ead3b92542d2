"""How a search runs: what to begin with, in which order, and what to test on the way.

A search begins with one condition, the one that few versions meet, and tests the others on each candidate by a seek.
Which one that is, is found by counting, up to a limit: nothing to keep up to date, and never far off. Where every
condition is met by many, the type itself is scanned from its newest version on, since a page is soon full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from careloom.search.query import Comparison, Condition, Kind, Query, SortKey
from careloom.store.paging import SortValue
from careloom.store.sqlite.clauses import Clause, Context
from careloom.store.sqlite.conditions import clause
from careloom.store.sqlite.postings import parameter_name
from careloom.store.sqlite.sql import Sql, all_of, any_of

FEW = 1_000
"""Counting stops here: a condition that more versions meet is no good beginning."""

NEWEST = 2**63 - 1
"""The snapshot that sees everything, what the running transaction has written included."""

_NEWEST_FIRST = ((), (SortKey("_lastUpdated", "date", descending=True),))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Where a search begins.

    Attributes:
        tables: The FROM clause.
        where: What is left to test.
        vid: The column whose order is that of the scan.
        reason: For people.
    """

    tables: Sql
    where: Sql
    vid: str
    reason: str


def candidates(query: Query, context: Context, snapshot: int) -> Candidates:
    """The best beginning for a query: all versions that meet its conditions at a snapshot, some perhaps twice."""
    clauses = [clause(condition, query.type, context) for condition in query.conditions]
    type = context.number(query.type)
    shown = Sql(
        "v.type = ? AND v.vid <= ? AND (v.valid_to IS NULL OR v.valid_to > ?) AND v.op <> 2", (type, snapshot, snapshot)
    )
    first = _first(query, clauses, context)
    rest = all_of([shown, *(each.probe for each in clauses if each is not first)])
    if first is None:
        return _of_type(query, rest, context)
    if first.run:
        return _of_run(first, rest, context)
    return _of_source(first, rest, context)


def page(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """Rows of sort values with the vid last, in the order of the query, from behind an entry on; no limit is set."""
    if query.sort in _NEWEST_FIRST:
        return _newest_first(found, after)
    return _sorted(query, found, after, context)


def _newest_first(found: Candidates, after: tuple[SortValue, ...]) -> Sql:
    beyond = [Sql(f"{found.vid} < ?", (after[-1],))] if after else []
    select = Sql(f"SELECT {found.vid} FROM") + found.tables + Sql("WHERE") + all_of([found.where, *beyond])
    return select + Sql(f"ORDER BY {found.vid} DESC")


def _sorted(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """The sort values are worked out once for each candidate, and then compared."""
    keys = [_sort_expression(key, query.type, context) for key in query.sort]
    columns = ", ".join(f"{key.text} AS k{number}" for number, key in enumerate(keys))
    select = Sql(f"SELECT {columns}, {found.vid} AS vid FROM", tuple(value for key in keys for value in key.values))
    valued = select + found.tables + Sql("WHERE") + found.where
    names = ", ".join(f"k{number}" for number in range(len(keys)))
    rows = Sql(f"WITH found AS MATERIALIZED ({valued.text}) SELECT DISTINCT {names}, vid FROM found", valued.values)
    behind = Sql("WHERE") + _behind(query.sort, after) if after else Sql("")
    return rows + behind + Sql(f"ORDER BY {_order(query.sort)}, vid DESC")


def count(found: Candidates, limit: int | None) -> Sql:
    """How many match, counted up to one more than the limit."""
    distinct = Sql(f"SELECT DISTINCT {found.vid} FROM") + found.tables + Sql("WHERE") + found.where
    limited = distinct if limit is None else distinct + Sql("LIMIT ?", (limit + 1,))
    return Sql(f"SELECT count(*) FROM ({limited.text})", limited.values)


def unlimited(query: Query) -> Query:
    """The same search with all its matches on one page, newest first."""
    return replace(query, sort=(), count=None, page=None)


def _first(query: Query, clauses: list[Clause], context: Context) -> Clause | None:
    """The clause to begin with; None to begin with the type, or with ids."""
    finding = [each for each in clauses if each.source is not None]
    if not finding or any(_is_id(condition) for condition in query.conditions):
        return None
    if len(finding) == 1 and finding[0].run:
        return finding[0]
    few, best = min(((_estimate(each, context), each) for each in finding), key=lambda pair: pair[0])
    if few < FEW or query.sort not in _NEWEST_FIRST:
        return best
    return next((each for each in finding if each.run), None)


def _estimate(found: Clause, context: Context) -> int:
    assert found.source is not None
    limited = Sql(f"SELECT count(*) FROM (SELECT 1 FROM ({found.source.text}) LIMIT ?)", (*found.source.values, FEW))
    (number,) = context.connection.execute(limited.text, limited.values).fetchone()
    return int(number)


def _of_type(query: Query, rest: Sql, context: Context) -> Candidates:
    by_id = any(_is_id(condition) for condition in query.conditions)
    index = "version_by_id" if by_id else "version_by_type"
    tables = Sql(f"version AS v INDEXED BY {index}")
    where = all_of([Sql("v.tenant = ?", (context.tenant,)), rest])
    return Candidates(tables, where, "v.vid", "ids" if by_id else "type, newest first")


def _of_run(first: Clause, rest: Sql, context: Context) -> Candidates:
    """The run is scanned backwards; each of its rows leads to its version."""
    assert first.run is not None
    run = Sql(f"SELECT vid FROM {first.run.table} WHERE") + first.run.where
    return Candidates(_versions_of(run, context), rest, "d.vid", f"{first.run.table}, newest first")


def _of_source(first: Clause, rest: Sql, context: Context) -> Candidates:
    assert first.source is not None
    distinct = Sql(f"SELECT DISTINCT vid FROM ({first.source.text})", first.source.values)
    return Candidates(_versions_of(distinct, context), rest, "d.vid", "a range")


def _versions_of(vids: Sql, context: Context) -> Sql:
    """The versions with the vids selected; a cross join, which SQLite runs in the order written."""
    joined = f"({vids.text}) AS d CROSS JOIN version AS v ON v.tenant = ? AND v.vid = d.vid"
    return Sql(joined, (*vids.values, context.tenant))


def _is_id(condition: Condition) -> bool:
    return isinstance(condition, Comparison) and condition.key == "_id"


# sorting


def _sort_expression(key: SortKey, type: str, context: Context) -> Sql:
    """What a version is sorted by, as `careloom.search.match.sort_value` says."""
    if key.parameter in _IN_VERSION:
        return Sql(_IN_VERSION[key.parameter])
    if key.kind not in _STORED:
        spec = " ".join((key.parameter, key.kind, "descending" if key.descending else "ascending"))
        return Sql("(SELECT sort_value(?, dictionary, bytes) FROM body WHERE body.vid = v.vid)", (spec,))
    table, column, test = _STORED[key.kind]
    choose = "max" if key.descending else "min"
    p = context.number(parameter_name(type, key.parameter))
    rows = f"{table} INDEXED BY {table}_by_version WHERE tenant = ? AND {table}.vid = v.vid AND p = ? {test}"
    return Sql(f"(SELECT {choose}({column}) FROM {rows})", (context.tenant, p))


_IN_VERSION = {"_lastUpdated": "(v.vid >> 10)", "_id": "v.id"}

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
        same.append(Sql(f"k{number} IS ?", (value,)))
    ways.append(all_of([*same, Sql("vid < ?", (after[-1],))]))
    return any_of(ways)
