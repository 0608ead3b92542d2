"""vread: one version of a resource, current or past."""

from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import known
from careloom.rest.representation import shown


async def vread(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Type/id/_history/version``.

    Source: FHIR R4, 3.1.0.2 vread.
    """
    version = await hub.repository.vread(request.type, request.id, request.version_id)
    return shown(known(version, request, hub), request, hub)
