"""From an answer to the bytes that go out: JSON or XML, packed or not."""

from base64 import b64decode

from careloom.definitions import TypeModel
from careloom.model.json import serialize_json
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.model.xml import serialize_xml
from careloom.rest.compression import SMALLEST, packed, packing
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import Format
from careloom.rest.threads import in_thread

_MANY_ENTRIES = 100
"""Bundles with more entries than this are written on a worker thread."""

_MUCH = 64 * 1024
"""Bodies of more bytes than this are packed on a worker thread."""

_HARMLESS = {
    "Content-Security-Policy": "sandbox",
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
}
"""A Binary may hold a page with scripts; these keep a browser from running it as if it were the hub's own."""


async def write(response: FhirResponse, format: Format, request: FhirRequest, types: TypeModel) -> FhirResponse:
    """The answer with its body as bytes.

    Args:
        response: As the interaction gave it.
        format: What the client wants a resource written in.
        request: What it answers, for the encodings it accepts.
        types: What XML is written by.
    """
    if response.data is None:
        response = await _serialized(response, format, types)
    data = response.data
    if not data or "no-store" in response.headers.get("Cache-Control", ""):
        return response  # a secret is not packed: beside what a caller chose, its packed length would tell of it
    response = response.with_headers({"Vary": "Accept, Accept-Encoding, Authorization"})
    encoding = packing(request.header("accept-encoding")) if len(data) >= SMALLEST else ""
    if not encoding:
        return response
    smaller = await in_thread(packed, data, encoding) if len(data) > _MUCH else packed(data, encoding)
    return replace(response.with_headers({"Content-Encoding": encoding}), data=smaller)


def raw(resource: Resource) -> FhirResponse:
    """A Binary as what it holds, in its own media type, as a client gets that does not ask for FHIR.

    Source: FHIR R4, Binary, 2.42.2 rest of binary.
    """
    headers = {"Content-Type": str(resource.get("contentType") or "application/octet-stream"), **_HARMLESS}
    context = resource.get("securityContext", {}).get("reference")
    if isinstance(context, str) and context.isascii() and context.isprintable():
        headers["X-Security-Context"] = context
    return FhirResponse(200, headers=headers, data=b64decode(resource.get("data", "")))


async def _serialized(response: FhirResponse, format: Format, types: TypeModel) -> FhirResponse:
    if response.json is not None:
        headers = {"Content-Type": "application/json", **response.headers}
        return replace(response, headers=headers, data=serialize_json(response.json, pretty=format.pretty))
    if response.resource is None:
        return response
    resource = response.resource
    many = len(resource.get("entry", ())) > _MANY_ENTRIES
    data = await in_thread(_text, resource, format, types) if many else _text(resource, format, types)
    return replace(response.with_headers({"Content-Type": format.content_type}), data=data)


def _text(resource: Resource, format: Format, types: TypeModel) -> bytes:
    if format.family == "json":
        return serialize_json(resource, pretty=format.pretty)
    return serialize_xml(resource, types, pretty=format.pretty)
