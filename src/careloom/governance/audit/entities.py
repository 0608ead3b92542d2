"""What an event was about: patients, resources, the search as it was typed, the token, and the request's id."""

import base64
from typing import Any

from careloom.governance.audit.agents import TOKEN_ID_URN
from careloom.governance.audit.codes import (
    PATIENT_ROLE,
    PERSON,
    QUERY_ROLE,
    REQUEST_ID,
    RESOURCE_ROLE,
    SECURITY_ROLE,
    SYSTEM_OBJECT,
)
from careloom.governance.audit.entry import TOKEN_REQUEST, AuditEntry
from careloom.model.instants import instant
from careloom.model.references import is_literal


def entities_of(entry: AuditEntry) -> list[dict[str, Any]]:
    """AuditEvent.entity."""
    found = _patients(entry)
    found += _resources(entry)
    if entry.query:
        found += _query(entry)
    if entry.interaction == TOKEN_REQUEST:
        found += _token(entry)
    return found + _request_id(entry)


def _patients(entry: AuditEntry) -> list[dict[str, Any]]:
    return [{"what": _reference(each), "type": PERSON, "role": PATIENT_ROLE} for each in entry.patients]


def _resources(entry: AuditEntry) -> list[dict[str, Any]]:
    """What was touched; where nothing was, the type that was asked for, so that a refusal is found by type too."""
    named: list[dict[str, Any]] = [_reference(each) for each in entry.resources]
    if not named and entry.type and not entry.query:
        named = [{"display": f"{entry.type}, none recorded"}]
    return [{"what": each, "type": SYSTEM_OBJECT, "role": RESOURCE_ROLE} for each in named]


def encoded(query: str) -> str:
    """A search as ``entity.query`` has it."""
    return base64.b64encode(query.encode("utf-8", "replace")).decode("ascii")


def _query(entry: AuditEntry) -> list[dict[str, Any]]:
    return [{"type": SYSTEM_OBJECT, "role": QUERY_ROLE, "query": encoded(entry.query)}]


def _token(entry: AuditEntry) -> list[dict[str, Any]]:
    """Of an issued token its id, its scopes and its end; the token stays with the client."""
    if entry.interaction != TOKEN_REQUEST or entry.grant is None:
        return []
    details = {"scope": str(entry.grant.scopes), "expires": instant(entry.grant.expires)}
    return [
        {
            "what": {"identifier": {"value": TOKEN_ID_URN + entry.grant.token_id}},
            "type": SYSTEM_OBJECT,
            "role": SECURITY_ROLE,
            "detail": [{"type": name, "valueString": value} for name, value in details.items()],
        }
    ]


def _request_id(entry: AuditEntry) -> list[dict[str, Any]]:
    if not entry.request_id:
        return []
    return [{"what": {"identifier": {"value": entry.request_id}}, "type": REQUEST_ID}]


def _reference(text: str) -> dict[str, Any]:
    return {"reference": text} if is_literal(text) else {"display": text}
