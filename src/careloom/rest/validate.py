"""$validate: what would be said of a resource, without writing anything."""

from collections.abc import Sequence
from typing import Any

from careloom.model.errors import DeletedError, InvalidError, MalformedError, NotFoundError
from careloom.model.issues import Issue, operation_outcome
from careloom.model.resource import Resource, resource_type
from careloom.rest.admission import conformance_issues
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.ownership import known
from careloom.rest.threads import in_thread

_MODES = frozenset({"create", "update", "delete", "profile"})


async def validate(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST Type/$validate``, ``POST`` or ``GET Type/id/$validate``.

    The resource is the body, or the ``resource`` of Parameters in the body;
    without either, and with an id, it is the one in the record.
    ``profile`` names what to check against; without it the locality's choice for the type counts, as for a write.
    The answer is 200 with an OperationOutcome whether or not the resource is valid.

    Source: FHIR R4, Resource $validate.

    Raises:
        MalformedError: No resource, an unknown mode, or another type than the address says.
        NotFoundError: The resource asked about is not known.
        InvalidError: The profile is not known, or is broken.
    """
    sent = request.body
    parameters = _parameters(sent) if sent and resource_type(sent) == "Parameters" else {}
    mode = _text(parameters, request, "mode")
    if mode and mode not in _MODES:
        raise MalformedError(f"mode: one of {', '.join(sorted(_MODES))} expected, found {mode!r}")
    resource = parameters.get("resource") if parameters else sent
    if resource is None or mode == "delete":
        resource = await _recorded(request, hub)
    if mode == "delete":
        return FhirResponse(200, operation_outcome(()))
    issues = _identity_issues(resource, request, mode)
    issues += await in_thread(_issues, resource, _text(parameters, request, "profile"), hub)
    return FhirResponse(200, operation_outcome(issues))


def _parameters(body: Resource) -> dict[str, Any]:
    """Name to resource or value of a Parameters resource."""
    found: dict[str, Any] = {}
    entries = body.get("parameter", [])
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            values = (value for key, value in entry.items() if key == "resource" or key.startswith("value"))
            found[entry["name"]] = next(values, None)
    if not isinstance(found.get("resource", {}), dict):
        raise MalformedError("Parameters.parameter.resource: a resource expected")
    return found or {"resource": None}


def _text(parameters: dict[str, Any], request: FhirRequest, name: str) -> str:
    value = parameters.get(name) or next(iter(request.values(name)), "")
    if not isinstance(value, str):
        raise MalformedError(f"{name}: a text expected, found {value!r}")
    return value


async def _recorded(request: FhirRequest, hub: Hub) -> Resource:
    if not request.id:
        raise MalformedError("a resource to validate expected in the body, found none")
    version = known(await hub.repository.read(request.type, request.id), request, hub)
    if version is None:
        raise NotFoundError(f"{request.type}/{request.id} is not known")
    if version.resource is None:
        raise DeletedError(f"{request.type}/{request.id} was deleted")
    return version.resource


def _identity_issues(resource: Resource, request: FhirRequest, mode: str) -> list[Issue]:
    found = resource_type(resource)
    if found != request.type:
        raise MalformedError(f"resourceType: {request.type!r} expected by the address, found {found!r}")
    if mode == "update" and request.id and resource.get("id") != request.id:
        told = f"{request.type}.id: {request.id!r} expected by the address, found {resource.get('id')!r}"
        return [Issue("error", "invalid", told, f"{request.type}.id")]
    return []


def _issues(resource: Resource, profile: str, hub: Hub) -> Sequence[Issue]:
    if not profile:
        return conformance_issues(resource, hub)
    try:
        return hub.validator.validate(resource, profiles=(profile,))
    except NotFoundError as error:
        raise InvalidError(str(error), issues=error.issues) from error


VALIDATE = Operation(
    "validate",
    validate,
    title="What would be said of a resource, without writing anything",
    definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    levels={"type": "", "instance": "r"},
    takes=(
        Parameter(
            "resource", "Resource", about="what to judge; of an instance, the one in the record if it is left out"
        ),
        Parameter("mode", "code", about="create, update, delete or profile"),
        Parameter("profile", "uri", about="what to judge it by, in place of the locality's choice for its type"),
    ),
    gives=(
        Parameter("return", "OperationOutcome", least=1, about="every finding; an informational one if there is none"),
    ),
)
