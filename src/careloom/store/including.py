"""What ``_include`` and ``_revinclude`` add to a page: `careloom.search.includes` on versions, for every store."""

from collections.abc import Callable, Iterable
from functools import cache

from careloom.search.includes import Found, followed, included
from careloom.search.index import Way, references_of, ways_of
from careloom.search.query import Query
from careloom.search.registry import SearchParameters
from careloom.store.versions import Version


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

    @cache
    def ways(type: str) -> tuple[Way, ...]:
        return ways_of(type, followed(query, type, registry), registry)

    def found(version: Version) -> Found[Version]:
        assert version.resource is not None
        url = version.resource.get("url")
        references = references_of(version.resource, ways(version.type))
        return Found(version.reference, references, version, url if isinstance(url, str) else "")

    return tuple(included(query, map(found, matches), registry, lambda each: map(found, find(each))))
