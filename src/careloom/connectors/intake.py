"""How anything from the edge gets on record: decided, written and audited in one commit.

What comes one by one has a commit of its own. Of what comes close together, a group shares one: each of it is decided
and audited by itself, and what is refused leaves the others as they are.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from careloom.governance import AccessRequest, AuditEntry, AuditSource, Decision, Grant, Registry, audit_form, decide
from careloom.governance import standing_grant as granted
from careloom.model import Resource
from careloom.model.errors import ForbiddenError
from careloom.model.instants import Clock
from careloom.model.records import dataclass
from careloom.store import AuditForm, Repository, Turn, Version

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


Write = Callable[[], Sequence[Version]]
"""Writes what was planned, and gives the versions; it cannot be refused any more."""

Plan = Callable[[int], Write | None]
"""From the place of an arrival in its group to what writes it; None where the same came before and is on record.

Raises what is wrong with it, and has written nothing then.
"""


@dataclass(frozen=True, slots=True)
class _Admission:
    """What was decided about an arrival."""

    grant: Grant | None
    decision: Decision
    registry: Registry


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
        admission = self._admitted(arrival.types, self.registered())

        def work(turn: Turn) -> None:
            written = write(turn) if admission.decision.permit else ()
            if written is not None:
                turn.audit(self._audited(arrival, written, admission, self.new_id()))

        await self.repository.commit(work, cause=self.client)
        _require(admission)

    async def record_group(
        self, arrivals: Sequence[Arrival], begin: Callable[[Turn], Plan]
    ) -> Sequence[Exception | None]:
        """Write what came in together, and that it came in, in one commit.

        Args:
            arrivals: What came in, in its order.
            begin: Called at the beginning of the turn.

        Returns:
            What is wrong with each; None where it is durable.

        Raises:
            CareloomError: The commit failed; nothing is written.
        """
        registry = self.registered()
        admissions = {types: self._admitted(types, registry) for types in {tuple(each.types) for each in arrivals}}

        ids = [self.new_id() for _ in arrivals]

        def work(turn: Turn) -> list[Exception | None]:
            turn.expect(("AuditEvent", id) for id in ids)
            plan = begin(turn)
            return [
                self._entered(turn, arrival, admissions[tuple(arrival.types)], partial(plan, number), ids[number])
                for number, arrival in enumerate(arrivals)
            ]

        return await self.repository.commit(work, cause=self.client)

    def _entered(
        self, turn: Turn, arrival: Arrival, admission: _Admission, plan: Callable[[], Write | None], id: str
    ) -> Exception | None:
        """Write one of a group and its audit record, which has an id already; what is wrong with it."""
        try:
            _require(admission)
            write = plan()
        except ForbiddenError as error:
            turn.audit(self._audited(arrival, (), admission, id))
            return error
        except Exception as error:
            return error
        if write is not None:
            turn.audit(self._audited(arrival, write(), admission, id))
        return None

    async def take(self, brought: Brought, address: str = "") -> None:
        """Write what was brought, and that it came in; that it came again is no news.

        Raises:
            ForbiddenError: The sending system may not write that; this is audited, and nothing else is written.
            CareloomError: It cannot be written; nothing is, then.
        """
        arrival = Arrival(brought.id, brought.description, brought.types, address)
        await self.record(arrival, lambda turn: brought.write(turn) or None)

    def _admitted(self, types: Sequence[str], registry: Registry) -> _Admission:
        """Whether the sending system may write what it sends: the first refusal, or else the permission."""
        now, client = self.clock(), registry.client(self.client)
        if client is None:
            refusal = Decision(False, "no-agreement", f"client {self.client!r} is not registered")
            return _Admission(None, refusal, registry)
        grant = granted(client, self.purpose, now)
        decisions = [decide(AccessRequest("update", type), grant, registry, now) for type in types]
        decision = next((found for found in decisions if not found.permit), decisions[0])
        return _Admission(grant, decision, registry)

    def _audited(self, arrival: Arrival, written: Sequence[Version], admission: _Admission, id: str) -> AuditForm:
        grant, decision = admission.grant, admission.decision
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
        return audit_form(entry, source=self.audit_source, registry=admission.registry, id=id)


def _require(admission: _Admission) -> None:
    if not admission.decision.permit:
        raise ForbiddenError(admission.decision.reason)
