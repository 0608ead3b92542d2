"""history: the versions of one resource, of a type, of everything; newest first, deletions among them.

What a client may not search it does not see here either: types are left out of the history of everything, and
resources that are another client's own out of that of their type. What a deletion tells is only that there was
something by its id.

Source: FHIR R4, 3.1.0.13 history.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from careloom.governance import visible_types
from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.instants import instant
from careloom.model.issues import Issue, operation_outcome
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse, Parameters
from careloom.rest.ownership import is_anothers
from careloom.rest.preferences import preferences
from careloom.rest.representation import version_headers
from careloom.rest.subset import subset_of
from careloom.rest.visibility import served_types
from careloom.search.dates import date_interval
from careloom.store import HistoryPage, HistoryQuery, Version
from careloom.store.ids import is_made_here, moment_of

PAGE: Final = 50

_WHOLE = re.compile("[1-9][0-9]{0,18}")
_METHODS = {"create": "PUT", "update": "PUT", "delete": "DELETE"}
_STATUSES = {"create": "201", "update": "200", "delete": "204"}
"""By what a version is to the record; a resource under an id of its client's was made by PUT."""

_KNOWN: Final = frozenset(
    {"_count", "_since", "_at", "_sort", "_beyond", "_format", "_pretty", "_summary", "_elements"}
)
_USED: Final = ("_count", "_since", "_at", "_sort", "_summary", "_elements")


async def history(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type/id/_history``, ``GET Type/_history``, ``GET _history``.

    ``_since`` and ``_at`` bound it, ``_count`` is the size of a page, ``_sort=_lastUpdated`` turns it round, and
    ``_beyond``, in links only, says where a page begins.

    Raises:
        NotFoundError: There never was such a resource.
        MalformedError: A parameter that cannot be read, or with strict handling one that is not known.
    """
    unknown = _unknown_parameters(request)
    query = _query(request, hub)
    newest = await hub.repository.read(request.type, request.id) if request.id else None
    if request.id and (newest is None or is_anothers(newest, request, hub)):
        raise NotFoundError(f"{request.type}/{request.id} is not known")
    page = await hub.repository.history(query)
    versions = tuple(version for version in page.versions if not is_anothers(version, request, hub))
    bundle = _bundle(request, hub, replace(page, versions=versions))
    if newest and query.since is None and query.start is None:
        bundle = {**bundle, "total": int(newest.version_id)}
    if unknown:
        bundle["entry"] = [*bundle.get("entry", ()), {"resource": operation_outcome(unknown)}]
    return FhirResponse(200, bundle, versions=versions)


def _query(request: FhirRequest, hub: Hub) -> HistoryQuery:
    count = min(_number(request, "_count") or PAGE, hub.limits.page)
    start, end = _at(request, hub)
    return HistoryQuery(
        types=(request.type,) if request.type else _types(request, hub),
        id=request.id,
        since=_since(request, hub),
        start=start,
        end=end,
        ascending=_is_ascending(request),
        beyond=_number(request, "_beyond"),
        count=count,
    )


def _types(request: FhirRequest, hub: Hub) -> tuple[str, ...] | None:
    """The types that the client may search; None where that is every one."""
    assert request.grant is not None
    visible = visible_types(request.grant, "history-type", hub.registry, hub.clock())
    return None if visible.is_every else served_types(visible, hub)


def _bundle(request: FhirRequest, hub: Hub, page: HistoryPage) -> Resource:
    path = request.url.partition("?")[0]
    used = [(name, value) for name, value in request.parameters if name in _USED]
    links = [{"relation": "self", "url": _address(path, used, hub)}]
    if page.next is not None:
        links.append({"relation": "next", "url": _address(path, [*used, ("_beyond", str(page.next))], hub)})
    subset = subset_of(request)
    entries = [
        _entry(version, subset.of(version.resource, hub.types) if version.resource else None, hub)
        for version in page.versions
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "history", "link": links}
    return {**bundle, "entry": entries} if entries else bundle


def _entry(version: Version, told: Resource | None, hub: Hub) -> Resource:
    entry: Resource = {"fullUrl": f"{hub.base_url}/{version.reference}"}
    if told is not None:
        entry["resource"] = told
    has_our_id = version.interaction == "create" and version.version_id == "1" and is_made_here(version.id)
    entry["request"] = (
        {"method": "POST", "url": version.type}
        if has_our_id
        else {"method": _METHODS[version.interaction], "url": version.reference}
    )
    entry["response"] = {
        "status": _STATUSES[version.interaction],
        "etag": version_headers(version)["ETag"],
        "lastModified": instant(version.last_updated),
    }
    return entry


def _address(path: str, parameters: list[tuple[str, str]], hub: Hub) -> str:
    text = encoded(tuple(parameters))
    return f"{hub.base_url}/{path}?{text}" if text else f"{hub.base_url}/{path}"


def _unknown_parameters(request: FhirRequest) -> list[Issue]:
    """Parameters that history does not have.

    Raises:
        MalformedError: There are some, and handling is strict.
    """
    strict = preferences(request).strict
    names = dict.fromkeys(name for name, _ in request.parameters if name not in _KNOWN)
    issues = [
        Issue("error" if strict else "warning", "not-supported", f"history has no parameter {name[:80]!r}", name[:80])
        for name in names
    ]
    if issues and strict:
        raise MalformedError(issues[0].diagnostics, issues=issues)
    return issues


def _since(request: FhirRequest, hub: Hub) -> datetime | None:
    interval = _interval(request, "_since", hub)
    return interval[0] if interval else None


def _at(request: FhirRequest, hub: Hub) -> tuple[datetime | None, datetime | None]:
    return _interval(request, "_at", hub) or (None, None)


def _interval(request: FhirRequest, name: str, hub: Hub) -> tuple[datetime, datetime] | None:
    values = request.values(name)
    if not values:
        return None
    text = values[-1].replace(" ", "+")  # an unescaped + in a query arrives as a space
    found = date_interval(text, hub.parameters.zone)
    if found is None:
        raise MalformedError(f"{name}: a date or instant expected, found {text[:40]!r}", expression=name)
    try:
        return moment_of(found[0]), moment_of(found[1])
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _is_ascending(request: FhirRequest) -> bool:
    keys: dict[str, bool] = {"": False, "-_lastUpdated": False, "_lastUpdated": True}
    asked: Any = (request.values("_sort") or [""])[-1]
    if asked not in keys:
        raise MalformedError(f"_sort: _lastUpdated or -_lastUpdated expected, found {asked[:40]!r}", expression="_sort")
    return keys[asked]


def _number(request: FhirRequest, name: str) -> int | None:
    values = request.values(name)
    if not values:
        return None
    if not _WHOLE.fullmatch(values[-1]):
        raise MalformedError(f"{name}: a whole number from 1 expected, found {values[-1][:20]!r}", expression=name)
    return int(values[-1])


def encoded(parameters: Parameters) -> str:
    """Parameters as the query of an address."""
    return urlencode(parameters, safe="|,:/$")
