"""The hub on the web toolkit: the only module that knows Starlette.

It turns an ASGI request into an `Incoming` and a `FhirResponse` into bytes, and decides nothing.
"""

from collections.abc import Callable
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.json import serialize_json
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirResponse
from careloom.rest.negotiation import FHIR_JSON
from careloom.rest.outcomes import BodyTooLargeError, refusal
from careloom.rest.service import Incoming, serve
from careloom.rest.threads import in_thread

_MANY_ENTRIES = 100
"""Bundles with more entries than this are written on a worker thread."""


def fhir_application(hub: Callable[[], Hub], path: str) -> ASGIApp:
    """The ASGI application of a FHIR base.

    Args:
        hub: Gives the hub of the moment; asked once for each request, which is then served by it to its end.
        path: Path of the base, ``/fhir``, without a slash at the end.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(request, hub(), path)
        await response(scope, receive, send)

    return application


async def _answer(request: Request, hub: Hub, path: str) -> Response:
    asked = request.scope["path"]
    if asked != path and not asked.startswith(path + "/"):
        return await _response(refusal(NotFoundError(f"nothing is offered at {asked!r}; FHIR is at {path}")), request)
    incoming = Incoming(
        method=request.method,
        path=asked[len(path) :],
        query=request.scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]},
        address=request.client.host if request.client else "",
        read=partial(_body, request),
    )
    return await _response(await serve(incoming, hub), request)


async def _body(request: Request, limit: int) -> bytes:
    """The request body, given up as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLargeError(f"the body has {declared} bytes, at most {limit} are read")
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise BodyTooLargeError(f"the body has more than {limit} bytes, no more are read")
    except ClientDisconnect as error:
        raise MalformedError("the client left before its body had ended") from error
    return bytes(data)


async def _response(response: FhirResponse, request: Request) -> Response:
    pretty = request.query_params.get("_pretty") == "true"
    headers = dict(response.headers)
    if response.json is not None:
        return Response(serialize_json(response.json, pretty=pretty), response.status, headers, "application/json")
    if response.resource is None:
        return Response(None, response.status, headers)
    body = await _written(response, pretty)
    return Response(body, response.status, headers, f"{FHIR_JSON}; charset=utf-8")


async def _written(response: FhirResponse, pretty: bool) -> bytes:
    if response.resource and len(response.resource.get("entry", ())) > _MANY_ENTRIES:
        return await in_thread(serialize_json, response.resource, pretty=pretty)
    return serialize_json(response.resource, pretty=pretty)
