"""What ``_include`` and ``_revinclude`` add to a page, the same for every store."""

from collections.abc import Callable, Iterable, Iterator

from careloom.model.errors import TooCostlyError
from careloom.search import Query, SearchParameters, included, index_values, revinclude_queries
from careloom.store.port import Version

MOST_INCLUDED = 5_000
"""More than this on one page is refused."""


def included_versions(
    query: Query,
    matches: tuple[Version, ...],
    registry: SearchParameters,
    read: Callable[[str, str], Version | None],
    find: Callable[[Query], Iterable[Version]],
) -> tuple[Version, ...]:
    """The living resources that the matches refer to or that refer to them, as the query asks, each once.

    Args:
        query: Its includes and revincludes count.
        matches: Of one page.
        registry: Search parameters, to find references in a match.
        read: Reads a resource in the snapshot of the page.
        find: Gives all matches of a query in the snapshot of the page.

    Raises:
        TooCostlyError: More than `MOST_INCLUDED`.
    """
    shown = {version.reference for version in matches}
    found: dict[str, Version] = {}
    for version in _wanted(query, matches, registry, read, find):
        if version.reference not in shown:
            found[version.reference] = version
        if len(found) > MOST_INCLUDED:
            raise TooCostlyError(f"_include, _revinclude: at most {MOST_INCLUDED} resources are included with a page")
    return tuple(found.values())


def _wanted(
    query: Query,
    matches: tuple[Version, ...],
    registry: SearchParameters,
    read: Callable[[str, str], Version | None],
    find: Callable[[Query], Iterable[Version]],
) -> Iterator[Version]:
    for reference in _references(query, matches, registry):
        version = read(*reference)
        if version is not None and not version.is_deleted:
            yield version
    for revinclude in revinclude_queries(query, [(version.type, version.id) for version in matches]):
        yield from find(revinclude)


def _references(query: Query, matches: tuple[Version, ...], registry: SearchParameters) -> dict[tuple[str, str], None]:
    """Type and id of what the matches refer to, distinct and in order."""
    if not query.includes:
        return {}
    wanted = {include.parameter for include in query.includes}
    return {
        (reference.type, reference.id): None
        for version in matches
        if version.resource is not None
        for reference in included(query, index_values(version.resource, registry, only=wanted))
    }
