"""AuditEvents: the record of each request, permitted or not."""

from careloom.governance.audit.entry import (
    NOTIFICATION,
    TOKEN_REQUEST,
    AuditEntry,
    AuditSource,
    Outcome,
    token_query,
)
from careloom.governance.audit.event import audit_event, audit_form, audit_forms
from careloom.governance.audit.ledger import Ledger

__all__ = [
    "NOTIFICATION",
    "TOKEN_REQUEST",
    "AuditEntry",
    "AuditSource",
    "Ledger",
    "Outcome",
    "audit_event",
    "audit_form",
    "audit_forms",
    "token_query",
]
