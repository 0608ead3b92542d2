"""delete: a resource is gone, its versions stay; on condition, the one that matches."""

from functools import partial

from careloom.model.issues import Issue, operation_outcome
from careloom.rest.admission import require_writable
from careloom.rest.conditional import condition_of, matched, require_version
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import require_own
from careloom.rest.preferences import OPERATION_OUTCOME, preferences
from careloom.rest.representation import version_headers
from careloom.store import Turn, Version


async def delete(request: FhirRequest, hub: Hub) -> Work:
    """``DELETE Type/id``, or ``DELETE Type?criteria`` for at most one resource.

    Source: FHIR R4, 3.1.0.7 delete and conditional delete (single).
    """
    return partial(delete_in_turn, request=prepare_delete(request, hub), hub=hub)


def prepare_delete(request: FhirRequest, hub: Hub) -> FhirRequest:
    """Parse the condition of a conditional delete.

    Raises:
        MethodNotAllowedError: A type that no client may write.
    """
    require_writable(request.type)
    return request.on_condition(condition_of(request, hub))


def delete_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Record the deletion; a second delete, or one of what never was, is not an error.

    Raises:
        ForbiddenError: The resource belongs to another client.
        StaleVersionError: If-Match does not hold.
        MultipleMatchesError: The condition matches several resources.
    """
    current = _current(turn, request)
    require_own(current, request, hub)
    if request.header("if-match"):
        require_version(request, current)
    gone = turn.delete(current.type, current.id) if current else None
    return _deleted(gone, request)


def _current(turn: Turn, request: FhirRequest) -> Version | None:
    if request.condition:
        return matched(turn, request.condition, request.type)
    return turn.read(request.type, request.id)


def _deleted(gone: Version | None, request: FhirRequest) -> FhirResponse:
    headers = version_headers(gone) if gone else {}
    versions = (gone,) if gone else ()
    if preferences(request).returns == OPERATION_OUTCOME:
        told = f"{gone.reference} is deleted" if gone else "there was nothing to delete"
        return FhirResponse(200, operation_outcome([Issue("information", "informational", told)]), headers, versions)
    return FhirResponse(204, None, headers, versions)
