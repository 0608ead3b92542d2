"""From the bytes of a message to the answer: read, decided, written and audited in one commit, then acknowledged.

A message that comes again, because its answer was lost, is answered as before and changes nothing. One that comes with
the control id of another is refused, for one of the two would be lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

import structlog

from careloom.connectors.hl7v2.acknowledgment import accepted, refused
from careloom.connectors.hl7v2.message import Message, parse
from careloom.connectors.hl7v2.movement import Movement, Record, movement
from careloom.connectors.hl7v2.tables import Tables
from careloom.governance import AccessRequest, AuditEntry, AuditSource, Decision, Grant, Registry, audit_event, decide
from careloom.governance import standing_grant as granted
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, ConflictError, ForbiddenError
from careloom.model.instants import Clock
from careloom.search import SearchParameters
from careloom.store import Repository, Turn, Version

MESSAGE: Final = "transaction"
"""The interaction that a message counts as in decisions and in the audit."""

REMEMBERED = timedelta(days=7)
"""How long a message is recognised when it comes again; the longest outage a sender's queue is made for."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hl7v2Source:
    """Takes the messages of one sending system.

    Attributes:
        client: Id of the client in the registry that the sending system is.
        purpose: Purpose of use of what it sends.
        repository: The record.
        parameters: By which it is searched.
        registered: Gives the registry in force.
        tables: How messages become resources.
        check: Judges a resource before it is written.
        audit_source: The hub, as audit records name it.
        clock: The present instant.
        new_id: Makes ids.
    """

    client: str
    purpose: str
    repository: Repository
    parameters: SearchParameters
    registered: Callable[[], Registry]
    tables: Tables
    check: Callable[[Resource], Sequence[Issue]]
    audit_source: AuditSource
    clock: Clock
    new_id: Callable[[], str]

    async def take(self, data: bytes, address: str = "") -> bytes:
        """The answer to a message; what it changes is durable by then, or nothing is changed."""
        message = None
        try:
            message = parse(data)
            await self._write(message, data, address)
        except CareloomError as error:
            return refused(message, error, now=self.clock(), new_id=self.new_id)
        except Exception as error:
            _log.exception("message failed", client=self.client, control_id=message.control_id if message else "")
            return refused(message, error, now=self.clock(), new_id=self.new_id)
        return accepted(message, now=self.clock(), new_id=self.new_id)

    async def _write(self, message: Message, data: bytes, address: str) -> None:
        moved = movement(message, self.tables)
        grant, decision = self._decided(moved)

        def work(turn: Turn) -> None:
            if not self._is_first(turn, message, data):
                return
            record = Record(turn, self.parameters, self.check, self.tables.patient_systems)
            if decision.permit:
                record.apply(moved)
            turn.audit(self._audited(message, record.written, grant, decision, address))

        await self.repository.commit(work, cause=self.client)
        if not decision.permit:
            raise ForbiddenError(decision.reason)

    def _is_first(self, turn: Turn, message: Message, data: bytes) -> bool:
        """Whether a message is new; one without a control id always is."""
        if not message.control_id:
            return True
        until = self.clock() + REMEMBERED
        digest = sha256(data).hexdigest()
        if not turn.once(f"hl7v2 {self.client} content", f"{message.control_id} {digest}", until):
            return False
        if not turn.once(f"hl7v2 {self.client}", message.control_id, until):
            raise ConflictError(f"MSH-10: a new control id expected, {message.control_id!r} is that of another message")
        return True

    def _decided(self, moved: Movement) -> tuple[Grant | None, Decision]:
        """Whether the sending system may write what it sends: the first refusal, or else the permission."""
        registry, now = self.registered(), self.clock()
        client = registry.client(self.client)
        if client is None:
            return None, Decision(False, "no-agreement", f"client {self.client!r} is not registered")
        grant = granted(client, self.purpose, now)
        types = ["Patient", *(["Encounter"] if moved.encounter else []), *(["Location"] if moved.location else [])]
        decisions = [decide(AccessRequest("update", type), grant, registry, now) for type in types]
        return grant, next((found for found in decisions if not found.permit), decisions[0])

    def _audited(
        self, message: Message, written: Sequence[Version], grant: Grant | None, decision: Decision, address: str
    ) -> Resource:
        entry = AuditEntry(
            interaction=MESSAGE,
            recorded=self.clock(),
            request_id=message.control_id,
            outcome="0" if decision.permit else "8",
            description=f"ADT^{message.event} over MLLP: {decision.reason}",
            grant=grant,
            claimed_client="" if grant else self.client,
            address=address,
            decision=decision,
            resources=tuple(f"{version.reference}/_history/{version.version_id}" for version in written),
            patients=tuple(version.reference for version in written if version.type == "Patient"),
        )
        return audit_event(entry, source=self.audit_source, registry=self.registered(), id=self.new_id())
