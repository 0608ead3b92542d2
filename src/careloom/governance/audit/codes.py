"""The codings of IHE Basic Audit Log Patterns: what kind of event it is, and who plays which part in it."""

from typing import Final

from careloom.governance.audit.entry import NOTIFICATION, REFUSALS, TOKEN_REQUEST, AuditEntry
from careloom.governance.interactions import INTERACTIONS
from careloom.model.records import dataclass

DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"

_REST: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_AUTHENTICATION: Final = {"system": DCM, "code": "110114", "display": "User Authentication"}
_GET_ACCESS_TOKEN: Final = {"system": "urn:ihe:event-type-code", "code": "ITI-71", "display": "Get Access Token"}
_SECURITY_ALERT: Final = {"system": DCM, "code": "110113", "display": "Security Alert"}
_NODE_AUTHENTICATION: Final = {"system": DCM, "code": "110126", "display": "Node Authentication"}
_EXPORT: Final = {"system": DCM, "code": "110106", "display": "Export"}

_APPLICATION: Final = {"system": DCM, "code": "110150", "display": "Application"}
_DESTINATION: Final = {"system": DCM, "code": "110152", "display": "Destination Role ID"}
_SOURCE: Final = {"system": DCM, "code": "110153", "display": "Source Role ID"}
_CUSTODIAN: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "code": "custodian",
    "display": "Custodian",
}
_TOKEN_SERVICE: Final = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes",
    "code": "AuthzOauthService",
}
PROVIDER: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-RoleClass",
    "code": "PROV",
    "display": "healthcare provider",
}

_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
PERSON: Final = {"system": _ENTITY_TYPE, "code": "1", "display": "Person"}
SYSTEM_OBJECT: Final = {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"}
PATIENT_ROLE: Final = {"system": _OBJECT_ROLE, "code": "1", "display": "Patient"}
RESOURCE_ROLE: Final = {"system": _OBJECT_ROLE, "code": "4", "display": "Domain Resource"}
SECURITY_ROLE: Final = {"system": _OBJECT_ROLE, "code": "13", "display": "Security Resource"}
QUERY_ROLE: Final = {"system": _OBJECT_ROLE, "code": "24", "display": "Query"}
REQUEST_ID: Final = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "code": "XrequestId",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of event is coded: its type, its action, and the parts that client and hub play in it."""

    type: dict[str, str]
    action: str
    client: dict[str, str]
    hub: dict[str, str]


# By AuditEvent.action. BALP sends the parameters of a search from the client to the server, although what is found
# flows back.
_REST_KINDS: Final = {
    "R": Kind(_REST, "R", _DESTINATION, _SOURCE),
    "C": Kind(_REST, "C", _SOURCE, _DESTINATION),
    "U": Kind(_REST, "U", _SOURCE, _DESTINATION),
    "E": Kind(_REST, "E", _SOURCE, _DESTINATION),
    "D": Kind(_REST, "D", _APPLICATION, _CUSTODIAN),
}
_OTHER_KINDS: Final = {
    TOKEN_REQUEST: Kind(_AUTHENTICATION, "E", _APPLICATION, _TOKEN_SERVICE),
    NOTIFICATION: Kind(_EXPORT, "R", _DESTINATION, _SOURCE),
    REFUSALS: Kind(_SECURITY_ALERT, "E", _APPLICATION, _DESTINATION),
}
_OTHER_SUBTYPES: Final = {TOKEN_REQUEST: [_GET_ACCESS_TOKEN], REFUSALS: [_NODE_AUTHENTICATION]}


def kind_of(entry: AuditEntry) -> Kind:
    """The kind of an entry; what has no name in the table is an execution, since an audit must never fail for it."""
    if entry.interaction in _OTHER_KINDS:
        return _OTHER_KINDS[entry.interaction]
    row = INTERACTIONS.get(entry.interaction)
    return _REST_KINDS[row.action if row else "E"]


def subtypes_of(entry: AuditEntry) -> list[dict[str, str]]:
    """AuditEvent.subtype: the interaction, and the name of the operation where it is one."""
    if entry.interaction not in INTERACTIONS:
        return _OTHER_SUBTYPES.get(entry.interaction, [])
    system = "http://hl7.org/fhir/restful-interaction"
    interaction = {"system": system, "code": entry.interaction, "display": entry.interaction}
    return [interaction, {"display": f"${entry.operation}"}] if entry.operation else [interaction]
