"""AuditEvents: the record of each request, permitted or not."""

from careloom.governance.audit.entry import (
    NOTIFICATION,
    TOKEN_REQUEST,
    AuditEntry,
    AuditSource,
    Outcome,
    token_query,
)
from careloom.governance.audit.event import audit_event, audit_events

__all__ = [
    "NOTIFICATION",
    "TOKEN_REQUEST",
    "AuditEntry",
    "AuditSource",
    "Outcome",
    "audit_event",
    "audit_events",
    "token_query",
]
