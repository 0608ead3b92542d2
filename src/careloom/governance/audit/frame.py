"""What all events have alike that one client brings about in one way.

A client reads a thousand resources, and says and is allowed the same each time. Such a frame is made once and shared by
the events, which are never changed.
"""

from datetime import UTC, datetime
from functools import lru_cache

from careloom.governance.audit.agents import agents_of, purposes_of, source_of
from careloom.governance.audit.codes import kind_of, subtypes_of
from careloom.governance.audit.entry import AuditEntry, AuditSource
from careloom.governance.decisions import Decision
from careloom.governance.identity import Registry
from careloom.governance.tokens import Grant
from careloom.model.records import dataclass
from careloom.model.resource import Resource

_KEPT = 2_048
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)

_Who = tuple[Grant | None, str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """The elements that stand before those of an event itself, and those that stand behind its outcome."""

    kind: Resource
    parties: Resource


def frame_of(entry: AuditEntry, source: AuditSource, registry: Registry) -> Frame:
    """The elements of an AuditEvent that do not depend on what was touched, when, and how it ended."""
    who = (entry.grant, entry.claimed_client, entry.address)
    return _frame(entry.interaction, entry.operation, who, entry.decision, source, registry)


@lru_cache(maxsize=_KEPT)
def _frame(  # noqa: PLR0917  all of it tells frames apart
    interaction: str, operation: str, who: _Who, decision: Decision | None, source: AuditSource, registry: Registry
) -> Frame:
    grant, claimed_client, address = who
    entry = AuditEntry(
        interaction,
        _ANY_TIME,
        grant=grant,
        claimed_client=claimed_client,
        address=address,
        decision=decision,
        operation=operation,
    )
    kind = kind_of(entry)
    return Frame(
        _said({"type": kind.type, "subtype": subtypes_of(entry), "action": kind.action}),
        _said(
            {
                "purposeOfEvent": purposes_of(entry),
                "agent": agents_of(entry, source, registry),
                "source": source_of(source),
            }
        ),
    )


def _said(elements: Resource) -> Resource:
    return {name: value for name, value in elements.items() if value}
