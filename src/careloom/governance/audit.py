"""AuditEvents: one for each request, and one for each patient whose data a search showed.

The shape follows IHE Basic Audit Log Patterns (BALP) 1.1: who asked (client with its network address, and its
organisation), for what purpose, what was touched (patient, resources, the search as it was typed), and how it ended.
Added to that pattern: the decision's reason in ``outcomeDesc``, and in the client's ``policy`` the id of the token and
of the agreement that permitted, both searchable with ``AuditEvent?policy=``. A token itself is never written.

Outcomes: 0 done; 4 the request was refused for what it said (malformed, invalid, not found, in conflict); 8 access was
denied; 12 the hub failed.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from careloom.governance.decisions import Decision
from careloom.governance.identity import Registry
from careloom.governance.interactions import INTERACTIONS
from careloom.governance.purposes import purpose_concept
from careloom.governance.tokens import Grant
from careloom.model.instants import instant
from careloom.model.references import parse_reference
from careloom.model.resource import Resource

Outcome: TypeAlias = Literal["0", "4", "8", "12"]

TOKEN_REQUEST: Final = "token"
"""Asking for an access token: not an interaction of the FHIR REST API, but audited like one."""

NOTIFICATION: Final = "notification"
"""Telling a subscriber: the hub asks nothing, it discloses."""

DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
ODS_CODE: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
AGREEMENT_URN: Final = "urn:careloom:agreement:"
TOKEN_ID_URN: Final = "urn:ietf:params:oauth:jti:"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened, as the room that served the request tells it.

    Attributes:
        interaction: Code of restful-interaction, `TOKEN_REQUEST` or `NOTIFICATION`.
        recorded: When it happened, timezone-aware.
        request_id: The X-Request-Id.
        outcome: See the head of this module.
        description: A sentence saying how it ended; the decision's reason when empty.
        grant: What the token proved; None where nothing was proven.
        claimed_client: Id that was claimed where none was proven.
        address: Network address of the client; empty when unknown.
        decision: The decision, where one was made.
        type: Resource type, where the request names one.
        resources: What was read or written, ``Type/id`` or ``Type/id/_history/version``.
        patients: ``Patient/id`` of those whose data was touched.
        query: The search or operation as it was typed, ``Patient?name=x``; for a token request the form
            without its secrets (`token_query`).
        operation: Name of the operation without ``$``.
    """

    interaction: str
    recorded: datetime
    request_id: str = ""
    outcome: Outcome = "0"
    description: str = ""
    grant: Grant | None = None
    claimed_client: str = ""
    address: str = ""
    decision: Decision | None = None
    type: str = ""
    resources: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    query: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class AuditSource:
    """The hub as audit records name it: its FHIR base, and the locality it serves."""

    base_url: str
    site: str = ""


def audit_events(
    entry: AuditEntry, *, source: AuditSource, registry: Registry, new_id: Callable[[], str]
) -> list[Resource]:
    """The AuditEvents of a request, at least one; of several patients in a search each has its own, as BALP asks."""
    searched = INTERACTIONS.get(entry.interaction)
    if searched is None or searched.right != "s" or len(entry.patients) < 2:
        return [audit_event(entry, source=source, registry=registry, id=new_id())]
    return [
        audit_event(replace(entry, patients=(patient,)), source=source, registry=registry, id=new_id())
        for patient in entry.patients
    ]


def audit_event(entry: AuditEntry, *, source: AuditSource, registry: Registry, id: str) -> Resource:
    """One AuditEvent with everything the entry tells."""
    entry = _cleaned(entry)
    purposes = [purpose_concept(entry.grant.purpose)] if entry.grant and entry.grant.purpose else []
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": id,
        "type": _kind(entry).type,
        "subtype": _subtypes(entry),
        "action": _kind(entry).action,
        "recorded": instant(entry.recorded),
        "outcome": entry.outcome,
        "outcomeDesc": entry.description,
        "purposeOfEvent": purposes,
        "agent": [_client(entry, source, registry), *_organisation(entry, registry, purposes), _hub(entry, source)],
        "source": _source(source),
        "entity": [*_patients(entry), *_resources(entry), *_query(entry), *_token(entry), *_request_id(entry)],
    }
    return {name: value for name, value in event.items() if value not in ("", [])}


