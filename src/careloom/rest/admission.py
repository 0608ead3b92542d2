"""What a resource must be before it is offered to the writer.

It is of the type the address names, it has the id the address names, hooks have agreed to it,
and it conforms: to base FHIR, to the profiles it claims, and to those the locality demands of its type.
All of this needs no record, and runs on a worker thread but for what is small.
"""

from collections.abc import Sequence

from careloom.model.errors import InvalidError, MalformedError
from careloom.model.issues import Issue, has_errors
from careloom.model.records import replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.errors import MethodNotAllowedError
from careloom.rest.hub import Hub, Resolve
from careloom.rest.messages import FhirRequest
from careloom.rest.subset import require_whole
from careloom.search import Query

READ_ONLY = frozenset({"AuditEvent"})
"""Types that the hub writes itself and no client ever does."""


def admit(request: FhirRequest, hub: Hub, *, condition: Query | None = None) -> FhirRequest:
    """The request with its resource ready to be written.

    Raises:
        MalformedError: Another type or id than the address says.
        MethodNotAllowedError: A type that no client may write.
        InvalidError: It does not conform; carries every issue.
    """
    resource = addressed(request)
    require_conformance(resource, hub)
    return replace(request, body=hooked(resource, request, hub), condition=condition)


def addressed(request: FhirRequest) -> Resource:
    """The body, which must be what the address says it is, and the whole of it.

    Raises:
        MalformedError: Another type or id, or no body.
        InvalidError: It is only a part of a resource, as `careloom.rest.subset` gives it out.
        MethodNotAllowedError: A type that no client may write.
    """
    require_writable(request.type)
    resource = request.body
    if resource is None:
        raise MalformedError(f"{request.method} {request.url}: a resource expected in the body, found nothing")
    found = resource_type(resource)
    if found != request.type:
        raise MalformedError(f"resourceType: {request.type!r} expected by the address, found {found!r}")
    require_whole(resource)
    if request.id and resource.get("id") != request.id:
        raise MalformedError(f"{request.type}.id: {request.id!r} expected by the address, found {resource.get('id')!r}")
    return resource


def hooked(resource: Resource, request: FhirRequest, hub: Hub) -> Resource:
    """A valid resource as the hook of its type leaves it."""
    hook = hub.before_write.get(request.type)
    return hook(resource, request.grant) if hook and request.grant else resource


def require_writable(type: str) -> None:
    """Refuse the types that only the hub writes.

    Raises:
        MethodNotAllowedError: No client may write this type.
    """
    if type in READ_ONLY:
        raise MethodNotAllowedError(f"{type} is written by the hub alone", allow=("GET", "HEAD"))


def require_conformance(resource: Resource, hub: Hub, *, resolve: Resolve | None = None) -> None:
    """Hold a resource to everything its type must conform to.

    Raises:
        InvalidError: It does not; carries every issue, warnings included.
    """
    issues = conformance_issues(resource, hub, resolve=resolve)
    if has_errors(issues):
        count = sum(issue.is_error for issue in issues)
        raise InvalidError(f"{resource_type(resource)}: {count} errors", issues=issues)


def conformance_issues(resource: Resource, hub: Hub, *, resolve: Resolve | None = None) -> Sequence[Issue]:
    """What is to be said of a resource by base FHIR, its own profiles and the locality's."""
    profiles = hub.conformance.get(resource_type(resource), ())
    return hub.validator.validate(resource, profiles=profiles, resolve=resolve)
