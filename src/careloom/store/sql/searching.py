"""A search on one connection: the plan is made, run row by row, judged where need be, and stopped at the page's end."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cmp_to_key
from heapq import merge
from itertools import islice

from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass, replace
from careloom.search import IndexValues, in_order, index_values
from careloom.search.conditions import Condition
from careloom.search.query import Query, SortKey
from careloom.search.types import by_type
from careloom.store.including import included_versions
from careloom.store.paging import Position, SortValue, count_limit, page_size
from careloom.store.port import Page
from careloom.store.sql.clauses import Context
from careloom.store.sql.dialect import Connection, Dialect
from careloom.store.sql.explaining import steps
from careloom.store.sql.judged import all_hold, told
from careloom.store.sql.names import UNKNOWN, Names
from careloom.store.sql.newest import newest
from careloom.store.sql.pages import count, is_sorted_in_sql, page, unlimited
from careloom.store.sql.plan import Candidates, candidates, is_newest_first
from careloom.store.sql.snapshot import Snapshot
from careloom.store.sql.statements import load_statements
from careloom.store.sql.tenancy import Tenancy
from careloom.store.sql.text import Sql
from careloom.store.versions import Version

MOST_SORTED = 10_000
"""Matches that are sorted in memory, by a code, a reference or a URI; more are refused."""

MOST_LOOKED_AT = 20_000
"""Candidates of one search that are judged in memory; more are refused."""

_SQL = load_statements("record.sql")
_BODIES = _SQL["body"].removesuffix("version.vid = :vid").replace(":tenant", "?")
_BODIES_AT_ONCE = 200

SortValues = tuple[SortValue, ...]


class Search:
    """Searches in what one connection sees.

    Args:
        connection: Within a transaction, so that all of a page is read from one state.
        dialect: The database.
        tenancy: The tenant.
        names: The names as the connection sees them.
        snapshot: What counts.
    """

    def __init__(
        self, connection: Connection, dialect: Dialect, tenancy: Tenancy, names: Names, snapshot: Snapshot
    ) -> None:
        self._connection = connection
        self._tenancy = tenancy
        self._judged = 0
        self._context = Context(
            connection,
            names,
            tenancy.hash_of,
            dialect,
            tenancy.parameters,
            tenancy.elements.covers,
            snapshot,
            self._values_of,
            tenancy.reaches,
        )

    def first(self, query: Query) -> list[Version]:
        """The matches of the first page."""
        with self._context.dialect.limited(self._connection):
            return list(self._versions(self._some(query, self._plans(query), (), page_size(query))))

    def page(self, query: Query, position: Position) -> Page:
        """The page that begins behind a position."""
        with self._context.dialect.limited(self._connection):
            return self._page(query, position)

    def _page(self, query: Query, position: Position) -> Page:
        size = page_size(query)
        plans = self._plans(query)
        rows = [] if query.counts_only else list(self._some(query, plans, position.after, size + 1))
        total = self._total(query, plans, rows, position)
        matches = tuple(self._versions(rows[:size]))
        following = replace(position, after=rows[size - 1].keys, total=total) if len(rows) > size else None
        return Page(
            matches=matches,
            included=included_versions(query, matches, self._tenancy.parameters, self._all),
            total=total,
            next=self._tenancy.sealer.seal(query, following) if following else None,
        )

    def explain(self, query: Query) -> list[str]:
        """How a search would run: for each type where it begins, then what the database says of its plan."""
        plans = self._plans(query)
        told = [line for plan in plans for line in steps(plan.query, plan.found, self._context)]
        return [*told, *self._bounds(query, plans)]

    def _bounds(self, query: Query, plans: list["_Plan"]) -> Iterator[str]:
        """What stops the search when it takes too much."""
        yield f"at most {self._context.dialect.bound(self._connection)}"
        if any(plan.found.judged for plan in plans):
            yield f"at most {MOST_LOOKED_AT:,} candidates looked at in memory"
        if not all(is_sorted_in_sql(plan.query) for plan in plans):
            yield f"at most {MOST_SORTED:,} matches sorted in memory"
        if query.includes or query.revincludes:
            yield f"at most {self._tenancy.parameters.limits.included:,} resources included with a page"
        limit = count_limit(query)
        yield "matches counted to the end" if limit is None else f"at most {limit:,} matches counted"

    def _plans(self, query: Query) -> list["_Plan"]:
        """One for each type of which there is any resource."""
        queries = by_type(query, self._tenancy.parameters)
        known = (each for each in queries if query.type or self._context.number(each.type) != UNKNOWN)
        return [_Plan(each, candidates(each, self._context)) for each in known]

    def _some(self, query: Query, plans: list["_Plan"], after: SortValues, limit: int) -> Iterator["_Match"]:
        """Matches in the order of the query, from behind an entry on, up to a limit."""
        if not all(is_sorted_in_sql(plan.query) for plan in plans):
            return islice(self._sorted_here(query, plans, after), limit)
        streams = [self._stream(plan, after, limit) for plan in plans]
        if len(streams) == 1:
            return islice(streams[0], limit)
        order = cmp_to_key(_comparison(query.sort))
        return islice(merge(*streams, key=lambda match: order(match.keys)), limit)

    def _stream(self, plan: "_Plan", after: SortValues, wanted: int = 0) -> Iterator["_Match"]:
        """Matches of one type in order, those that come twice given once: they come one behind the other."""
        last: SortValues = ()
        for row in self._rows(plan, after, wanted):
            if row != last and self._passes(plan.found.judged, plan.query.type, row[-1]):
                last = row
                yield _Match(plan.query.type, row)

    def _rows(self, plan: "_Plan", after: SortValues, wanted: int) -> Iterator[SortValues]:
        """Candidates of one type in order, some twice."""
        if plan.found.range is not None and is_newest_first(plan.query):
            return newest(plan.found.range, int(after[-1] or 0) if after else None, self._context)
        sql = page(plan.query, plan.found, after, self._context)
        return self._context.dialect.first_rows(self._connection, sql, wanted)

    def _passes(self, judged: tuple[Condition, ...], type: str, vid: SortValue) -> bool:
        if not judged:
            return True
        self._judged += 1
        if self._judged > MOST_LOOKED_AT:
            raise TooCostlyError(f"{told(judged[0])}: more than {MOST_LOOKED_AT} resources would have to be looked at")
        return all_hold(judged, type, int(vid or 0), self._context)

    def _sorted_here(self, query: Query, plans: list["_Plan"], after: SortValues) -> Iterator["_Match"]:
        """All matches behind an entry, sorted by what their bodies say."""
        items: list[tuple[IndexValues, _Match]] = []
        codes = {key.parameter for key in query.sort}
        for match in self._newest_first(plans):
            items.append((self._values_of(match.vid, codes), match))
            if len(items) > MOST_SORTED:
                keys = ", ".join(key.parameter for key in query.sort)
                raise TooCostlyError(f"_sort={keys}: at most {MOST_SORTED} matches are sorted so, narrow the search")
        ordered = in_order(query, items)
        shown = next((index for index, match in enumerate(ordered, 1) if match.keys == after), 0)
        return iter(ordered[shown:])

    def _newest_first(self, plans: list["_Plan"]) -> Iterator["_Match"]:
        """All matches of all plans by their vid."""
        streams = [self._stream(replace(plan, query=unlimited(plan.query)), ()) for plan in plans]
        return merge(*streams, key=lambda match: -match.vid)

    def _total(self, query: Query, plans: list["_Plan"], rows: list["_Match"], position: Position) -> int | None:
        """As counted for the first page; a first page that is the last needs no counting."""
        if position.after:
            return position.total
        limit = count_limit(query)
        if limit == 0:
            return None
        if not query.counts_only and len(rows) <= page_size(query):
            return len(rows)
        number = sum(self._counted(plan, limit) for plan in plans)
        return None if limit is not None and number > limit else number

    def _counted(self, plan: "_Plan", limit: int | None) -> int:
        """How many matches of one type there are, up to one more than the limit."""
        if plan.found.judged:
            newest_first = self._stream(replace(plan, query=unlimited(plan.query)), ())
            return sum(1 for _ in islice(newest_first, None if limit is None else limit + 1))
        sql = count(plan.found, limit)
        (number,) = self._connection.execute(sql.text, sql.values).fetchone()
        return int(number)

    def _values_of(self, vid: int, codes: Collection[str]) -> IndexValues:
        """Index values of a version, of some parameters."""
        version = self._by_vid("", vid)
        assert version.resource is not None
        return index_values(version.resource, self._tenancy.parameters, only=codes)

    def _versions(self, matches: Iterable["_Match"]) -> Iterator[Version]:
        """The versions of matches, many by one statement: a server far away answers it as quickly as for one."""
        waiting = iter(matches)
        while some := list(islice(waiting, _BODIES_AT_ONCE)):
            sql = Sql(_BODIES, (self._tenancy.number,)) + self._context.dialect.among(
                "version.vid", [match.vid for match in some]
            )
            rows = {row[3]: row for row in self._connection.execute(sql.text, sql.values).fetchall()}
            yield from (self._tenancy.version(match.type, rows[match.vid]) for match in some)

    def _by_vid(self, type: str, vid: int) -> Version:
        row = self._connection.execute(_SQL["body"], {"tenant": self._tenancy.number, "vid": vid}).fetchone()
        return self._tenancy.version(type, row)

    def _all(self, query: Query) -> Iterator[Version]:
        return self._versions(self._newest_first(self._plans(unlimited(query))))


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query of one type, and where it begins."""

    query: Query
    found: Candidates


@dataclass(frozen=True, slots=True)
class _Match:
    """A match: its type, and the values it is sorted by with its vid last."""

    type: str
    keys: SortValues

    @property
    def vid(self) -> int:
        return int(self.keys[-1] or 0)


def _comparison(sort: tuple[SortKey, ...]) -> Callable[[SortValues, SortValues], int]:
    """Which of two matches comes first, as `careloom.store.sql.pages` orders them."""

    def compare(one: SortValues, other: SortValues) -> int:
        for key, left, right in zip(sort, one, other, strict=False):
            if left is None or right is None:
                if left is not right:
                    return 1 if left is None else -1
            elif left != right:
                return 1 if (left > right) != key.descending else -1  # type: ignore[operator]
        return -1 if int(one[-1] or 0) > int(other[-1] or 0) else 1

    return compare
