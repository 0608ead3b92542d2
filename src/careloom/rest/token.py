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
from careloom.model.resource import Resource
from careloom.rest.audit import HEADER
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.strangers import folded
from careloom.store import Turn

_Answer = TokenAnswer | OAuthError

_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def token(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST auth/token``: a signed client assertion in, a short access token out.

    The assertion's id is spent and the request is audited in the same commit; who is not proven spends nothing, and
    such requests may be recorded together (`careloom.rest.strangers`).

    Source: SMART App Launch 2.2, Backend Services; RFC 6749 section 5.
    """
    answer, told = await hub.repository.commit(partial(_judge, request=request, hub=hub))
    if told is None:
        told = folded(request.address, _status(answer), hub) or await _recorded(answer, request, hub)
    return FhirResponse(_status(answer), headers={**_NOT_KEPT, **told}, json=answer.as_json())


async def configuration(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET .well-known/smart-configuration``."""
    return FhirResponse(200, json=smart_configuration(hub.authority, hub.registry))


async def keys(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET .well-known/jwks.json``: the public keys that the hub's tokens are signed with."""
    return FhirResponse(200, json=jwks(hub.authority.public_keys))


def _judge(turn: Turn, *, request: FhirRequest, hub: Hub) -> tuple[_Answer, dict[str, str] | None]:
    """The answer, and the header that names its audit record; None where the client is not proven: that is to come."""
    now = hub.clock()
    answer = issue_token(request.parameters, authority=hub.authority, registry=hub.registry, once=turn.once, now=now)
    if isinstance(answer, OAuthError) and not answer.is_proven:
        return answer, None
    event = _audit_record(answer, request, hub)
    turn.audit(event)
    return answer, _named(event)


async def _recorded(answer: _Answer, request: FhirRequest, hub: Hub) -> dict[str, str]:
    """Have a refusal audited by itself, and name the record."""
    event = _audit_record(answer, request, hub)
    await hub.ledger.record([hub.repository.prepare(event, id=event["id"])])
    return _named(event)


def _named(event: Resource) -> dict[str, str]:
    return {HEADER: f"AuditEvent/{event['id']}"}


def _audit_record(answer: _Answer, request: FhirRequest, hub: Hub) -> Resource:
    source = AuditSource(hub.base_url, hub.site)
    return audit_event(_audit_entry(answer, request, hub), source=source, registry=hub.registry, id=hub.new_id())


def _audit_entry(answer: _Answer, request: FhirRequest, hub: Hub) -> AuditEntry:
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


def _status(answer: _Answer) -> int:
    """RFC 6749 section 5.2: 401 where the client is not proven, 400 for all else."""
    if isinstance(answer, TokenAnswer):
        return 200
    return 401 if answer.error == "invalid_client" else 400
