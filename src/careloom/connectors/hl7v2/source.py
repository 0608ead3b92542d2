"""From the bytes of a message to the answer: read, decided, written and audited in one commit, then acknowledged.

A message that comes again, because its answer was lost, is answered as before and changes nothing. One that comes with
the control id of another is refused, for one of the two would be lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import structlog

from careloom.connectors.hl7v2.acknowledgment import accepted, refused
from careloom.connectors.hl7v2.message import Message, parse
from careloom.connectors.hl7v2.movement import Movement, Record, movement
from careloom.connectors.hl7v2.tables import Tables
from careloom.connectors.intake import Arrival, Intake
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, ConflictError
from careloom.search import SearchParameters
from careloom.store import Turn, Version

REMEMBERED = timedelta(days=7)
"""How long a message is recognised when it comes again; the longest outage a sender's queue is made for."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hl7v2Source:
    """Takes the messages of one sending system.

    Attributes:
        intake: The way onto the record.
        parameters: By which the record is searched.
        tables: How messages become resources.
        check: Judges a resource before it is written.
    """

    intake: Intake
    parameters: SearchParameters
    tables: Tables
    check: Callable[[Resource], Sequence[Issue]]

    async def take(self, data: bytes, address: str = "") -> bytes:
        """The answer to a message; what it changes is durable by then, or nothing is changed."""
        message = None
        now, new_id = self.intake.clock, self.intake.new_id
        try:
            message = parse(data)
            await self._write(message, data, address)
        except CareloomError as error:
            return refused(message, error, now=now(), new_id=new_id)
        except Exception as error:
            control_id = message.control_id if message else ""
            _log.exception("message failed", client=self.intake.client, control_id=control_id)
            return refused(message, error, now=now(), new_id=new_id)
        return accepted(message, now=now(), new_id=new_id)

    async def _write(self, message: Message, data: bytes, address: str) -> None:
        moved = movement(message, self.tables)

        def write(turn: Turn) -> Sequence[Version] | None:
            if not self._is_first(turn, message, data):
                return None
            record = Record(turn, self.parameters, self.check, self.tables.patient_systems)
            record.apply(moved)
            return record.written

        told = f"ADT^{message.event} over MLLP"
        await self.intake.record(Arrival(message.control_id, told, _types(moved), address), write)

    def _is_first(self, turn: Turn, message: Message, data: bytes) -> bool:
        """Whether a message is new; one without a control id always is."""
        if not message.control_id:
            return True
        scope, until = f"hl7v2 {self.intake.client}", self.intake.clock() + REMEMBERED
        if not turn.once(f"{scope} content", f"{message.control_id} {sha256(data).hexdigest()}", until):
            return False
        if not turn.once(scope, message.control_id, until):
            raise ConflictError(f"MSH-10: a new control id expected, {message.control_id!r} is that of another message")
        return True


def _types(moved: Movement) -> list[str]:
    return ["Patient", *(["Encounter"] if moved.encounter else []), *(["Location"] if moved.location else [])]
