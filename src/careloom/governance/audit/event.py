"""AuditEvents: one for each request, and one for each patient whose data a search showed.

The shape follows IHE Basic Audit Log Patterns (BALP) 1.1: who asked (client with its network address, and its
organisation), for what purpose, what was touched (patient, resources, the search as it was typed), and how it ended.
Added to that pattern: the decision's reason in ``outcomeDesc``, and in the client's ``policy`` the id of the token and
of the agreement that permitted, both searchable with ``AuditEvent?policy=``. A token itself is never written.
"""

from collections.abc import Callable
from functools import partial

from careloom.governance.audit.entities import encoded, entities_of
from careloom.governance.audit.entry import AuditEntry, AuditSource, cleaned, outcome_text
from careloom.governance.audit.frame import frame_of
from careloom.governance.identity import Registry
from careloom.governance.interactions import INTERACTIONS
from careloom.model.instants import instant
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.store import AuditForm


def audit_forms(
    entry: AuditEntry, *, source: AuditSource, registry: Registry, new_id: Callable[[], str]
) -> list[AuditForm]:
    """The AuditEvents of a request, at least one; of several patients in a search each has its own, as BALP asks."""
    searched = INTERACTIONS.get(entry.interaction)
    is_of_several = searched is not None and searched.right == "s" and len(entry.patients) > 1
    entries = [replace(entry, patients=(each,)) for each in entry.patients] if is_of_several else [entry]
    return [audit_form(each, source=source, registry=registry, id=new_id()) for each in entries]


def audit_form(entry: AuditEntry, *, source: AuditSource, registry: Registry, id: str) -> AuditForm:
    """One AuditEvent as a form: its kind is everything in the entry but when, of whom and of what."""
    entry = cleaned(entry)
    return AuditForm(
        id,
        (
            (entry.interaction, entry.operation, entry.type, entry.outcome, entry.description),
            (entry.grant, entry.claimed_client, entry.address, entry.decision),
            source,
            registry,
        ),
        entry.recorded,
        (*entry.patients, *entry.resources),
        encoded(entry.query),
        entry.request_id,
        partial(audit_event, entry, source=source, registry=registry, id=id),
        (len(entry.patients), len(entry.resources)),
    )


def audit_event(entry: AuditEntry, *, source: AuditSource, registry: Registry, id: str) -> Resource:
    """One AuditEvent with everything the entry tells."""
    entry = cleaned(entry)
    frame = frame_of(entry, source, registry)
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": id,
        **frame.kind,
        "recorded": instant(entry.recorded),
        "outcome": entry.outcome,
    }
    if told := outcome_text(entry):
        event["outcomeDesc"] = told
    event |= frame.parties
    if entities := entities_of(entry):
        event["entity"] = entities
    return event
