"""update: a new version of a resource, the first one if need be; on condition, of the one that matches.

An update that changes nothing makes no version: the answer is 200 with the version that is there.
"""

from functools import partial

from careloom.model.errors import ConflictError, MalformedError
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.rest.admission import admit
from careloom.rest.conditional import condition_of, matched, require_version
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import require_not_reused, require_own
from careloom.rest.representation import written
from careloom.rest.unchanged import is_unchanged
from careloom.store import Turn


async def update(request: FhirRequest, hub: Hub) -> Work:
    """``PUT Type/id``, or ``PUT Type?criteria`` for the one resource that matches.

    Source: FHIR R4, 3.1.0.3 update, update as create and conditional update.
    """
    prepared = await hub.at_hand.make(partial(prepare_update, request, hub), request, apart=hub.before_write)
    return partial(update_in_turn, request=prepared, hub=hub)


def prepare_update(request: FhirRequest, hub: Hub) -> FhirRequest:
    """Parse the condition, hold the resource to what its type must conform to, and make it ready for the store."""
    admitted = admit(request, hub, condition=condition_of(request, hub))
    if not admitted.id or admitted.body is None:
        return admitted
    return replace(admitted, prepared=hub.repository.prepare(admitted.body, id=admitted.id))


def update_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Record the new version: 200, or 201 where there was no living one.

    Raises:
        ForbiddenError: The resource belongs to another client.
        ConflictError: It did, and was deleted.
        StaleVersionError: If-Match or If-None-Match does not hold.
        MultipleMatchesError: The condition matches several resources.
    """
    assert request.body is not None
    identity = request.id or identify(turn, request, hub)
    current = turn.read(request.type, identity)
    require_own(current, request, hub)
    require_not_reused(current, hub)
    require_version(request, current, hub.policy)
    resource = {**request.body, "id": identity}
    if current and is_unchanged(resource, current):
        return written(current, request, hub.base_url, status=200)
    version = turn.update(request.prepared or resource)
    status = 201 if version.interaction == "create" else 200
    return written(version, request, hub.base_url, status=status)


def identify(turn: Turn, request: FhirRequest, hub: Hub) -> str:
    """The id that a conditional update is about: of the one match, else of the body, else a new one.

    Raises:
        MalformedError: The body has another id than the resource that matches.
        ConflictError: Nothing matches, and the id in the body is that of a resource the condition is not about.
        MultipleMatchesError: Several match.
    """
    assert request.condition is not None
    existing = matched(turn, request.condition, request.type)
    sent = _id(request.body)
    if existing is None:
        return _unused(turn, request.type, sent) if sent else hub.new_id()
    if sent and sent != existing.id:
        raise MalformedError(f"{request.type}.id: {existing.id!r} matches the condition, found {sent!r}")
    return existing.id


def _unused(turn: Turn, type: str, id: str) -> str:
    current = turn.read(type, id)
    if current and not current.is_deleted:
        raise ConflictError(f"{type}/{id} exists and does not match the condition")
    return id


def _id(resource: Resource | None) -> str:
    value = (resource or {}).get("id")
    return value if isinstance(value, str) else ""
