"""The AuditEvent of refusals that are recorded as one: from when to when they were, how many, and with which status.

It is a Security Alert of the kind Node Authentication, by which IHE ATNA records that somebody could not prove who they
are. ``period`` says from when to when, ``entity.detail`` how many, and ``outcomeDesc`` says it to people.
"""

from datetime import datetime
from typing import Any

from careloom.governance.audit.codes import SYSTEM_OBJECT
from careloom.governance.audit.entry import REFUSALS, AuditEntry, AuditSource
from careloom.governance.audit.event import audit_event
from careloom.governance.audit.refusals import Folded
from careloom.governance.identity import Registry
from careloom.model.instants import instant
from careloom.model.resource import Resource


def folded_event(folded: Folded, *, source: AuditSource, registry: Registry, recorded: datetime) -> Resource:
    """One AuditEvent for all of them."""
    entry = AuditEntry(REFUSALS, recorded, outcome="8", description=_description(folded), address=folded.network)
    event = audit_event(entry, source=source, registry=registry, id=folded.id)
    period = {"start": instant(folded.first), "end": instant(folded.last)}
    return event | {"period": period, "entity": [_numbers(folded)]}


def _description(folded: Folded) -> str:
    each = ", ".join(f"{number} with {status}" for status, number in folded.by_status)
    of = folded.network or "networks beyond those that are counted by themselves"
    return f"{folded.number} more refusals of {of}, recorded together: {each}"


def _numbers(folded: Folded) -> dict[str, Any]:
    told = [("refusals", folded.number), *((f"status {status}", number) for status, number in folded.by_status)]
    return {
        "type": SYSTEM_OBJECT,
        "name": "refusals recorded together",
        "detail": [{"type": type, "valueString": str(number)} for type, number in told],
    }
