"""read: the current version of a resource."""

from careloom.rest.as_stored import may_tell_text, shown_as_stored
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import known
from careloom.rest.representation import shown
from careloom.store import Turn


async def read(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type/id``; 304 where ``If-None-Match`` names the current version.

    Source: FHIR R4, 3.1.0.1 read.
    """
    if may_tell_text(request, hub):
        return shown_as_stored(await hub.repository.read_text(request.type, request.id), request)
    return shown(known(await hub.repository.read(request.type, request.id), request, hub), request, hub)


def read_in_turn(turn: Turn, request: FhirRequest, hub: Hub) -> FhirResponse:
    """The same within a transaction: sees what its writes have made."""
    return shown(known(turn.read(request.type, request.id), request, hub), request, hub)
