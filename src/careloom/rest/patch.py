"""patch: a part of a resource is changed; the whole of it is held to the same rules as an update.

A patch is applied and its result validated before the writer's turn, on the version of that moment. In the turn it is
taken as it is if that version is still the current one; if another write came between, which is rare, it is applied
and validated once more in the turn, on what is there now. So no patch is lost, and validation seldom costs the writer
any time.

A patch that changes nothing makes no version: the answer is 200 with the version that is there.

A patch is for those alone who may also see what it changes: whether it can be applied, and what is wrong with what it
makes, tells what is there. Who may only write sends an update.

Source: FHIR R4, 3.1.0.6 patch.
"""

from functools import partial

from careloom.model.errors import DeletedError, InvalidError, MalformedError, NotFoundError
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.rest.access import require_sight
from careloom.rest.admission import hooked, require_conformance, require_writable
from careloom.rest.conditional import condition_of, matched, require_version
from careloom.rest.errors import UnsupportedMediaError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import Draft, FhirRequest, FhirResponse
from careloom.rest.negotiation import JSON_PATCH, sent_media
from careloom.rest.ownership import known
from careloom.rest.patching import apply_fhirpath_patch, apply_json_patch, apply_merge_patch
from careloom.rest.representation import written
from careloom.rest.threads import in_thread
from careloom.rest.unchanged import is_unchanged
from careloom.store import Turn, Version


async def patch(request: FhirRequest, hub: Hub) -> Work:
    """``PATCH Type/id``, or ``PATCH Type?criteria`` for the one resource that matches.

    Raises:
        MalformedError: This is no patch.
        InvalidError: It cannot be applied, or what it makes does not conform.
    """
    prepared = prepare_patch(request, hub)
    if prepared.id:
        current = await hub.repository.read(prepared.type, prepared.id)
        prepared = await in_thread(drafted, prepared, known(current, prepared, hub), hub)
    return partial(patch_in_turn, request=prepared, hub=hub)


def prepare_patch(request: FhirRequest, hub: Hub) -> FhirRequest:
    """Parse the condition of a conditional patch, and see that there is a patch.

    Raises:
        MethodNotAllowedError: A type that no client may write.
        ForbiddenError: The client may not see what it would change.
        MalformedError: There is no patch, or one that is said to be a JSON Patch and is none.
        UnsupportedMediaError: A merge patch, where that is not met.
    """
    require_writable(request.type)
    require_sight(request.type, request, hub)
    if request.patch is None and request.body is None:
        raise MalformedError(f"{request.method} {request.type}: a patch expected in the body, found nothing")
    if isinstance(request.patch, dict) and sent_media(request) in ("", JSON_PATCH):  # "": an entry, of a Binary
        raise MalformedError("a JSON Patch is an array of operations, found an object")
    if isinstance(request.patch, dict) and not hub.policy.allows("merge-patch"):
        raise UnsupportedMediaError(f"PATCH: {JSON_PATCH} or a FHIRPath Patch expected, found a merge patch")
    return request.on_condition(condition_of(request, hub))


def drafted(request: FhirRequest, current: Version | None, hub: Hub) -> FhirRequest:
    """The request with the resource that its patch makes of a version, valid as it stands.

    What is not there or cannot be patched is left for the turn to tell: it may be there by then.
    """
    if current is None or current.resource is None:
        return request
    made = _result(current.resource, request, hub)
    return replace(request, draft=Draft(current.version_id, hub.repository.prepare(made, id=request.id)))


def patch_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Record what the patch makes.

    Raises:
        NotFoundError: There is no such resource, none that matches, or it is another client's own.
        DeletedError: It was deleted.
        StaleVersionError: If-Match does not hold.
        MultipleMatchesError: The condition matches several resources.
        InvalidError: The patch cannot be applied, or what it makes does not conform.
    """
    current = _current(turn, request, hub)
    require_version(request, current, hub.policy)
    assert current.resource is not None
    draft = request.draft
    if draft and draft.base == current.version_id:
        made, ready = draft.prepared.resource, draft.prepared
    else:
        made, ready = _result(current.resource, request, hub), None
    version = current if is_unchanged(made, current) else turn.update(ready or made)
    return written(version, request, hub.base_url, status=200)


def _current(turn: Turn, request: FhirRequest, hub: Hub) -> Version:
    if request.condition:
        found = matched(turn, request.condition, request.type)
    else:
        found = known(turn.read(request.type, request.id), request, hub)
    if found is None:
        told = f"{request.type}/{request.id} is not known" if request.id else f"no {request.type} matches the condition"
        raise NotFoundError(told)
    if found.is_deleted:
        raise DeletedError(f"{found.reference} was deleted")
    return found


def _result(resource: Resource, request: FhirRequest, hub: Hub) -> Resource:
    """What the patch makes of a resource: still that resource, and valid."""
    made = _applied(resource, request, hub)
    for key in ("resourceType", "id"):
        if not isinstance(made, dict) or made.get(key) != resource[key]:
            raise InvalidError(f"a patch may not change {key} of {resource['resourceType']}/{resource['id']}")
    require_conformance(made, hub)
    return hooked(made, request, hub)


def _applied(resource: Resource, request: FhirRequest, hub: Hub) -> Resource:
    if request.patch is None:
        assert request.body is not None
        return apply_fhirpath_patch(resource, request.body, hub.types)
    if isinstance(request.patch, list):
        patched: Resource = apply_json_patch(resource, request.patch)
        return patched
    if isinstance(request.patch, dict):
        merged: Resource = apply_merge_patch(resource, request.patch)
        return merged
    raise MalformedError("a JSON Patch is an array of operations, found something else")
