"""create: a new resource, under an id the hub gives; on condition, only where there is none like it."""

from functools import partial

from careloom.model.records import replace
from careloom.rest.admission import admit
from careloom.rest.conditional import condition_of, matched
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.representation import written
from careloom.store import Turn


async def create(request: FhirRequest, hub: Hub) -> Work:
    """``POST Type``, with ``If-None-Exist`` on condition.

    Source: FHIR R4, 3.1.0.8 create and conditional create.
    """
    prepared = await hub.at_hand.make(partial(prepare_create, request, hub), request, apart=hub.before_write)
    return partial(create_in_turn, request=prepared, hub=hub)


def prepare_create(request: FhirRequest, hub: Hub) -> FhirRequest:
    """Parse the condition, hold the resource to what its type must conform to, and make it ready for the store."""
    admitted = admit(request, hub, condition=condition_of(request, hub))
    assert admitted.body is not None
    return replace(admitted, prepared=hub.repository.prepare(admitted.body, id=hub.new_id()))


def create_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """Create; or tell, with 200, which resource already meets the condition.

    Raises:
        MultipleMatchesError: Several do.
    """
    assert request.body is not None
    existing = matched(turn, request.condition, request.type) if request.condition else None
    if existing:
        return written(existing, request, hub.base_url, status=200)
    version = turn.create(request.prepared) if request.prepared else turn.create(request.body, id=request.id or None)
    return written(version, request, hub.base_url, status=201)
