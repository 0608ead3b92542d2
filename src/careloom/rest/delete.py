"""delete: a resource is gone, its versions stay; on condition, what matches: one, or as many as a setting allows."""

from collections.abc import Iterable, Sequence
from functools import partial

from careloom.model.errors import MultipleMatchesError
from careloom.model.issues import Issue, operation_outcome
from careloom.rest.admission import require_writable
from careloom.rest.conditional import condition_of, require_version
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import require_known
from careloom.rest.preferences import OPERATION_OUTCOME, preferences
from careloom.rest.representation import version_headers
from careloom.store import Turn, Version


async def delete(request: FhirRequest, hub: Hub) -> Work:
    """``DELETE Type/id``, or ``DELETE Type?criteria``.

    Source: FHIR R4, 3.1.0.7 delete and conditional delete.
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
        NotFoundError: Of a type whose resources are their client's own, it is another's or never was.
        StaleVersionError: If-Match does not hold.
        MultipleMatchesError: The condition matches more resources than may be deleted at once.
    """
    if request.condition:
        return delete_all(turn, [each.id for each in all_matched(turn, request, hub)], request, hub)
    return delete_all(turn, [request.id], request, hub)


def all_matched(turn: Turn, request: FhirRequest, hub: Hub) -> list[Version]:
    """What the condition of a conditional delete picks in this turn.

    Raises:
        MultipleMatchesError: More than may be deleted at once.
    """
    assert request.condition is not None
    found = turn.search(request.condition)
    most = hub.policy.delete_many
    if len(found) > most:
        told = "one resource" if most == 1 else f"at most {most} resources"
        raise MultipleMatchesError(f"the condition on {request.type} must pick {told}, and matches more")
    return found


def delete_all(turn: Turn, ids: Iterable[str], request: FhirRequest, hub: Hub) -> FhirResponse:
    """Delete resources of the request's type, all or none.

    Raises:
        NotFoundError: Of a type whose resources are their client's own, one is another's or never was.
        StaleVersionError: If-Match does not hold for one.
    """
    gone = [version for id in ids if (version := _delete(turn, id, request, hub))]
    return _deleted(gone, request)


def _delete(turn: Turn, id: str, request: FhirRequest, hub: Hub) -> Version | None:
    current = turn.read(request.type, id)
    require_known(current, id, request, hub)
    if request.header("if-match") or hub.policy.version_required:
        require_version(request, current, hub.policy)
    return turn.delete(request.type, id) if current else None


def _deleted(gone: Sequence[Version], request: FhirRequest) -> FhirResponse:
    headers = version_headers(gone[0]) if len(gone) == 1 else {}
    if preferences(request).returns == OPERATION_OUTCOME:
        told = [f"{version.reference} is deleted" for version in gone] or ["there was nothing to delete"]
        issues = [Issue("information", "informational", each) for each in told]
        return FhirResponse(200, operation_outcome(issues), headers, tuple(gone))
    return FhirResponse(204, None, headers, tuple(gone))