def token_query(form: Iterable[tuple[str, str]]) -> str:
    """A token request as it may be recorded: only the parameters that are known to hold no secret."""
    return "&".join(f"{name}={value}" for name, value in form if name in _OPEN_PARAMETERS)


_OPEN_PARAMETERS: Final = frozenset({"grant_type", "scope", "client_assertion_type", "client_id", "purpose_of_use"})

_REST = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_AUTHENTICATION = {"system": DCM, "code": "110114", "display": "User Authentication"}
_GET_ACCESS_TOKEN = {"system": "urn:ihe:event-type-code", "code": "ITI-71", "display": "Get Access Token"}
_EXPORT = {"system": DCM, "code": "110106", "display": "Export"}

_APPLICATION = {"system": DCM, "code": "110150", "display": "Application"}
_DESTINATION = {"system": DCM, "code": "110152", "display": "Destination Role ID"}
_SOURCE = {"system": DCM, "code": "110153", "display": "Source Role ID"}
_CUSTODIAN = {
    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "code": "custodian",
    "display": "Custodian",
}
_TOKEN_SERVICE = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "code": "AuthzOauthService"}
_PROVIDER = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-RoleClass",
    "code": "PROV",
    "display": "healthcare provider",
}

_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PERSON = {"system": _ENTITY_TYPE, "code": "1", "display": "Person"}
_SYSTEM_OBJECT = {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"}
_PATIENT_ROLE = {"system": _OBJECT_ROLE, "code": "1", "display": "Patient"}
_RESOURCE_ROLE = {"system": _OBJECT_ROLE, "code": "4", "display": "Domain Resource"}
_SECURITY_ROLE = {"system": _OBJECT_ROLE, "code": "13", "display": "Security Resource"}
_QUERY_ROLE = {"system": _OBJECT_ROLE, "code": "24", "display": "Query"}
_REQUEST_ID = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}

