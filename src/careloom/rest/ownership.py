"""Resources that are their client's own: nobody else reads, finds, changes or deletes them.

A Subscription says where a client listens and with which headers. Who may read or write the type may not, for that,
learn another client's headers or send its notifications elsewhere. The hook that admits such a resource stamps it with
a tag that names its client and that no client can write (`Hub.owned` has the tag's system). Searches and conditions
are narrowed by that tag (`careloom.rest.visibility`), so that totals and pages tell nothing either; what is another's
is not known to a reader.
"""

from careloom.model.errors import ConflictError, ForbiddenError, NotFoundError
from careloom.model.resource import Resource
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.store import Version


def known(version: Version | None, request: FhirRequest, hub: Hub) -> Version | None:
    """The version; None where it is another client's, which is answered as if it had never been."""
    return version if version and not is_anothers(version, request, hub) else None


def is_anothers(version: Version, request: FhirRequest, hub: Hub) -> bool:
    """Whether a version belongs to another client; a deletion tells nothing and belongs to nobody."""
    system = hub.owned.get(version.type)
    if system is None or version.resource is None:
        return False
    return _owner(version.resource, system) != _client(request)


def require_known(current: Version | None, id: str, request: FhirRequest, hub: Hub) -> None:
    """Hold a change of an owned type to what a reader would be shown: neither another's, nor what never was.

    Both are answered alike, so that the answer tells nobody which of the two it is.

    Raises:
        NotFoundError: There is no such resource of the client's own.
    """
    if request.type in hub.owned and known(current, request, hub) is None:
        raise NotFoundError(f"{request.type}/{id} is not known")


def require_own(current: Version | None, request: FhirRequest, hub: Hub) -> None:
    """Hold what a client writes under an id of an owned type to what is its own; it would be made if it never was.

    Raises:
        ForbiddenError: It is another client's.
    """
    if current and is_anothers(current, request, hub):
        raise ForbiddenError(f"{current.reference} belongs to another client")


def require_not_reused(current: Version | None, hub: Hub) -> None:
    """Refuse to bring a deleted resource of an owned type to life: what is kept for its id was its last owner's.

    Raises:
        ConflictError: There was such a resource.
    """
    if current and current.is_deleted and current.type in hub.owned:
        raise ConflictError(f"{current.reference} was deleted, and its id is not given out again; create a new one")


def _owner(resource: Resource, system: str) -> str:
    tags = resource.get("meta", {}).get("tag", [])
    return next((tag.get("code", "") for tag in tags if tag.get("system") == system), "")


def _client(request: FhirRequest) -> str:
    assert request.grant is not None
    return request.grant.client
