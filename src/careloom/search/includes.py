"""What ``_include`` and ``_revinclude`` ask for, as references to read and queries to run; the store does both."""

from collections.abc import Iterable

from careloom.search.query import Comparison, Query, ReferenceOperand
from careloom.search.values import IndexValues, ReferenceValue


def included(query: Query, values: IndexValues) -> tuple[ReferenceValue, ...]:
    """What a match refers to and the query wants with it: distinct, held by this server, with type and id.

    Args:
        query: Its ``includes`` are what counts.
        values: Index values of one match.
    """
    wanted: dict[ReferenceValue, None] = {}
    for include in query.includes:
        if include.source == values.type:
            for reference in values.references.get(include.parameter, ()):
                if reference.id and include.target in ("", reference.type):
                    wanted[reference] = None
    return tuple(wanted)


def revinclude_queries(query: Query, matches: Iterable[tuple[str, str]]) -> tuple[Query, ...]:
    """The searches that find what refers to the matches and is wanted with them.

    Args:
        query: Its ``revincludes`` are what counts.
        matches: Type and id of each match of the page.
    """
    targets = tuple(f"{type}/{id}" for type, id in matches)
    if not targets:
        return ()
    return tuple(
        Query(
            type=include.source,
            conditions=(
                Comparison(
                    include.parameter, "reference", tuple(ReferenceOperand(target, (target,)) for target in targets)
                ),
            ),
        )
        for include in query.revincludes
    )
