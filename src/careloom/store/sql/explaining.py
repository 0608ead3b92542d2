"""How a search would run, told to people: where it begins, and what the database makes of it."""

from collections.abc import Iterator

from careloom.search.query import Query
from careloom.store.sql.clauses import Context
from careloom.store.sql.newest import (
    MOST_GATHERED,
    WINDOW,
    Range,
    counted,
    gathered,
    reached,
    walked,
)
from careloom.store.sql.pages import is_sorted_in_sql, page, unlimited
from careloom.store.sql.plan import Candidates, is_newest_first
from careloom.store.sql.text import Sql


def steps(query: Query, found: Candidates, context: Context) -> Iterator[str]:
    """What finds the first page of one type."""
    yield found.reason
    asked = query if is_sorted_in_sql(query) else unlimited(query)
    if found.range is not None and is_newest_first(asked):
        told, sql = _first_step(found.range, context)
        yield told
    else:
        sql = page(asked, found, (), context)
    yield from context.dialect.explained(context.connection, sql)


def _first_step(found: Range, context: Context) -> tuple[str, Sql]:
    """What `careloom.store.sql.newest` does first, and how far it may go."""
    if found.size is not None or found.walk is None:
        size = "many" if found.size is None else f"{found.size:,}"
        return f"{size} rows gathered", gathered(found, WINDOW, 0, None, context)
    first, walk = found.walk.rounds[0], found.walk
    number = counted(found.source, first.gathered + 1, context)
    if number <= first.gathered:
        return f"{number:,} rows gathered", gathered(found, WINDOW, 0, None, context)
    start = reached(walk.run, first.walked, None, context)
    told = (
        f"more than {first.gathered:,} rows: {first.walked:,} rows of {walk.run.name} walked, "
        f"if need be up to {sum(round.walked for round in walk.rounds):,} walked or {MOST_GATHERED:,} gathered"
    )
    return told, walked(found, walk, start, None, context)
