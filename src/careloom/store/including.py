"""What ``_include`` and ``_revinclude`` add to a page: `careloom.search.includes` on versions, for every store."""

from collections.abc import Callable, Iterable

from careloom.search.includes import Found, included
from careloom.search.index import index_values
from careloom.search.query import Query
from careloom.search.registry import SearchParameters
from careloom.search.results import ANY
from careloom.store.port import Version


def included_versions(
    query: Query,
    matches: Iterable[Version],
    registry: SearchParameters,
    find: Callable[[Query], Iterable[Version]],
) -> tuple[Version, ...]:
    """The living resources that the matches refer to or that refer to them, as the query asks, each once.

    Args:
        query: Its includes, revincludes and access rules count.
        matches: Of one page.
        registry: Search parameters, to find references in a version.
        find: Gives all matches of a query in the snapshot of the page.

    Raises:
        TooCostlyError: More than the limits of the search parameters allow.
    """
    if not (query.includes or query.revincludes):
        return ()

    asked = {include.parameter for include in query.includes}

    def found(version: Version) -> Found[Version]:
        assert version.resource is not None
        parameters = registry.of(version.type).items()
        wanted = {code for code, each in parameters if each.kind == "reference"} if ANY in asked else asked
        return Found(version.reference, index_values(version.resource, registry, only=wanted), version)

    return tuple(included(query, map(found, matches), registry, lambda each: map(found, find(each))))
