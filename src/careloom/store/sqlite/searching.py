"""A search on one connection: the plan is made, run row by row, and stopped when the page is full."""

import sqlite3
from collections.abc import Iterator

from careloom.search.query import Query
from careloom.store.including import included_versions
from careloom.store.paging import Position, SortValue, count_limit, page_size
from careloom.store.port import Page, Version
from careloom.store.sqlite.clauses import Context
from careloom.store.sqlite.names import Names
from careloom.store.sqlite.plan import NEWEST, Candidates, candidates, count, page, unlimited
from careloom.store.sqlite.tenancy import Tenancy
from careloom.store.statements import load_statements

_SQL = load_statements("record.sql")

SortValues = tuple[SortValue, ...]


class Search:
    """Searches in what one connection sees.

    Args:
        connection: Within a transaction, so that all of a page is read from one snapshot.
        tenancy: The tenant.
        names: The names as the connection sees them.
        snapshot: Sequence of the newest version that counts.
    """

    def __init__(self, connection: sqlite3.Connection, tenancy: Tenancy, names: Names, snapshot: int = NEWEST) -> None:
        self._connection = connection
        self._tenancy = tenancy
        self._context = Context(connection, names, tenancy.hash_of)
        self._snapshot = snapshot

    def first(self, query: Query) -> list[Version]:
        """The matches of the first page."""
        return [self._version(query.type, keys) for keys in self._rows(query, (), page_size(query))]

    def page(self, query: Query, position: Position) -> Page:
        """The page that begins behind a position."""
        size = page_size(query)
        found = candidates(query, self._context, self._snapshot)
        rows = [] if query.counts_only else list(self._some(query, found, position.after, size + 1))
        total = self._total(query, found, rows, position)
        matches = tuple(self._version(query.type, keys) for keys in rows[:size])
        following = Position(self._snapshot, rows[size - 1], total) if len(rows) > size else None
        return Page(
            matches=matches,
            included=included_versions(query, matches, self._tenancy.parameters, self._read, self._all),
            total=total,
            next=self._tenancy.sealer.seal(query, following) if following else None,
        )

    def explain(self, query: Query) -> list[str]:
        """How a search would run: where it begins, then what SQLite says of its plan."""
        found = candidates(query, self._context, self._snapshot)
        sql = page(query, found, (), self._context)
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.values)
        return [found.reason, *(str(row[3]) for row in rows)]

    def _rows(self, query: Query, after: SortValues, limit: int) -> Iterator[SortValues]:
        return self._some(query, candidates(query, self._context, self._snapshot), after, limit)

    def _some(self, query: Query, found: Candidates, after: SortValues, limit: int) -> Iterator[SortValues]:
        """Rows of the result up to a limit, those that come twice given once: they come one behind the other."""
        sql = page(query, found, after, self._context)
        last: SortValues = ()
        for row in self._connection.execute(sql.text, sql.values):
            if limit <= 0:
                return
            if row != last:
                last = row
                limit -= 1
                yield row

    def _total(self, query: Query, found: Candidates, rows: list[SortValues], position: Position) -> int | None:
        """As counted for the first page; a first page that is the last needs no counting."""
        if position.after:
            return position.total
        limit = count_limit(query)
        if limit == 0:
            return None
        if not query.counts_only and len(rows) <= page_size(query):
            return len(rows)
        sql = count(found, limit)
        (number,) = self._connection.execute(sql.text, sql.values).fetchone()
        return None if limit is not None and number > limit else int(number)

    def _version(self, type: str, keys: SortValues) -> Version:
        row = self._connection.execute(_SQL["body"], {"tenant": self._tenancy.number, "vid": keys[-1]}).fetchone()
        return self._tenancy.version(type, row)

    def _read(self, type: str, id: str) -> Version | None:
        key = {"tenant": self._tenancy.number, "type": self._context.number(type), "id": id, "snapshot": self._snapshot}
        row = self._connection.execute(_SQL["read_as_of"], key).fetchone()
        return self._tenancy.version(type, row) if row else None

    def _all(self, query: Query) -> Iterator[Version]:
        every = unlimited(query)
        found = candidates(every, self._context, self._snapshot)
        return (self._version(query.type, keys) for keys in self._some(every, found, (), NEWEST))
