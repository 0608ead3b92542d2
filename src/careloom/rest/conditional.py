"""Conditions on a request: on the version the client knows, and on what the record holds.

``If-Match`` and ``If-None-Match`` speak of versions.
``If-None-Exist`` and an address such as ``Patient?identifier=…`` speak of the record:
they become a `Query` before the writer's turn and are answered in it, so that two clients
with the same condition can never both find nothing.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from careloom.model.errors import InvalidError, MalformedError, MultipleMatchesError, StaleVersionError
from careloom.model.records import replace
from careloom.rest.access import require_search
from careloom.rest.errors import VersionRequiredError
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, Parameters
from careloom.rest.policy import Policy
from careloom.rest.visibility import narrowed
from careloom.search import Query, parse_query
from careloom.store import Turn, Version

_TAG = re.compile(r'(?:W/)?"([^"]*)"|(\*)|([A-Za-z0-9\-.]+)')
_PRESENTATION = frozenset({"_format", "_pretty"})
_NO_CONDITION = _PRESENTATION | frozenset({"_count", "_sort", "_include", "_revinclude", "_summary", "_elements"})


def is_unmodified(request: FhirRequest, version: Version) -> bool:
    """Whether a conditional read finds the version the client already has.

    ``If-Modified-Since`` counts only without ``If-None-Match``, as RFC 9110 demands.
    """
    known = request.header("if-none-match")
    if known:
        return _names(known, version.version_id)
    since = _http_date(request.header("if-modified-since"))
    return since is not None and version.last_updated.replace(microsecond=0) <= since


def require_version(request: FhirRequest, current: Version | None, policy: Policy) -> None:
    """Hold a write to the version its client has seen.

    Raises:
        VersionRequiredError: It must say which, and does not.
        StaleVersionError: ``If-Match`` names another version than the current one,
            or ``If-None-Match: *`` meets a resource that exists.
    """
    exists = current is not None and not current.is_deleted
    expected, unwanted = request.header("if-match"), request.header("if-none-match")
    if policy.version_required and exists and not expected and not request.condition:
        raise VersionRequiredError(
            f"{request.url}: If-Match with the version that is to be changed expected, found none"
        )
    if expected and not (exists and current and _names(expected, current.version_id)):
        found = f"version {current.version_id}" if exists and current else "no resource"
        raise StaleVersionError(f"{request.url}: If-Match expects {expected}, the hub has {found}")
    if unwanted and exists and current and _names(unwanted, current.version_id):
        raise StaleVersionError(f"{request.url}: If-None-Match {unwanted}, but version {current.version_id} exists")


def condition_of(request: FhirRequest, hub: Hub) -> Query | None:
    """The condition of a write, for its turn; None where there is none.

    Raises:
        ForbiddenError: The client may not search the type.
        MalformedError: There is no criterion where there must be one, or one that is not understood.
    """
    criteria = _criteria(request, hub)
    return None if criteria is None else parse_condition(request.type, criteria, request, hub)


def parse_condition(type: str, text: str | Parameters, request: FhirRequest, hub: Hub) -> Query:
    """What a conditional interaction asks of the record.

    Args:
        type: The resource type the condition is about.
        text: Search parameters, as in ``identifier=…`` or ``Patient?identifier=…``, or already decoded.
        request: The request that has the condition; its client must have the right to search the type,
            since the outcome of a condition tells what the record holds.
        hub: For its rules and search parameters.

    Raises:
        ForbiddenError: The client may not search the type.
        MalformedError: There is no criterion, or one that is not understood: guessing could pick the wrong resource.
    """
    require_search(type, request, hub)
    parameters = text if isinstance(text, tuple) else _decoded(type, text)
    criteria = [(name, value) for name, value in parameters if name not in _NO_CONDITION]
    if not any(value for _, value in criteria):
        raise MalformedError(f"a condition on {type} needs a search criterion such as identifier=…, found none")
    try:
        query = parse_query(type, criteria, hub.parameters, strict=True)
    except InvalidError as error:
        raise MalformedError(f"the condition on {type}: {error}", issues=error.issues) from error
    return narrowed(replace(query, count=max(2, hub.policy.delete_many + 1)), request, hub)


def matched(turn: Turn, query: Query, type: str) -> Version | None:
    """The one resource that a condition picks in this turn; None where there is none.

    Raises:
        MultipleMatchesError: There are several.
    """
    found = turn.search(query)
    if len(found) > 1:
        raise MultipleMatchesError(f"the condition on {type} must pick one resource, and matches several")
    return found[0] if found else None


def _criteria(request: FhirRequest, hub: Hub) -> str | Parameters | None:
    """What makes a write conditional: the criteria of ``If-None-Exist`` or of the address; None where nothing does.

    FHIR has a create carry its condition in the header; fhirpy and Aidbox write ``POST Type?criteria`` and mean the
    same. To pass over that would make the duplicate they want to avoid.
    """
    in_address = tuple(pair for pair in request.parameters if pair[0] not in _PRESENTATION)
    if request.method == "POST":
        return request.header("if-none-exist") or (in_address if hub.policy.allows("create-by-address") else ()) or None
    return in_address if request.method in ("PUT", "PATCH", "DELETE") and not request.id else None


def _decoded(type: str, text: str) -> Parameters:
    criteria = text.removeprefix(f"{type}?").removeprefix("?")
    return tuple(parse_qsl(criteria, keep_blank_values=True))


def _names(header: str, version_id: str) -> bool:
    """Whether a list of entity tags, ``W/"1", W/"2"``, names a version; ``*`` names any."""
    tags = [quoted or star or bare for quoted, star, bare in _TAG.findall(header)]
    return "*" in tags or version_id in tags


def _http_date(text: str) -> datetime | None:
    """An HTTP date; None for none and for one that cannot be read, which RFC 9110 has us ignore."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
