"""The token endpoint and what leads to it: the adapter between HTTP and the rules of governance."""

from functools import partial

from careloom.governance import (
    TOKEN_REQUEST,
    AuditEntry,
    AuditSource,
    OAuthError,
    TokenAnswer,
    audit_event,
    issue_token,
    jwks,
    smart_configuration,
    token_query,
)
from careloom.rest.audit import HEADER
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.store import Turn

_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def token(request: FhirRequest, hub: Hub) -> Work:
    """``POST auth/token``: a signed client assertion in, a short access token out.

    The assertion's id is spent and the request is audited in the same commit.

    Source: SMART App Launch 2.2, Backend Services; RFC 6749 section 5.
    """
    return partial(_judge, request=request, hub=hub)


async def configuration(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET .well-known/smart-configuration``."""
    return FhirResponse(200, json=smart_configuration(hub.authority, hub.registry))


async def keys(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET .well-known/jwks.json``: the public keys that the hub's tokens are signed with."""
    return FhirResponse(200, json=jwks(hub.authority.public_keys))


def _judge(turn: Turn, *, request: FhirRequest, hub: Hub) -> FhirResponse:
    now = hub.clock()
    answer = issue_token(request.parameters, authority=hub.authority, registry=hub.registry, once=turn.once, now=now)
    id = hub.new_id()
    entry = _audit_entry(answer, request, hub)
    turn.audit(audit_event(entry, source=AuditSource(hub.base_url, hub.site), registry=hub.registry, id=id))
    headers = {**_NOT_KEPT, HEADER: f"AuditEvent/{id}"}
    return FhirResponse(_status(answer), headers=headers, json=answer.as_json())


def _audit_entry(answer: TokenAnswer | OAuthError, request: FhirRequest, hub: Hub) -> AuditEntry:
    refused = isinstance(answer, OAuthError)
    return AuditEntry(
        interaction=TOKEN_REQUEST,
        recorded=hub.clock(),
        request_id=request.request_id,
        outcome="8" if refused else "0",
        description=answer.description if isinstance(answer, OAuthError) else "",
        grant=answer.grant if isinstance(answer, TokenAnswer) else None,
        claimed_client=answer.client if isinstance(answer, OAuthError) else "",
        address=request.address,
        query=token_query(request.parameters),
    )


def _status(answer: TokenAnswer | OAuthError) -> int:
    """RFC 6749 section 5.2: 401 where the client is not proven, 400 for all else."""
    if isinstance(answer, TokenAnswer):
        return 200
    return 401 if answer.error == "invalid_client" else 400
