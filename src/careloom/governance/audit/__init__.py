"""AuditEvents: the record of each request, permitted or not."""

from careloom.governance.audit.entry import (
    NOTIFICATION,
    REFUSALS,
    TOKEN_REQUEST,
    AuditEntry,
    AuditSource,
    Outcome,
    token_query,
)
from careloom.governance.audit.event import audit_event, audit_form, audit_forms
from careloom.governance.audit.folded import folded_event
from careloom.governance.audit.ledger import Ledger
from careloom.governance.audit.refusals import Folded, Folding, Refusals

__all__ = [
    "NOTIFICATION",
    "REFUSALS",
    "TOKEN_REQUEST",
    "AuditEntry",
    "AuditSource",
    "Folded",
    "Folding",
    "Ledger",
    "Outcome",
    "Refusals",
    "audit_event",
    "audit_form",
    "audit_forms",
    "folded_event",
    "token_query",
]
