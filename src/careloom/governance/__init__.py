"""Who may do what, for which purpose, under which agreement; with reasons, and a record of each request."""

from careloom.governance.audit import (
    NOTIFICATION,
    TOKEN_REQUEST,
    AuditEntry,
    AuditSource,
    Folded,
    Folding,
    Ledger,
    Outcome,
    Refusals,
    audit_event,
    audit_form,
    audit_forms,
    folded_event,
    token_query,
)
from careloom.governance.client_assertion import client_assertion, token_form
from careloom.governance.decisions import AccessRequest, Decision, TypeSet, decide, visible_types
from careloom.governance.identity import Agreement, Client, Organisation, Registry
from careloom.governance.interactions import INTERACTIONS, Interaction
from careloom.governance.key_files import hub_keys, read_private_keys, write_private_key
from careloom.governance.keys import PrivateKey, PublicKey, jwks, new_key, private_key, private_keys, public_keys
from careloom.governance.scopes import Scopes, parse_scopes
from careloom.governance.smart_configuration import smart_configuration
from careloom.governance.token_endpoint import OAuthError, Once, TokenAnswer, issue_token
from careloom.governance.tokens import Authority, Grant, standing_grant, verify_token

__all__ = [
    "INTERACTIONS",
    "NOTIFICATION",
    "TOKEN_REQUEST",
    "AccessRequest",
    "Agreement",
    "AuditEntry",
    "AuditSource",
    "Authority",
    "Client",
    "Decision",
    "Folded",
    "Folding",
    "Grant",
    "Interaction",
    "Ledger",
    "OAuthError",
    "Once",
    "Organisation",
    "Outcome",
    "PrivateKey",
    "PublicKey",
    "Refusals",
    "Registry",
    "Scopes",
    "TokenAnswer",
    "TypeSet",
    "audit_event",
    "audit_form",
    "audit_forms",
    "client_assertion",
    "decide",
    "folded_event",
    "hub_keys",
    "issue_token",
    "jwks",
    "new_key",
    "parse_scopes",
    "private_key",
    "private_keys",
    "public_keys",
    "read_private_keys",
    "smart_configuration",
    "standing_grant",
    "token_form",
    "token_query",
    "verify_token",
    "visible_types",
    "write_private_key",
]
