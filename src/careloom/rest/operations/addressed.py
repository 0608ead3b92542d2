"""The resource in the address of an operation."""

from careloom.model.errors import DeletedError, NotFoundError
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.ownership import known
from careloom.rest.representation import asked
from careloom.store import Version


async def addressed_version(request: FhirRequest, hub: Hub) -> Version:
    """The version that the address names: the current one, or where it names a version that one.

    Raises:
        NotFoundError: There never was such a resource or version, or it is another client's own.
        DeletedError: It was deleted.
    """
    if request.version_id:
        version = await hub.repository.vread(request.type, request.id, request.version_id)
    else:
        version = await hub.repository.read(request.type, request.id)
    return living(known(version, request, hub), asked(request))


def living(version: Version | None, asked: str) -> Version:
    """The version, if there is one and it has a resource.

    Args:
        version: As read.
        asked: ``Type/id``, for the message.

    Raises:
        NotFoundError: There is none.
        DeletedError: It is a deletion.
    """
    if version is None:
        raise NotFoundError(f"{asked} is not known")
    if version.resource is None:
        raise DeletedError(f"{asked} was deleted")
    return version


def resource_of(version: Version) -> Resource:
    """The resource of a version that is no deletion."""
    assert version.resource is not None
    return version.resource
