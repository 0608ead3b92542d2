"""Signals that come in, on record: each a Basic, by which topics can tell it on.

The same signal twice, by source and id, is recorded once; the same name for something else is refused. A batch is
recorded whole or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from careloom.connectors.intake import Arrival, Intake
from careloom.connectors.signals.cloud_events import read_cloud_events
from careloom.connectors.signals.signal import Signal, is_nhs_number
from careloom.model import Resource
from careloom.model.errors import ConflictError
from careloom.store import Turn, Version

SYSTEM: Final = "https://careloom.org/CodeSystem/signal-type"
EXTENSION: Final = "https://careloom.org/StructureDefinition/signal"
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignalSource:
    """Takes the signals of one publisher."""

    intake: Intake

    async def take(self, headers: Mapping[str, str], body: bytes, address: str = "") -> int:
        """Record the signals of a request; how many of them were new.

        Args:
            headers: With names in lower case.
            body: As it came.
            address: Network address of the sender.

        Raises:
            CareloomError: As `read_cloud_events`; ConflictError where a name is used twice; ForbiddenError where the
                publisher may not. Nothing is recorded then.
        """
        signals = read_cloud_events(headers, body)
        written: list[Version] = []

        def write(turn: Turn) -> Sequence[Version]:
            written.extend(turn.create(basic(signal)) for signal in signals if self._is_first(turn, signal))
            return written

        told = f"{len(signals)} signals of {signals[0].source}" if signals else "no signals"
        await self.intake.record(Arrival(signals[0].id if signals else "", told, ["Basic"], address), write)
        return len(written)

    def _is_first(self, turn: Turn, signal: Signal) -> bool:
        scope, until = f"signals {self.intake.client}", self.intake.clock() + REMEMBERED
        name = f"{signal.source} {signal.id}"
        if not turn.once(f"{scope} content", f"{name} {sha256(repr(signal).encode()).hexdigest()}", until):
            return False
        if not turn.once(scope, name, until):
            raise ConflictError(f"id: a new one expected, {signal.id!r} of {signal.source} is that of another signal")
        return True


def basic(signal: Signal) -> Resource:
    """A signal as a resource."""
    subject: dict[str, Any] = {"value": signal.subject}
    if is_nhs_number(signal.subject):
        subject = {"system": NHS_NUMBER, **subject}
    return {
        "resourceType": "Basic",
        "extension": [
            {"url": f"{EXTENSION}-dataref", "valueUrl": signal.dataref},
            {"url": f"{EXTENSION}-time", "valueInstant": signal.time},
        ],
        "identifier": [{"system": _system(signal.source), "value": signal.id}],
        "code": {"coding": [{"system": SYSTEM, "code": signal.type}]},
        **({"subject": {"identifier": subject}} if signal.subject else {}),
        "created": signal.time[:10],
    }


def _system(source: str) -> str:
    """A source as the system of its ids: MNS has sources such as ``uk.nhs.a-service``, which are no absolute URI."""
    return source if ":" in source else f"urn:careloom:source:{source}"
