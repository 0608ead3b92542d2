"""The decision that let a request pass or stopped it, as the hub's audit record tells it."""

from collections.abc import Iterator
from typing import Any

from careloom.connectathon.exchange import Exchange
from careloom.model import Resource
from careloom.model.records import dataclass

AUDIT_HEADER = "careloom-audit"
"""Header of every answer of the hub: the local reference of its audit record."""

_DESTINATION = "110152"  # DICOM: destination role
_DONE = "0"  # AuditEvent.outcome: success; 4, 8 and 12 are failures of growing weight


@dataclass(frozen=True, slots=True)
class Decision:
    """What an AuditEvent says about one exchange.

    Attributes:
        exchange: Number of the exchange.
        audit: Local reference of the AuditEvent, ``AuditEvent/42``.
        done: Whether the hub did what was asked.
        reason: ``AuditEvent.outcomeDesc``: why.
        who: The asking client and its organisation, as the record names them.
        purposes: Codes of the purposes of use that were stated.
        event: The AuditEvent itself.
    """

    exchange: int
    audit: str
    done: bool
    reason: str
    who: tuple[str, ...]
    purposes: tuple[str, ...]
    event: Resource


def audit_reference(exchange: Exchange) -> str | None:
    """Local reference of the audit record that the answer names."""
    found = exchange.response.header(AUDIT_HEADER)
    return found.strip() if found and found.strip().startswith("AuditEvent/") else None


def decision_of(exchange: int, event: Resource) -> Decision:
    """Read the decision out of an AuditEvent."""
    agents = [agent for agent in event.get("agent", []) if isinstance(agent, dict)]
    return Decision(
        exchange=exchange,
        audit=f"AuditEvent/{event.get('id', '')}",
        done=event.get("outcome") == _DONE,
        reason=event.get("outcomeDesc", ""),
        who=tuple(dict.fromkeys(name for agent in agents if not _is_destination(agent) for name in _names(agent))),
        purposes=tuple(dict.fromkeys(_codes([event, *agents]))),
        event=event,
    )


def decision_record(decision: Decision) -> dict[str, Any]:
    """The decision as the evidence file holds it: the audit record whole."""
    return {"exchange": decision.exchange, "audit": decision.audit, "event": decision.event}


def _is_destination(agent: Resource) -> bool:
    """Whether an agent is the one that was asked: the hub itself."""
    return any(coding.get("code") == _DESTINATION for coding in agent.get("type", {}).get("coding", []))


def _names(agent: Resource) -> Iterator[str]:
    who = agent.get("who", {})
    identifier = who.get("identifier", {})
    for text in (agent.get("name"), who.get("display"), identifier.get("value"), agent.get("altId")):
        if text:
            yield text
            return


def _codes(holders: list[Resource]) -> Iterator[str]:
    for holder in holders:
        for concept in [*holder.get("purposeOfEvent", []), *holder.get("purposeOfUse", [])]:
            yield from (coding["code"] for coding in concept.get("coding", []) if "code" in coding)
