"""The audit record of a request: what governance needs to know to write it."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlencode

from careloom.governance import INTERACTIONS, AuditEntry, AuditSource, Decision, audit_forms
from careloom.governance.audit import Outcome
from careloom.model.references import parse_reference
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.store import AuditForm, Turn, Version

HEADER = "Careloom-Audit"
"""Names the AuditEvent of the request in its answer."""

_PATIENT_ELEMENTS = ("subject", "patient", "beneficiary", "individual", "for")
_BY_METHOD = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def record(
    turn: Turn, request: FhirRequest, response: FhirResponse, hub: Hub, decision: Decision | None
) -> FhirResponse:
    """Write the audit record in this turn, and name it in the answer."""
    forms = audit_records(request, response, hub, decision)
    for form in forms:
        turn.audit(form)
    return named(response, forms[0])


def audit_records(request: FhirRequest, response: FhirResponse, hub: Hub, decision: Decision | None) -> list[AuditForm]:
    """The AuditEvents of a request, that of its own first."""
    entry = audit_entry(request, response, hub, decision)
    source = _source(hub.base_url, hub.site)
    return audit_forms(entry, source=source, registry=hub.registry, new_id=hub.new_id)


_source = lru_cache(maxsize=4)(AuditSource)  # the same object is recognised sooner than an equal one


def named(response: FhirResponse, form: AuditForm) -> FhirResponse:
    """The answer with the name of its audit record."""
    return response.with_headers({HEADER: f"AuditEvent/{form.id}"})


def audit_entry(request: FhirRequest, response: FhirResponse, hub: Hub, decision: Decision | None) -> AuditEntry:
    """What happened, as governance wants it told."""
    code = _audited_code(request)
    is_search = code in INTERACTIONS and INTERACTIONS[code].right == "s"
    return AuditEntry(
        interaction=code,
        recorded=hub.clock(),
        request_id=request.request_id,
        outcome=outcome(response.status),
        description=_description(response),
        grant=request.grant,
        address=request.address,
        decision=response.decision or decision,
        type=request.type,
        resources=() if is_search else tuple(_resources(request, response)),
        patients=tuple(dict.fromkeys(_patients(response.versions))),
        query=_query(request) if is_search or code in ("operation", "batch", "transaction") else "",
        operation=request.code[1:] if request.code.startswith("$") else "",
    )


def outcome(status: int) -> Outcome:
    """AuditEvent.outcome that a status means: done, refused for what it said, denied, failed."""
    if status < 400:
        return "0"
    if status in (401, 403):
        return "8"
    return "4" if status < 500 else "12"


def _audited_code(request: FhirRequest) -> str:
    """The code governance knows; for an address that leads nowhere, the one its method stands for."""
    if request.code.startswith("$"):
        return "operation"
    if request.code == "transaction" and (request.body or {}).get("type") == "batch":
        return "batch"
    if request.code in INTERACTIONS:
        return request.code
    return _BY_METHOD.get(request.method, "operation")


def _query(request: FhirRequest) -> str:
    """The address as it was asked; what a search by POST has in its form stands where GET would have it."""
    if request.method != "POST" or not request.parameters:
        return request.url
    return f"{request.url.partition('?')[0]}?{urlencode(request.parameters)}"


def _description(response: FhirResponse) -> str:
    """What a refusal said; nothing for what was done, where the decision's reason is the thing to know."""
    if response.status < 400 or not response.resource:
        return ""
    issues = response.resource.get("issue", [])
    told = [issue["diagnostics"] for issue in issues if issue["severity"] in ("error", "fatal")]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{response.status}: {told[0]}{more}" if told else str(response.status)


def _resources(request: FhirRequest, response: FhirResponse) -> Iterator[str]:
    if not response.versions and request.type and request.id:
        yield f"{request.type}/{request.id}"
    for version in ROOM.paced(response.versions):
        yield f"{version.reference}/_history/{version.version_id}"


def _patients(versions: Iterable[Version]) -> Iterator[str]:
    for version in ROOM.paced(versions):
        if version.type == "Patient":
            yield version.reference
        elif version.resource:
            yield from _referred_patients(version.resource)


def _referred_patients(resource: Resource) -> Iterator[str]:
    """The patients a resource is about: its element that the patient compartment of R4 goes by."""
    for name in _PATIENT_ELEMENTS:
        element = resource.get(name)
        text = element.get("reference") if isinstance(element, dict) else None
        reference = parse_reference(text) if isinstance(text, str) else None
        if reference and reference.type == "Patient":
            yield reference.local
