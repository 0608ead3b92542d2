"""What a request carries: a resource, a patch, a form, or the raw content of a Binary."""

from base64 import b64encode
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.body import read_json, read_parameters, read_resource
from careloom.rest.compression import unpacked
from careloom.rest.deadline import DeadlineError, within
from careloom.rest.errors import BodyTooSlowError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.interpreter import share_until_done
from careloom.rest.large_body import LARGE, read_in_pieces
from careloom.rest.messages import FhirRequest
from careloom.rest.negotiation import (
    FAMILIES,
    JSON_PATCH,
    MERGE_PATCH,
    require_form_media,
    require_media,
    sent_family,
    sent_media,
)
from careloom.rest.threads import in_thread

Read = Callable[[int], Coroutine[Any, Any, bytes]]
"""Reads the body as it was sent, up to a number of bytes."""

_LARGE: Final = 64 * 1024
"""Bodies of more bytes than this are read on a worker thread."""

_PLAIN: Final = "application/json"
_PATCHES: Final = frozenset({JSON_PATCH, MERGE_PATCH, *FAMILIES})
_PATCHES_TOLD: Final = f"{JSON_PATCH}, or Parameters in FHIR's JSON or XML"


async def received(interaction: Interaction, request: FhirRequest, read: Read, hub: Hub) -> FhirRequest:
    """The request with what it carries.

    Raises:
        UnsupportedMediaError: A media type or encoding that is not read.
        BodyTooLargeError: Over the ceiling, as sent or unpacked.
        BodyTooSlowError: It did not come in time.
        MalformedError: It cannot be read.
    """
    match interaction.body:
        case "form":
            form = await _data(request, read, min(hub.limits.form, hub.limits.body))
            if form:
                require_form_media(request)
            return replace(request, parameters=request.parameters + read_parameters(form, hub.limits))
        case "patch":
            return await _with_patch(request, read, hub)
        case "resource" if _is_raw(request):
            data = await _data(request, read, hub.limits.body)
            return replace(request, body=await in_thread(_binary, data, request), size=len(data))
        case "resource":
            sent_family(request)
            data = await _data(request, read, hub.limits.body)
            body = await _resource(request, data, hub)
            return replace(request, body=body, size=len(data), may_ask=_may_ask(data))
        case "optional":
            data = await _data(request, read, hub.limits.body)
            return await _for_operation(interaction, request, data, hub) if data else request
        case "raw":
            request = replace(request, data=await _data(request, read, hub.limits.body))
    return request


async def _for_operation(interaction: Interaction, request: FhirRequest, data: bytes, hub: Hub) -> FhirRequest:
    """The request with what an operation takes: its own form, or a resource."""
    reads = interaction.operation.reads if interaction.operation else None
    if reads is None:
        return replace(request, body=await _resource(request, data, hub))
    return await in_thread(reads, request, data, hub) if len(data) > _LARGE else reads(request, data, hub)


async def _data(request: FhirRequest, read: Read, limit: int) -> bytes:
    """The body, unpacked."""
    try:
        data = await within(read(limit), request.deadline)
    except DeadlineError as error:
        raise BodyTooSlowError("the body did not come in time") from error
    encoding = request.header("content-encoding")
    work = partial(unpacked, data, encoding, limit)
    return await in_thread(work) if encoding and len(data) > _LARGE else work()


async def _resource(request: FhirRequest, data: bytes, hub: Hub) -> Resource:
    if len(data) > LARGE:
        ROOM.claim_large()
        share_until_done()
        if sent_family(request) == "json":
            return await in_thread(read_in_pieces, data, hub.limits)
    work = partial(read_resource, data, hub.limits, family=sent_family(request), types=hub.types)
    return await in_thread(work) if len(data) > _LARGE else work()


async def _with_patch(request: FhirRequest, read: Read, hub: Hub) -> FhirRequest:
    """The request with a patch: operations of RFC 6902, or a Parameters resource with those of FHIRPath Patch."""
    media = require_media(request, _PATCHES, _PATCHES_TOLD)
    data = await _data(request, read, hub.limits.body)
    if media in (JSON_PATCH, MERGE_PATCH) or (media == _PLAIN and not _is_parameters(data)):
        return replace(request, patch=read_json(data, hub.limits))
    return replace(request, body=await _resource(request, data, hub))


def _is_parameters(data: bytes) -> bool:
    """Whether plain JSON is a resource, and not a patch by some other rule."""
    return b'"resourceType"' in data and b'"Parameters"' in data


def _may_ask(data: bytes) -> bool:
    """Whether a question mark may stand in a body, as it is or in the escapes of JSON or XML."""
    return any(written in data for written in (b"?", rb"\u003", b"&#"))


def _is_raw(request: FhirRequest) -> bool:
    """Whether a Binary comes as what it holds, and not as a resource."""
    return request.type == "Binary" and sent_media(request) not in FAMILIES and bool(sent_media(request))


def _binary(data: bytes, request: FhirRequest) -> Resource:
    """The resource that raw content makes.

    Source: FHIR R4, Binary, 2.42.2 rest of binary.
    """
    binary: dict[str, Any] = {"resourceType": "Binary", "contentType": request.header("content-type")}
    if request.id:
        binary["id"] = request.id
    if context := request.header("x-security-context"):
        binary["securityContext"] = {"reference": context}
    return binary | {"data": b64encode(data).decode()}
