"""How anything from the edge gets on record: decided, written and audited in one commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from careloom.governance import AccessRequest, AuditEntry, AuditSource, Decision, Grant, Registry, audit_event, decide
from careloom.governance import standing_grant as granted
from careloom.model import Resource
from careloom.model.errors import ForbiddenError
from careloom.model.instants import Clock
from careloom.store import Repository, Turn, Version

MESSAGE: Final = "transaction"
"""The interaction that a message counts as in decisions and in the audit."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in, as the audit tells of it.

    Attributes:
        id: The sender's own, such as a control id.
        description: What it is.
        types: Resource types that it may write.
        address: Network address of the sender; empty when unknown.
    """

    id: str
    description: str
    types: Sequence[str]
    address: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came in, understood and not yet written.

    Attributes:
        id: The sender's own, such as a message id.
        description: What it is, for the audit.
        types: Resource types that it may write.
        resources: What it writes, as far as that is known without the record.
        write: Writes it in a turn, and gives the versions; none where the same came before and is on record.
    """

    id: str
    description: str
    types: Sequence[str]
    resources: Sequence[Resource]
    write: Callable[[Turn], Sequence[Version]]


@dataclass(frozen=True, slots=True)
class Intake:
    """The way in of one sending system.

    Attributes:
        client: Id of the client in the registry that the sending system is.
        purpose: Purpose of use of what it sends.
        repository: The record.
        registered: Gives the registry in force.
        audit_source: The hub, as audit records name it.
        clock: The present instant.
        new_id: Makes ids.
    """

    client: str
    purpose: str
    repository: Repository
    registered: Callable[[], Registry]
    audit_source: AuditSource
    clock: Clock
    new_id: Callable[[], str]

    async def record(self, arrival: Arrival, write: Callable[[Turn], Sequence[Version] | None]) -> None:
        """Write what came in, and that it came in.

        Args:
            arrival: What came in.
            write: Writes in the turn and gives the versions; None where the same came before and is on record.

        Raises:
            ForbiddenError: The sending system may not write that; this is audited, and nothing else is written.
            CareloomError: What ``write`` raises; nothing is written then.
        """
        registry = self.registered()
        grant, decision = self._decided(arrival, registry)

        def work(turn: Turn) -> None:
            written = write(turn) if decision.permit else ()
            if written is not None:
                turn.audit(self._audited(arrival, written, grant, decision, registry))

        await self.repository.commit(work, cause=self.client)
        if not decision.permit:
            raise ForbiddenError(decision.reason)

    async def take(self, brought: Brought, address: str = "") -> None:
        """Write what was brought, and that it came in; that it came again is no news.

        Raises:
            ForbiddenError: The sending system may not write that; this is audited, and nothing else is written.
            CareloomError: It cannot be written; nothing is, then.
        """
        arrival = Arrival(brought.id, brought.description, brought.types, address)
        await self.record(arrival, lambda turn: brought.write(turn) or None)

    def _decided(self, arrival: Arrival, registry: Registry) -> tuple[Grant | None, Decision]:
        """Whether the sending system may write what it sends: the first refusal, or else the permission."""
        now, client = self.clock(), registry.client(self.client)
        if client is None:
            return None, Decision(False, "no-agreement", f"client {self.client!r} is not registered")
        grant = granted(client, self.purpose, now)
        decisions = [decide(AccessRequest("update", type), grant, registry, now) for type in arrival.types]
        return grant, next((found for found in decisions if not found.permit), decisions[0])

    def _audited(
        self,
        arrival: Arrival,
        written: Sequence[Version],
        grant: Grant | None,
        decision: Decision,
        registry: Registry,
    ) -> Resource:
        entry = AuditEntry(
            interaction=MESSAGE,
            recorded=self.clock(),
            request_id=arrival.id,
            outcome="0" if decision.permit else "8",
            description=f"{arrival.description}: {decision.reason}",
            grant=grant,
            claimed_client="" if grant else self.client,
            address=arrival.address,
            decision=decision,
            resources=tuple(f"{version.reference}/_history/{version.version_id}" for version in written),
            patients=tuple(version.reference for version in written if version.type == "Patient"),
        )
        return audit_event(entry, source=self.audit_source, registry=registry, id=self.new_id())
