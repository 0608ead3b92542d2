"""search: what meets all conditions, page by page, with what it refers to; of a type, a compartment, or everything.

What is found, counted, sorted by, chained through and included is only what the client may see: the rules are part of
the query (`careloom.rest.visibility`), never a filter on its result.
"""

from typing import Final, Protocol, runtime_checkable

from careloom.model.errors import InvalidError, MalformedError, NotSupportedError
from careloom.model.issues import Issue, Severity, operation_outcome
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse, Parameters
from careloom.rest.preferences import preferences
from careloom.rest.subset import Subset, parts_in_bundle, unknown_elements
from careloom.rest.terminology.searching import with_codes
from careloom.rest.visibility import narrowed
from careloom.search import Query, parse_query
from careloom.search.printing import query_path, query_string
from careloom.store import Page, Turn, Version

PAGE: Final = 50
"""Entries of a page where the client does not say."""

_EXPLAIN: Final = "_explain"
_APART: Final = frozenset({"_format", "_pretty", _EXPLAIN})


@runtime_checkable
class Explains(Protocol):
    """A repository that can say how it runs a search."""

    async def explain(self, query: Query) -> list[str]:
        """Where the search begins, and the plan of the database, line by line."""
        ...


async def search(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type?…``, ``GET ?_type=…``, ``GET Patient/1/Type?…``, and the same with ``POST …/_search``.

    A parameter that is not understood is never ignored in silence: it is told in an entry of mode ``outcome``
    and missing in the ``self`` link, or fails the request where the client prefers strict handling.

    Source: FHIR R4, 3.1.1 search.

    Raises:
        MalformedError: A value that cannot be read, or strict handling and an unknown parameter.
        NotFoundError: A type or a compartment that there is not.
        TooCostlyError: More than the ceilings of a search allow.
    """
    query = read_query(request, await with_codes(request, hub))
    page = await _page(query, hub)
    if request.values(_EXPLAIN)[-1:] == ["true"]:
        query = replace(query, unsupported=(*query.unsupported, *await _explained(query, hub)))
    return FhirResponse(200, searchset(query, page, hub), versions=page.matches + page.included)


async def _page(query: Query, hub: Hub) -> Page:
    """The page that the query asks for.

    Raises:
        MalformedError: Its link was not given out for this search, or was changed.
    """
    try:
        return await hub.repository.search(query)
    except InvalidError as error:
        if query.page is None:
            raise
        raise MalformedError(str(error), issues=error.issues) from error


async def _explained(query: Query, hub: Hub) -> list[Issue]:
    """How the search runs, line by line; that it is not told, where that is not set or the store has no plan."""
    if not hub.policy.explain or not isinstance(hub.repository, Explains):
        return [Issue("warning", "not-supported", "_explain: this hub is not set to explain searches", _EXPLAIN)]
    return [Issue("information", "informational", line, _EXPLAIN) for line in await hub.repository.explain(query)]


def search_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """The same within a transaction: the first page of what its writes have made.

    Raises:
        NotSupportedError: It asks for includes.
    """
    query = read_query(request, hub)
    if query.includes or query.revincludes:
        raise NotSupportedError("_include and _revinclude are not supported in a search within a transaction")
    matches = tuple(turn.search(query))
    return FhirResponse(200, searchset(query, Page(matches), hub), versions=matches)


def read_query(request: FhirRequest, hub: Hub) -> Query:
    """The query that the parameters make, with a count in the hub's bounds, on what the client may see.

    Raises:
        MalformedError: A value that cannot be read, or strict handling and an unknown parameter.
    """
    strict = preferences(request).strict
    owner, _, id = request.compartment.partition("/")
    try:
        query = parse_query(
            request.type,
            _criteria(request, hub),
            hub.parameters,
            strict=strict,
            now=hub.clock,
            compartment=(owner, id) if owner else None,
        )
    except InvalidError as error:
        raise MalformedError(str(error), issues=error.issues) from error
    count = PAGE if query.count is None else min(query.count, hub.limits.page)
    return narrowed(_with_parts_checked(replace(query, count=count), hub, strict=strict), request, hub)


def searchset(query: Query, page: Page, hub: Hub) -> Resource:
    """The Bundle that tells a page; its ``self`` link shows the query as it was understood."""
    entries = [_entry(version, "match", hub) for version in page.matches]
    entries += [_entry(version, "include", hub) for version in page.included]
    if query.unsupported:
        entries.append({"resource": operation_outcome(query.unsupported), "search": {"mode": "outcome"}})
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset"}
    if page.total is not None:
        bundle["total"] = page.total
    bundle["link"] = _links(query, page, hub)
    if entries:
        bundle["entry"] = entries
    summary = query.summary or "false"
    return parts_in_bundle(bundle, Subset("" if summary in ("false", "count") else summary, query.elements), hub.types)


def _criteria(request: FhirRequest, hub: Hub) -> Parameters:
    """The parameters that are the search's own."""
    passed = _APART | ({"_totalMethod"} if hub.policy.allows("exact-total") else set())
    return tuple(pair for pair in request.parameters if pair[0] not in passed)


def _with_parts_checked(query: Query, hub: Hub, *, strict: bool) -> Query:
    """The query, with names of ``_elements`` that no type of it has told as unsupported.

    Raises:
        MalformedError: There are such names and handling is strict, or a textual summary is to have includes.
    """
    if query.summary == "text" and (query.includes or query.revincludes):
        raise MalformedError("_summary=text does not go with _include and _revinclude", expression="_summary")
    unknown = unknown_elements(query.type, query.elements, hub.types) if query.type else []
    severity: Severity = "error" if strict else "warning"
    told = [
        Issue(severity, "not-supported", f"_elements: {query.type} has no element {n}", "_elements") for n in unknown
    ]
    if told and strict:
        raise MalformedError(told[0].diagnostics, issues=told)
    known = tuple(name for name in query.elements if name not in unknown)
    return replace(query, elements=known, unsupported=query.unsupported + tuple(told))


def _links(query: Query, page: Page, hub: Hub) -> list[dict[str, str]]:
    links = [{"relation": "self", "url": _address(query, hub)}]
    if page.next:
        links.append({"relation": "next", "url": _address(replace(query, page=page.next), hub)})
    return links


def _address(query: Query, hub: Hub) -> str:
    path, text = query_path(query), query_string(query)
    address = f"{hub.base_url}/{path}" if path else hub.base_url
    return f"{address}?{text}" if text else address


def _entry(version: Version, mode: str, hub: Hub) -> Resource:
    return {
        "fullUrl": f"{hub.base_url}/{version.reference}",
        "resource": version.resource,
        "search": {"mode": mode},
    }
