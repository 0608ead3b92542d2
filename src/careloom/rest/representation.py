"""How a version of a resource is told: body, ``ETag``, ``Last-Modified``, ``Location``."""

from email.utils import format_datetime

from careloom.model.errors import DeletedError, NotFoundError
from careloom.model.issues import Issue, operation_outcome
from careloom.model.resource import Resource
from careloom.rest.conditional import is_unmodified
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.preferences import MINIMAL, OPERATION_OUTCOME, preferences
from careloom.store import Version


def shown(version: Version | None, request: FhirRequest) -> FhirResponse:
    """The answer to a read: the resource, or 304 where the client already has it.

    Raises:
        NotFoundError: There never was such a resource or version.
        DeletedError: It was deleted, or the version asked for is a deletion.
    """
    if version is None:
        raise NotFoundError(f"{_asked(request)} is not known")
    if version.resource is None:
        raise DeletedError(f"{_asked(request)} was deleted")
    headers = version_headers(version)
    if is_unmodified(request, version):
        return FhirResponse(304, None, headers, (version,))
    return FhirResponse(200, version.resource, headers, (version,))


def written(version: Version, request: FhirRequest, base_url: str, *, status: int) -> FhirResponse:
    """The answer to a write, with as much body as the client prefers."""
    location = f"{base_url}/{version.reference}/_history/{version.version_id}"
    headers = {**version_headers(version), "Location": location}
    return FhirResponse(status, _preferred_body(version, request, status), headers, (version,))


def version_headers(version: Version) -> dict[str, str]:
    """``ETag`` and ``Last-Modified`` of a version."""
    return {
        "ETag": f'W/"{version.version_id}"',
        "Last-Modified": format_datetime(version.last_updated, usegmt=True),
    }


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


def _asked(request: FhirRequest) -> str:
    version = f"/_history/{request.version_id}" if request.version_id else ""
    return f"{request.type}/{request.id}{version}"
