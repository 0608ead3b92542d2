"""From the bytes of a message to the answer: read, decided, written and audited in one commit, then acknowledged.

Messages that come close together share that commit and the turn before it; each is answered for itself.

A message that comes again, because its answer was lost, is answered as before and changes nothing. One that comes with
the control id of another is refused, for one of the two would be lost.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import structlog

from careloom.connectors.hl7v2.acknowledgment import accepted, refused
from careloom.connectors.hl7v2.applying import draft
from careloom.connectors.hl7v2.message import Message, parse
from careloom.connectors.hl7v2.movement import Movement, movement
from careloom.connectors.hl7v2.processing import PRODUCTION, require_processing
from careloom.connectors.hl7v2.tables import Tables, tables_for
from careloom.connectors.intake import Arrival, Intake, Plan, Write
from careloom.connectors.record import Record
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, ConflictError
from careloom.model.records import dataclass
from careloom.store import Returning, SharedTurns, Turn

REMEMBERED: Final = timedelta(days=7)
"""How long a message is recognised when it comes again; the longest outage a sender's queue is made for."""

MOST_TOGETHER: Final = 64
"""Messages that share a turn."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Received:
    """A message that was read, and waits for its turn.

    Attributes:
        arrival: As the audit tells of it.
        movement: What it says.
        control_id: MSH-10.
        digest: Of its bytes.
    """

    arrival: Arrival
    movement: Movement
    control_id: str
    digest: str

    @property
    def content(self) -> str:
        """Control id and content, by which one that comes again is known."""
        return f"{self.control_id} {self.digest}"


class Hl7v2Source:
    """Takes the messages of one sending system.

    Args:
        intake: The way onto the record.
        tables: How messages become resources.
        check: Judges a resource before it is written.
        processing: Processing ids of the messages that are taken.
    """

    def __init__(
        self,
        intake: Intake,
        tables: Tables,
        check: Callable[[Resource], Sequence[Issue]],
        processing: Collection[str] = (PRODUCTION,),
    ) -> None:
        self.intake, self._tables, self._check, self._processing = intake, tables, check, processing
        self._turns = SharedTurns(self._write, most=MOST_TOGETHER, patience=Returning())

    async def take(self, data: bytes, address: str = "") -> bytes:
        """The answer to a message; what it changes is durable by then, or nothing is changed."""
        message = None
        now, new_id = self.intake.clock, self.intake.new_id
        try:
            message = parse(data)
            require_processing(message, self._processing)
            received = self._received(message, data, address)
            await self._turns.written(received)
        except CareloomError as error:
            return refused(message, error, now=now(), new_id=new_id)
        except Exception as error:
            control_id = message.control_id if message else ""
            _log.exception("message failed", client=self.intake.client, control_id=control_id)
            return refused(message, error, now=now(), new_id=new_id)
        return accepted(message, warnings=received.movement.warnings, now=now(), new_id=new_id)

    def _received(self, message: Message, data: bytes, address: str) -> _Received:
        sender = message.header.value(4).component(1).strip() or self.intake.client
        moved = movement(message, tables_for(self._tables, sender))
        arrival = Arrival(message.control_id, f"ADT^{message.event} over MLLP", _types(moved), address)
        return _Received(arrival, moved, message.control_id, sha256(data).hexdigest())

    async def _write(self, group: Sequence[_Received]) -> Sequence[Exception | None]:
        return await self.intake.record_group([each.arrival for each in group], lambda turn: self._planned(turn, group))

    def _planned(self, turn: Turn, group: Sequence[_Received]) -> Plan:
        """How each of a group is written in a turn."""
        record = Record(turn, self._check, self._tables.patient_systems, new_id=self.intake.new_id)
        record.look_up(told for each in group for told in each.movement.told)
        register = _Register(turn, f"hl7v2 {self.intake.client}", self.intake.clock() + REMEMBERED, group)

        def plan(number: int) -> Write | None:
            received = group[number]
            if not register.is_new(received):
                return None
            record.drop()  # of a message that was refused
            draft(received.movement, record)
            register.enter(received)
            return record.write

        return plan


class _Register:
    """The messages that were taken; those without a control id are always new.

    Args:
        turn: The turn.
        scope: Whose control ids they are.
        until: How long they are remembered.
        group: The messages that will be asked for.
    """

    def __init__(self, turn: Turn, scope: str, until: datetime, group: Sequence[_Received]) -> None:
        self._turn, self._scope, self._until = turn, scope, until
        self._contents = set(turn.seen(f"{scope} content", [each.content for each in group]))
        self._ids = set(turn.seen(scope, [each.control_id for each in group]))

    def is_new(self, received: _Received) -> bool:
        """Whether a message has not been taken.

        Raises:
            ConflictError: Another one has, under the same control id.
        """
        if not received.control_id:
            return True
        if received.content in self._contents:
            return False
        if received.control_id in self._ids:
            raise ConflictError(
                f"MSH-10: a new control id expected, {received.control_id!r} is that of another message"
            )
        return True

    def enter(self, received: _Received) -> None:
        """Say that a message has been taken."""
        if received.control_id:
            self._turn.remember(f"{self._scope} content", [received.content], self._until)
            self._turn.remember(self._scope, [received.control_id], self._until)
            self._contents.add(received.content)
            self._ids.add(received.control_id)


def _types(moved: Movement) -> tuple[str, ...]:
    return ("Patient", *(("Encounter",) if moved.encounter else ()), *(("Location",) if moved.location else ()))
