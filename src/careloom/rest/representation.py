"""How a version of a resource is told: body, ``ETag``, ``Last-Modified``, ``Location``."""

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from careloom.model.errors import DeletedError, MalformedError, NotFoundError
from careloom.model.issues import Issue, operation_outcome
from careloom.model.records import replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.conditional import is_unmodified
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.preferences import MINIMAL, OPERATION_OUTCOME, preferences
from careloom.rest.subset import subset_of, unknown_elements
from careloom.rest.writing import raw
from careloom.store import Version


def shown(version: Version | None, request: FhirRequest, hub: Hub) -> FhirResponse:
    """The answer to a read: the resource or a part of it, or 304 where the client already has it.

    Raises:
        NotFoundError: There never was such a resource or version.
        DeletedError: It was deleted, or the version asked for is a deletion.
        MalformedError: It asks for a part that cannot be understood.
    """
    if version is None:
        raise NotFoundError(f"{asked(request)} is not known")
    if version.resource is None:
        raise DeletedError(f"{asked(request)} was deleted")
    headers = version_headers(version)
    if is_unmodified(request, version):
        return FhirResponse(304, None, headers, (version,))
    if request.takes_raw:
        return replace(raw(version.resource).with_headers(headers), versions=(version,))
    return FhirResponse(200, part_of(version.resource, request, hub), headers, (version,))


def part_of(resource: Resource, request: FhirRequest, hub: Hub) -> Resource:
    """As much of a resource as the request asks for.

    Raises:
        MalformedError: Not a summary, or with strict handling not an element of its type.
    """
    subset = subset_of(request)
    unknown = unknown_elements(resource_type(resource), subset.elements, hub.types)
    if unknown and preferences(request).strict:
        raise MalformedError(f"_elements: {resource_type(resource)} has no element {', '.join(unknown)}")
    return subset.of(resource, hub.types)


def written(version: Version, request: FhirRequest, base_url: str, *, status: int) -> FhirResponse:
    """The answer to a write, with as much body as the client prefers."""
    location = f"{base_url}/{version.reference}/_history/{version.version_id}"
    headers = {**version_headers(version), "Location": location}
    return FhirResponse(status, _preferred_body(version, request, status), headers, (version,))


def version_headers(version: Version) -> dict[str, str]:
    """``ETag`` and ``Last-Modified`` of a version."""
    return {
        "ETag": f'W/"{version.version_id}"',
        "Last-Modified": _http_date(version.last_updated),
    }


@lru_cache(maxsize=1_024)  # what is written together has one instant
def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _preferred_body(version: Version, request: FhirRequest, status: int) -> Resource | None:
    match preferences(request).returns:
        case value if value == MINIMAL:
            return None
        case value if value == OPERATION_OUTCOME:
            deed = "created" if status == 201 else "recorded"
            told = f"{version.reference} {deed} as version {version.version_id}"
            return operation_outcome([Issue("information", "informational", told)])
        case _:
            return version.resource


def asked(request: FhirRequest) -> str:
    """What a read is about, ``Type/id`` with the version where one is named."""
    version = f"/_history/{request.version_id}" if request.version_id else ""
    return f"{request.type}/{request.id}{version}"
