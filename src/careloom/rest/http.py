"""The hub on the web toolkit: the only module that knows Starlette.

It turns an ASGI request into an `Incoming` and a `FhirResponse` into bytes, and decides nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from careloom.model.errors import MalformedError
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirResponse
from careloom.rest.outcomes import BodyTooLargeError
from careloom.rest.probes import PROBES, nowhere
from careloom.rest.service import Incoming, serve


def fhir_application(hub: Callable[[], Hub], path: str) -> ASGIApp:
    """The ASGI application of a FHIR base.

    Args:
        hub: Gives the hub of the moment; asked once for each request, which is then served by it to its end.
        path: Path of the base, ``/fhir``, without a slash at the end.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await _answer(request, hub(), path)
        with suppress(ClientDisconnect):
            await _response(response)(scope, receive, send)

    return application


async def _answer(request: Request, hub: Hub, path: str) -> FhirResponse:
    asked = request.scope["path"]
    if asked in PROBES and request.method in ("GET", "HEAD"):
        return await PROBES[asked](request.client.host if request.client else "", hub)
    if asked != path and not asked.startswith(path + "/"):
        return nowhere(asked, path)
    incoming = Incoming(
        method=request.method,
        path=asked[len(path) :],
        query=request.scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]},
        address=request.client.host if request.client else "",
        read=partial(_body, request),
    )
    return await serve(incoming, hub)


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


def _response(response: FhirResponse) -> Response:
    if response.file is not None:
        return FileResponse(response.file, response.status, dict(response.headers))
    return Response(response.data, response.status, dict(response.headers))
