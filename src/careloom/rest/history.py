"""history-instance: the versions of one resource, newest first."""

import asyncio
import re

from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import is_anothers
from careloom.rest.representation import version_headers
from careloom.store import Version

PAGE = 50
_COUNT = re.compile("[1-9][0-9]{0,8}")
_METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}


async def history(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type/id/_history``, paged by ``_count`` and, in links only, ``_before``.

    Version ids count up without a gap, so a page is a range of them and new versions never shift it.

    Source: FHIR R4, 3.1.0.13 history.

    Raises:
        NotFoundError: There never was such a resource.
    """
    newest = await hub.repository.read(request.type, request.id)
    if newest is None:
        raise _unknown(request)
    total = int(newest.version_id)
    first = min(_number(request, "_before", total + 1) - 1, total)
    last = max(first - min(_number(request, "_count", PAGE), PAGE), 0)
    numbers = range(first, last, -1)
    found = await asyncio.gather(*(hub.repository.vread(request.type, request.id, str(n)) for n in numbers))
    versions = tuple(version for version in found if version)
    if any(is_anothers(version, request, hub) for version in versions):
        raise _unknown(request)
    return FhirResponse(200, _bundle(request, hub, versions, total, next_before=last + 1), versions=versions)


def _bundle(request: FhirRequest, hub: Hub, versions: tuple[Version, ...], total: int, next_before: int) -> Resource:
    address = f"{hub.base_url}/{request.type}/{request.id}/_history"
    links = [{"relation": "self", "url": f"{hub.base_url}/{request.url}"}]
    if next_before > 1 and versions:
        links.append({"relation": "next", "url": f"{address}?_count={len(versions)}&_before={next_before}"})
    entries = [_entry(version, hub) for version in versions]
    return {"resourceType": "Bundle", "type": "history", "total": total, "link": links, "entry": entries}


def _entry(version: Version, hub: Hub) -> Resource:
    entry: Resource = {"fullUrl": f"{hub.base_url}/{version.reference}"}
    if version.resource is not None:
        entry["resource"] = version.resource
    method = _METHODS[version.interaction]
    entry["request"] = {"method": method, "url": version.type if method == "POST" else version.reference}
    headers = version_headers(version)
    status = {"POST": "201", "PUT": "200", "DELETE": "204"}[method]
    instant = version.last_updated.isoformat()
    entry["response"] = {"status": status, "etag": headers["ETag"], "lastModified": instant}
    return entry


def _unknown(request: FhirRequest) -> NotFoundError:
    return NotFoundError(f"{request.type}/{request.id} is not known")


def _number(request: FhirRequest, name: str, default: int) -> int:
    values = request.values(name)
    if not values:
        return default
    if not _COUNT.fullmatch(values[-1]):
        raise MalformedError(
            f"{name}: a whole number from 1, of up to nine digits, expected, found {values[-1][:20]!r}"
        )
    return int(values[-1])
