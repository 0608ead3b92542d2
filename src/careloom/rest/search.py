"""search-type: the resources of a type that meet all conditions, page by page, with what they refer to."""

from dataclasses import replace

from careloom.governance import visible_types
from careloom.model.errors import InvalidError, MalformedError, NotSupportedError
from careloom.model.issues import Issue, operation_outcome
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import is_anothers, narrowed
from careloom.rest.preferences import preferences
from careloom.search import Query, parse_query, query_string
from careloom.store import Page, Turn, Version

PAGE = 50
"""Entries of a page where the client does not say."""

_FORMAT = frozenset({"_format", "_pretty"})


async def search(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type?…`` and ``POST Type/_search``.

    Included resources are told only of types that the client may search by itself.
    A parameter that is not understood is never ignored in silence: it is told in an entry of mode ``outcome``
    and missing in the ``self`` link, or fails the request where the client prefers strict handling.

    Source: FHIR R4, 3.1.1 search.

    Raises:
        MalformedError: A value that cannot be read, or strict handling and an unknown parameter.
    """
    query = read_query(request, hub)
    page = _with_visible_includes(await hub.repository.search(query), request, hub)
    return FhirResponse(200, searchset(query, page, hub), versions=page.matches + page.included)


def search_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """The same within a transaction: the first page of what its writes have made.

    Raises:
        NotSupportedError: It asks for includes.
    """
    query = read_query(request, hub)
    if query.includes or query.revincludes:
        raise NotSupportedError("_include and _revinclude are not supported in a search within a transaction")
    matches = tuple(turn.search(query))
    bundle = searchset(query, Page(matches), hub)
    del bundle["total"]
    return FhirResponse(200, bundle, versions=matches)


def read_query(request: FhirRequest, hub: Hub) -> Query:
    """The query that the parameters make, with a count in the hub's bounds."""
    parameters = [(name, value) for name, value in request.parameters if name not in _FORMAT]
    try:
        query = parse_query(request.type, parameters, hub.parameters, strict=preferences(request).strict)
    except InvalidError as error:
        raise MalformedError(str(error), issues=error.issues) from error
    count = PAGE if query.count is None else min(query.count, hub.limits.page)
    query = narrowed(replace(query, count=count), request, hub)
    return _whole(query, strict=preferences(request).strict)


def searchset(query: Query, page: Page, hub: Hub) -> Resource:
    """The Bundle that tells a page; its ``self`` link shows the query as it was understood."""
    entries = [_entry(version, "match", hub) for version in page.matches]
    entries += [_entry(version, "include", hub) for version in page.included]
    if query.unsupported:
        entries.append({"resource": operation_outcome(query.unsupported), "search": {"mode": "outcome"}})
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": page.total,
        "link": _links(query, page, hub),
    }
    return {**bundle, "entry": entries} if entries else bundle


def _whole(query: Query, *, strict: bool) -> Query:
    """The query without parts of resources: they are told whole or, by ``_summary=count``, not at all."""
    asked = {"_elements": bool(query.elements), "_summary": query.summary in ("true", "text", "data")}
    told = "resources are told whole, parts of them are not supported"
    issues = [
        Issue("warning", "not-supported", f"{name}: {told}", name) for name, is_asked in asked.items() if is_asked
    ]
    if issues and strict:
        raise MalformedError(told, issues=[replace(issue, severity="error") for issue in issues])
    summary = query.summary if query.summary == "count" else None
    return replace(query, elements=(), summary=summary, unsupported=query.unsupported + tuple(issues))


def _with_visible_includes(page: Page, request: FhirRequest, hub: Hub) -> Page:
    """The page without included resources that the client would not find by itself."""
    assert request.grant is not None
    visible = visible_types(request.grant, "search-type", hub.registry, hub.clock())
    found = (version for version in page.included if version.type in visible)
    return replace(page, included=tuple(version for version in found if not is_anothers(version, request, hub)))


def _links(query: Query, page: Page, hub: Hub) -> list[dict[str, str]]:
    links = [{"relation": "self", "url": _address(query, hub)}]
    if page.next:
        links.append({"relation": "next", "url": _address(replace(query, page=page.next), hub)})
    return links


def _address(query: Query, hub: Hub) -> str:
    text = query_string(query)
    return f"{hub.base_url}/{query.type}?{text}" if text else f"{hub.base_url}/{query.type}"


def _entry(version: Version, mode: str, hub: Hub) -> Resource:
    return {
        "fullUrl": f"{hub.base_url}/{version.reference}",
        "resource": version.resource,
        "search": {"mode": mode},
    }
