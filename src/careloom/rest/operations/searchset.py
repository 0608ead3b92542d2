"""A Bundle of type searchset, as an operation gives one: like that of a search, with links of the operation's own."""

from collections.abc import Iterable
from urllib.parse import urlencode

from careloom.model.issues import Issue, operation_outcome
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, Parameters
from careloom.rest.subset import parts_in_bundle, subset_of
from careloom.store import Version


def searchset(
    request: FhirRequest, hub: Hub, entries: Iterable[Resource], *, total: int | None, links: Iterable[Resource]
) -> Resource:
    """The Bundle, with as much of each resource as the request asks for."""
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        bundle["total"] = total
    bundle["link"] = list(links)
    if told := list(entries):
        bundle["entry"] = told
    return parts_in_bundle(bundle, subset_of(request), hub.types)


def entry(version: Version, mode: str, hub: Hub, **search: object) -> Resource:
    """One resource of the Bundle.

    Args:
        version: What is told.
        mode: ``match`` or ``include``.
        hub: For its address.
        search: What else ``Bundle.entry.search`` says.
    """
    return {
        "fullUrl": f"{hub.base_url}/{version.reference}",
        "resource": version.resource,
        "search": {**search, "mode": mode},
    }


def outcome_entry(issues: Iterable[Issue]) -> Resource:
    """What is to be told beside the matches."""
    return {"resource": operation_outcome(list(issues)), "search": {"mode": "outcome"}}


def link(relation: str, request: FhirRequest, parameters: Parameters, hub: Hub) -> Resource:
    """A link to the operation of a request with some parameters."""
    path = request.url.partition("?")[0]
    query = urlencode(parameters, safe="|,:/$")
    return {"relation": relation, "url": f"{hub.base_url}/{path}?{query}" if query else f"{hub.base_url}/{path}"}
