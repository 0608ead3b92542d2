"""From the candidates of a query to the statements of its pages: in the order asked for, from behind an entry on."""

from collections.abc import Iterable

from careloom.model.records import replace
from careloom.search.operands import Kind
from careloom.search.query import Query, SortKey
from careloom.store.paging import SortValue
from careloom.store.sql.clauses import Context
from careloom.store.sql.frames import is_framed
from careloom.store.sql.plan import Candidates, is_newest_first
from careloom.store.sql.text import Sql, all_of, any_of, one_of


def page(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """Rows of sort values with the vid last, in the order of the query, from behind an entry on; no limit is set.

    What lies in a range and is wanted newest first takes more than one statement, see `careloom.store.sql.newest`.
    """
    if is_newest_first(query):
        return _newest_first(found, after)
    return _sorted(query, found, after, context)


def count(found: Candidates, limit: int | None) -> Sql:
    """How many match, counted up to one more than the limit."""
    distinct = Sql(f"SELECT DISTINCT {found.vid} FROM") + found.tables + Sql("WHERE") + found.where
    limited = distinct if limit is None else distinct + Sql("LIMIT ?", (limit + 1,))
    return Sql(f"SELECT count(*) FROM ({limited.text}) AS c", limited.values)


def unlimited(query: Query) -> Query:
    """The same search with all its matches on one page, newest first."""
    return replace(query, sort=(), count=None, page=None)


def _newest_first(found: Candidates, after: tuple[SortValue, ...]) -> Sql:
    beyond = [found.before(int(after[-1] or 0))] if after else []
    select = Sql(f"SELECT {found.vid} FROM") + found.tables + Sql("WHERE") + all_of([found.where, *beyond])
    return select + found.newest_first


# sorting


def _sorted(query: Query, found: Candidates, after: tuple[SortValue, ...], context: Context) -> Sql:
    """The sort values are worked out once for each candidate, and then compared."""
    keys = [_sort_expression(key, query.type, context) for key in query.sort]
    columns = ", ".join(f"{key.text} AS k{number}" for number, key in enumerate(keys))
    select = Sql(f"SELECT {columns}, {found.vid} AS vid FROM", tuple(value for key in keys for value in key.values))
    valued = select + found.tables + Sql("WHERE") + found.where
    names = ", ".join(f"k{number}" for number in range(len(keys)))
    rows = Sql(f"WITH found AS MATERIALIZED ({valued.text}) SELECT DISTINCT {names}, vid FROM found", valued.values)
    behind = Sql("WHERE") + _behind(query.sort, after) if after else Sql("")
    ordered = Sql(f"SELECT {names}, vid FROM ({rows.text}) AS f", rows.values)
    return ordered + behind + Sql(f"ORDER BY {_order(query.sort)}, vid DESC")


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
