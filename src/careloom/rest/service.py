"""From what came over the network to a response: client, address, format, body, in this order.

A client is known before anything else is looked at, so nobody unknown learns much or makes the hub read much.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from careloom.model.resource import Resource
from careloom.rest.access import authenticate
from careloom.rest.body import read_parameters, read_resource
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import require_acceptable, require_form_media, require_resource_media
from careloom.rest.perform import answer_to, perform, perform_openly, recorded
from careloom.rest.threads import in_thread

REQUEST_ID = "X-Request-Id"

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LARGE = 64 * 1024
"""Bodies of more bytes than this are read on a worker thread."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as the network gave it.

    Attributes:
        method: Upper case.
        path: Below the base address, decoded.
        query: As it was sent, without question mark.
        headers: By lower-case name.
        address: Network address of the client; empty when unknown.
        read: Reads the body, up to a number of bytes; raises BodyTooLargeError beyond it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    address: str
    read: Callable[[int], Awaitable[bytes]]


async def serve(incoming: Incoming, hub: Hub) -> FhirResponse:
    """Answer a request; every error is an OperationOutcome, every answer names its request."""
    started = time.perf_counter()
    request = _introduced(incoming, hub)
    try:
        if not hub.routes.is_open(incoming.path):
            request = replace(request, grant=authenticate(request.header("authorization"), hub))
        route = hub.routes.find(incoming.method, incoming.path)
        request = replace(
            request, code=route.interaction.code, type=route.type, id=route.id, version_id=route.version_id
        )
        request = replace(request, parameters=read_parameters(incoming.query, hub.limits))
        require_acceptable(request)
        request = await _with_body(route.interaction, request, incoming, hub)
    except Exception as error:
        response = await recorded(request, answer_to(error, request), hub)
    else:
        answer = perform_openly if route.interaction.is_open else perform
        response = await answer(route.interaction, request, hub)
    _log(request, response, time.perf_counter() - started)
    return response.with_headers({REQUEST_ID: request.request_id})


def _introduced(incoming: Incoming, hub: Hub) -> FhirRequest:
    """The request before anything about it is known to be good."""
    sent = incoming.headers.get(REQUEST_ID.lower(), "")
    path = incoming.path.strip("/")
    return FhirRequest(
        code="",
        method=incoming.method,
        url=f"{path}?{incoming.query}" if incoming.query else path,
        headers=incoming.headers,
        request_id=sent if _SANE_ID.fullmatch(sent) else hub.new_id(),
        address=incoming.address,
    )


async def _with_body(interaction: Interaction, request: FhirRequest, incoming: Incoming, hub: Hub) -> FhirRequest:
    match interaction.body:
        case "resource":
            require_resource_media(request)
            return replace(request, body=await _resource(await incoming.read(hub.limits.body), hub))
        case "optional":
            data = await incoming.read(hub.limits.body)
            if not data:
                return request
            require_resource_media(request)
            return replace(request, body=await _resource(data, hub))
        case "form":
            require_form_media(request)
            form = read_parameters(await incoming.read(min(hub.limits.form, hub.limits.body)), hub.limits)
            return replace(request, parameters=request.parameters + form)
        case _:
            return request


async def _resource(data: bytes, hub: Hub) -> Resource:
    if len(data) > _LARGE:
        return await in_thread(read_resource, data, hub.limits)
    return read_resource(data, hub.limits)


def _log(request: FhirRequest, response: FhirResponse, seconds: float) -> None:
    """One line for each request; neither ids nor parameters, which may tell of patients."""
    log.info(
        "request",
        request_id=request.request_id,
        method=request.method,
        interaction=request.code,
        type=request.type,
        status=response.status,
        client=request.grant.client if request.grant else "",
        milliseconds=round(seconds * 1000, 1),
    )
