"""Who took part in an event: the client, its organisation, and the hub, which also saw it."""

from typing import Any, Final

from careloom.governance.audit.codes import PROVIDER, kind_of
from careloom.governance.audit.entry import NOTIFICATION, AuditEntry, AuditSource
from careloom.governance.identity import Registry
from careloom.governance.purposes import purpose_concept

ODS_CODE: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
AGREEMENT_URN: Final = "urn:careloom:agreement:"
TOKEN_ID_URN: Final = "urn:ietf:params:oauth:jti:"

_IP_ADDRESS, _URI = "2", "5"


def agents_of(entry: AuditEntry, source: AuditSource, registry: Registry) -> list[dict[str, Any]]:
    """AuditEvent.agent; exactly one of them asked."""
    return [_client(entry, source, registry), *_organisation(entry, registry), _hub(entry, source)]


def purposes_of(entry: AuditEntry) -> list[dict[str, Any]]:
    """The purpose of use that the token states, if it states one."""
    return [purpose_concept(entry.grant.purpose)] if entry.grant and entry.grant.purpose else []


def _client(entry: AuditEntry, source: AuditSource, registry: Registry) -> dict[str, Any]:
    agent: dict[str, Any] = {
        "type": _concept(kind_of(entry).client),
        "who": _client_reference(entry, source, registry),
        "requestor": entry.interaction != NOTIFICATION,
    }
    policies = _policies(entry)
    if policies:
        agent["policy"] = policies
    if entry.address:
        agent["network"] = {"address": entry.address, "type": _URI if "://" in entry.address else _IP_ADDRESS}
    return agent


def _client_reference(entry: AuditEntry, source: AuditSource, registry: Registry) -> dict[str, Any]:
    id = entry.grant.client if entry.grant else entry.claimed_client
    if not id:
        return {"display": "unknown"}
    client = registry.client(id) if entry.grant else None
    name = (client.name if client else "") if entry.grant else f"{id} (claimed, not proven)"
    reference = {"type": "Device", "identifier": {"system": f"{source.base_url}/clients", "value": id}}
    return reference | {"display": name} if name else reference


def _policies(entry: AuditEntry) -> list[str]:
    token = [TOKEN_ID_URN + entry.grant.token_id] if entry.grant and entry.grant.token_id else []
    decision = entry.decision
    agreement = [AGREEMENT_URN + decision.agreement] if decision and decision.permit and decision.agreement else []
    return token + agreement


def _organisation(entry: AuditEntry, registry: Registry) -> list[dict[str, Any]]:
    organisation = registry.organisation(entry.grant.organisation) if entry.grant else None
    if organisation is None:
        return []
    code = {"system": ODS_CODE, "value": organisation.ods_code} if organisation.ods_code else {"value": organisation.id}
    agent: dict[str, Any] = {
        "type": _concept(PROVIDER),
        "who": {"type": "Organization", "identifier": code, "display": organisation.name},
        "requestor": False,
    }
    purposes = purposes_of(entry)
    return [agent | {"purposeOfUse": purposes} if purposes else agent]


def _hub(entry: AuditEntry, source: AuditSource) -> dict[str, Any]:
    return {
        "type": _concept(kind_of(entry).hub),
        "who": _hub_reference(source),
        "requestor": entry.interaction == NOTIFICATION,
        "network": {"address": source.base_url, "type": _URI},
    }


def source_of(source: AuditSource) -> dict[str, Any]:
    """AuditEvent.source: the hub, at its site."""
    kind = {
        "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
        "code": "4",
        "display": "Application Server",
    }
    site = {"site": source.site} if source.site else {}
    return {**site, "observer": _hub_reference(source), "type": [kind]}


def _hub_reference(source: AuditSource) -> dict[str, Any]:
    return {"type": "Device", "identifier": {"system": "urn:ietf:rfc:3986", "value": source.base_url}}


def _concept(coding: dict[str, str]) -> dict[str, Any]:
    return {"coding": [coding]}
