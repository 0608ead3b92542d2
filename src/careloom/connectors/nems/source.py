"""Event messages that come in, on record: what they say of a patient and a stay, laid over what is known.

NEMS promises no order, so what is earlier than what was taken of the same patient, event and publisher changes nothing;
how far a publisher had come is kept with the header of its last message. NEMS also hands back what the hub has
published itself: that is known by its source, and passed over.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from careloom.connectors.intake import Brought
from careloom.connectors.nems.event import EventMessage, is_later
from careloom.connectors.patients import patient_of, survivor
from careloom.connectors.record import Known, Record
from careloom.model import Issue, Resource, serialize_json
from careloom.model.errors import ConflictError
from careloom.model.instants import Clock
from careloom.model.nhs_number import NHS_NUMBER
from careloom.model.records import dataclass
from careloom.store import Turn, Version

ORDER: Final = "https://careloom.org/StructureDefinition/event-order"
REMEMBERED: Final = timedelta(days=30)

_NAMESPACE: Final = UUID("3f0f1d5e-6d70-5b6b-9f0e-0f0a52a7b3c1")


@dataclass(frozen=True, slots=True)
class EventRules:
    """By what events are taken, whoever sends them.

    Attributes:
        clock: The present instant.
        check: Judges a resource before it is written.
        own: Endpoints that the hub itself publishes by.
    """

    clock: Clock
    check: Callable[[Resource], Sequence[Issue]]
    own: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class NemsSource:
    """Takes the event messages of one sender.

    Attributes:
        client: Id of the client that the sender is: its names for messages are its own.
        rules: By what they are taken.
    """

    client: str
    rules: EventRules

    def brought(self, event: EventMessage, bundle: Resource) -> Brought:
        """An event, ready to be recorded.

        Args:
            event: As it was read.
            bundle: The message, by which one that comes again is known.
        """
        types = ("Patient", "MessageHeader", *(("Encounter",) if event.encounter else ()))

        def write(turn: Turn) -> Sequence[Version]:
            if (
                event.publisher in self.rules.own
                or not self._is_first(turn, event, bundle)
                or not self._is_later(turn, event)
            ):
                return ()
            return self._write(turn, event)

        return Brought(event.id, f"event {event.code} of {event.publisher}", types, (), write)

    def _write(self, turn: Turn, event: EventMessage) -> list[Version]:
        record = Record(turn, self.rules.check, (NHS_NUMBER,))
        known = survivor(record, record.find(event.patient)) if event.is_routed_alone else None
        patient = known or patient_of(record, event.patient)
        if event.encounter is not None:
            known = record.find(event.encounter)
            after = event.encounter.laid_over(known.resource if known else {})
            record.put(known, {**after, "subject": {"reference": patient.reference}})
        record.judge()
        return [*record.write(), turn.update(self._header(event, patient))]

    def _header(self, event: EventMessage, patient: Known) -> Resource:
        """What is kept of the message."""
        return {
            "resourceType": "MessageHeader",
            "id": self._key(event),
            **({"extension": [{"url": ORDER, "valueString": event.order}]} if event.order else {}),
            "eventCoding": event.coding,
            "source": {"endpoint": event.publisher},
            "focus": [{"reference": patient.reference}],
        }

    def _is_first(self, turn: Turn, event: EventMessage, bundle: Resource) -> bool:
        scope, until = f"nems {self.client}", self.rules.clock() + REMEMBERED
        digest = sha256(serialize_json(bundle)).hexdigest()
        if not turn.once(f"{scope} content", f"{event.id} {digest}", until):
            return False
        if not turn.once(scope, event.id, until):
            raise ConflictError(f"MessageHeader.id: a new id expected, {event.id!r} is that of another message")
        return True

    def _is_later(self, turn: Turn, event: EventMessage) -> bool:
        known = turn.read("MessageHeader", self._key(event))
        extensions = ((known.resource if known else None) or {}).get("extension", ())
        before = next((each["valueString"] for each in extensions if each.get("url") == ORDER), "")
        return is_later(event.order, before)

    def _key(self, event: EventMessage) -> str:
        return str(uuid5(_NAMESPACE, f"{self.client} {event.about} {event.code} {event.publisher}"))
