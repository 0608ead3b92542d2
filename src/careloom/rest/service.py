"""From what came over the network to an answer: client, address, format, body, in this order.

A client is known before anything else is looked at, so nobody unknown learns much or makes the hub read much.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

import structlog

from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.records import dataclass, replace
from careloom.model.room import ROOM
from careloom.rest.access import authenticate
from careloom.rest.body import read_parameters
from careloom.rest.cors import options, origin_headers
from careloom.rest.deferred import defer, is_deferred
from careloom.rest.errors import NotAcceptableError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import Format, acceptable_or_json, chosen_format, takes_raw
from careloom.rest.outcomes import refusal
from careloom.rest.perform import answer_to, perform, perform_openly, recorded
from careloom.rest.receiving import Read, received
from careloom.rest.routes import Route
from careloom.rest.writing import write

REQUEST_ID: Final = "X-Request-Id"

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_GONE = FhirResponse(499)
"""What is noted where the client has left before its answer was there; nobody gets it."""

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
    read: Read


class _Exchange:
    """What is known of a request so far: as much of it as was understood before it failed is told and audited.

    Args:
        known: Fields of the request; what is found out is added until the request is first asked for.
    """

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known
        self.interaction: Interaction | None = None
        self._request: FhirRequest | None = None

    @property
    def request(self) -> FhirRequest:
        """The request as far as it is known."""
        if self._request is None:
            self._request = FhirRequest(**self.known)
        return self._request

    @request.setter
    def request(self, request: FhirRequest) -> None:
        self._request = request


async def serve(incoming: Incoming, hub: Hub) -> FhirResponse:
    """Answer a request that counts until then; see `answered`."""
    claim = ROOM.enter()
    try:
        return await answered(incoming, hub)
    finally:
        ROOM.leave(claim)


async def answered(incoming: Incoming, hub: Hub) -> FhirResponse:
    """Answer a request; every error is an OperationOutcome, and every answer names its request and is in bytes."""
    started = time.monotonic()
    exchange = _Exchange(_introduced(incoming, hub, started + hub.limits.seconds))
    response = _GONE
    hub.metrics.begin()
    try:
        response = await _written(await _answer(exchange, incoming, hub), exchange.request, hub)
    finally:
        _note(exchange, response, time.monotonic() - started, hub)
    told = {**origin_headers(exchange.request, hub.policy), REQUEST_ID: exchange.request.request_id}
    varies = [headers["Vary"] for headers in (response.headers, told) if "Vary" in headers]
    return response.with_headers({**told, "Vary": ", ".join(varies)} if varies else told)


def _introduced(incoming: Incoming, hub: Hub, deadline: float) -> dict[str, Any]:
    """The fields of the request before anything about it is known to be good."""
    sent = incoming.headers.get("x-request-id")
    path = incoming.path.strip("/")
    return {
        "code": "",
        "method": incoming.method,
        "url": f"{path}?{incoming.query}" if incoming.query else path,
        "headers": incoming.headers,
        "request_id": sent if sent and _SANE_ID.fullmatch(sent) else hub.new_id(),
        "address": incoming.address,
        "deadline": deadline,
        "is_alone": True,
    }


async def _answer(exchange: _Exchange, incoming: Incoming, hub: Hub) -> FhirResponse:
    if incoming.method == "OPTIONS":
        return options(exchange.request, hub.routes.methods(incoming.path), hub.policy)
    if hub.metrics.in_progress > hub.limits.waiting:
        return refusal(UnavailableError(f"{hub.limits.waiting} requests are in progress; come again in a moment"))
    try:
        interaction = await _understand(exchange, incoming, hub)
        if is_deferred(interaction, exchange.request, hub):
            return await defer(interaction, exchange.request, hub)
    except Exception as error:
        return await recorded(exchange.request, answer_to(error, exchange.request), hub)
    work = perform_openly if interaction.is_open else perform
    return await work(interaction, exchange.request, hub)


async def _understand(exchange: _Exchange, incoming: Incoming, hub: Hub) -> Interaction:
    """Find out who asks, for what, how it is to be told, and what was sent."""
    route = _read_head(exchange, incoming, hub)
    request = exchange.request
    if takes_raw(request):
        request = replace(request, takes_raw=True)
    else:
        chosen_format(request)
    request = exchange.request = await received(route.interaction, request, incoming.read, hub)
    if route.interaction.body == "form":
        chosen_format(request)  # a form may say it, too
    return route.interaction


def _read_head(exchange: _Exchange, incoming: Incoming, hub: Hub) -> Route:
    """Find out who asks for what; as much as is found is kept, whatever is wrong with the rest."""
    known = exchange.known
    if not hub.routes.is_open(incoming.path):
        known["grant"] = authenticate(incoming.headers.get("authorization", ""), hub)
    route = hub.routes.find(incoming.method, incoming.path)
    exchange.interaction = route.interaction
    known |= route.told
    if incoming.query:
        known["parameters"] = read_parameters(incoming.query, hub.limits)
    return route


async def _written(response: FhirResponse, request: FhirRequest, hub: Hub) -> FhirResponse:
    format = acceptable_or_json(request)
    try:
        return await write(response, format, request, hub.types)
    except InvalidError as error:  # such as a character that JSON can carry and XML cannot
        told = NotAcceptableError(f"this cannot be told in {format.family}, ask for json: {error}")
        return await write(refusal(told), Format(), request, hub.types)


def _note(exchange: _Exchange, response: FhirResponse, seconds: float, hub: Hub) -> None:
    """Count the request, and log one line: neither ids nor parameters, which may tell of patients."""
    request, interaction = exchange.request, exchange.interaction
    hub.metrics.end(request.code, request.type, response.status, seconds)
    log.info(
        "request",
        request_id=request.request_id,
        method=request.method,
        interaction=request.code,
        route=interaction.path if interaction else "",
        type=request.type,
        status=response.status,
        client=request.grant.client if request.grant else "",
        milliseconds=round(seconds * 1000, 1),
    )