_IP_ADDRESS, _URI = "2", "5"
_LONGEST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of event is coded: its type, its action, and the parts that client and hub play in it."""

    type: dict[str, str]
    action: str
    client: dict[str, str]
    hub: dict[str, str]


# By AuditEvent.action. BALP sends the parameters of a search from the client to the server, although what is found
# flows back.
_REST_KINDS: Final = {
    "R": _Kind(_REST, "R", _DESTINATION, _SOURCE),
    "C": _Kind(_REST, "C", _SOURCE, _DESTINATION),
    "U": _Kind(_REST, "U", _SOURCE, _DESTINATION),
    "E": _Kind(_REST, "E", _SOURCE, _DESTINATION),
    "D": _Kind(_REST, "D", _APPLICATION, _CUSTODIAN),
}
_OTHER_KINDS: Final = {
    TOKEN_REQUEST: _Kind(_AUTHENTICATION, "E", _APPLICATION, _TOKEN_SERVICE),
    NOTIFICATION: _Kind(_EXPORT, "R", _DESTINATION, _SOURCE),
}
_OTHER_SUBTYPES: Final = {TOKEN_REQUEST: [_GET_ACCESS_TOKEN]}


def _kind(entry: AuditEntry) -> _Kind:
    """The kind of an entry; what has no name in the table is an execution, since an audit must never fail for it."""
    if entry.interaction in _OTHER_KINDS:
        return _OTHER_KINDS[entry.interaction]
    row = INTERACTIONS.get(entry.interaction)
    return _REST_KINDS[row.action if row else "E"]


def _subtypes(entry: AuditEntry) -> list[dict[str, str]]:
    if entry.interaction not in INTERACTIONS:
        return _OTHER_SUBTYPES.get(entry.interaction, [])
    system = "http://hl7.org/fhir/restful-interaction"
    interaction = {"system": system, "code": entry.interaction, "display": entry.interaction}
    return [interaction, {"display": f"${entry.operation}"}] if entry.operation else [interaction]


def _client(entry: AuditEntry, source: AuditSource, registry: Registry) -> dict[str, Any]:
    agent: dict[str, Any] = {
        "type": _concept(_kind(entry).client),
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


def _organisation(entry: AuditEntry, registry: Registry, purposes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    organisation = registry.organisation(entry.grant.organisation) if entry.grant else None
    if organisation is None:
        return []
    code = {"system": ODS_CODE, "value": organisation.ods_code} if organisation.ods_code else {"value": organisation.id}
    agent: dict[str, Any] = {
        "type": _concept(_PROVIDER),
        "who": {"type": "Organization", "identifier": code, "display": organisation.name},
        "requestor": False,
    }
    return [agent | {"purposeOfUse": list(purposes)} if purposes else agent]


def _hub(entry: AuditEntry, source: AuditSource) -> dict[str, Any]:
    return {
        "type": _concept(_kind(entry).hub),
        "who": _hub_reference(source),
        "requestor": entry.interaction == NOTIFICATION,
        "network": {"address": source.base_url, "type": _URI},
    }


def _source(source: AuditSource) -> dict[str, Any]:
    kind = {
        "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
        "code": "4",
        "display": "Application Server",
    }
    site = {"site": source.site} if source.site else {}
    return {**site, "observer": _hub_reference(source), "type": [kind]}


def _hub_reference(source: AuditSource) -> dict[str, Any]:
    return {"type": "Device", "identifier": {"system": "urn:ietf:rfc:3986", "value": source.base_url}}


def _patients(entry: AuditEntry) -> list[dict[str, Any]]:
    return [{"what": _reference(each), "type": _PERSON, "role": _PATIENT_ROLE} for each in entry.patients]


def _resources(entry: AuditEntry) -> list[dict[str, Any]]:
    """What was touched; where nothing was, the type that was asked for, so that a refusal is found by type too."""
    named: list[dict[str, Any]] = [_reference(each) for each in entry.resources]
    if not named and entry.type and not entry.query:
        named = [{"display": f"{entry.type}, none recorded"}]
    return [{"what": each, "type": _SYSTEM_OBJECT, "role": _RESOURCE_ROLE} for each in named]


def _query(entry: AuditEntry) -> list[dict[str, Any]]:
    if not entry.query:
        return []
    encoded = base64.b64encode(entry.query.encode("utf-8", "replace")).decode("ascii")
    return [{"type": _SYSTEM_OBJECT, "role": _QUERY_ROLE, "query": encoded}]


def _token(entry: AuditEntry) -> list[dict[str, Any]]:
    """Of an issued token its id, its scopes and its end; the token stays with the client."""
    if entry.interaction != TOKEN_REQUEST or entry.grant is None:
        return []
    details = {"scope": str(entry.grant.scopes), "expires": instant(entry.grant.expires)}
    return [
        {
            "what": {"identifier": {"value": TOKEN_ID_URN + entry.grant.token_id}},
            "type": _SYSTEM_OBJECT,
            "role": _SECURITY_ROLE,
            "detail": [{"type": name, "valueString": value} for name, value in details.items()],
        }
    ]


def _request_id(entry: AuditEntry) -> list[dict[str, Any]]:
    if not entry.request_id:
        return []
    return [{"what": {"identifier": {"value": entry.request_id}}, "type": _REQUEST_ID}]


def _reference(text: str) -> dict[str, Any]:
    return {"reference": text} if parse_reference(text) else {"display": text}


def _concept(coding: dict[str, str]) -> dict[str, Any]:
    return {"coding": [coding]}


def _cleaned(entry: AuditEntry) -> AuditEntry:
    """The entry with every text fit to be a FHIR string, whatever somebody sent."""
    decided = entry.decision.reason if entry.decision else ""
    return replace(
        entry,
        request_id=_text(entry.request_id),
        description=_text(entry.description or decided),
        claimed_client=_text(entry.claimed_client),
        address=_text(entry.address),
        type=_text(entry.type),
        operation=_text(entry.operation),
        resources=tuple(filter(None, map(_text, entry.resources))),
        patients=tuple(filter(None, map(_text, entry.patients))),
    )


def _text(value: str) -> str:
    """The value without control characters and lone surrogates, not endless; possibly empty."""
    return "".join(c if c.isprintable() else " " for c in value[:_LONGEST_TEXT]).strip()
