"""Signals that come in, on record: each a Basic, by which topics can tell it on.

The same signal twice, by source and id, is recorded once; the same name for something else is refused. A batch is
recorded whole or not at all.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from careloom.connectors.intake import Brought
from careloom.model import Resource
from careloom.model.errors import ConflictError
from careloom.model.instants import Clock
from careloom.model.nhs_number import NHS_NUMBER, is_nhs_number
from careloom.model.records import dataclass
from careloom.notify.signals import Signal, read_cloud_events
from careloom.notify.signals.filtering import Option
from careloom.store import Turn, Version

SYSTEM: Final = "https://careloom.org/CodeSystem/signal-type"
EXTENSION: Final = "https://careloom.org/StructureDefinition/signal"
REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignalSource:
    """Takes the signals of one publisher.

    Attributes:
        client: Id of the client that the publisher is: its names for signals are its own.
        clock: The present instant.
    """

    client: str
    clock: Clock

    def read(self, headers: Mapping[str, str], body: bytes) -> Brought:
        """The signals of a request.

        Args:
            headers: With names in lower case.
            body: As it came.

        Raises:
            CareloomError: As `read_cloud_events`.
        """
        return self.brought(read_cloud_events(headers, body))

    def brought(self, signals: Sequence[Signal]) -> Brought:
        """Signals, ready to be recorded; ConflictError where a name is used twice, when they are."""
        resources = [basic(signal) for signal in signals]

        def write(turn: Turn) -> list[Version]:
            return [
                turn.create(resource)
                for signal, resource in zip(signals, resources, strict=True)
                if self._is_first(turn, signal)
            ]

        first = signals[0] if signals else None
        told = f"{len(signals)} signals of {first.source}" if first else "no signals"
        return Brought(first.id if first else "", told, ("Basic",), resources, write)

    def _is_first(self, turn: Turn, signal: Signal) -> bool:
        scope, until = f"signals {self.client}", self.clock() + REMEMBERED
        name = f"{signal.source} {signal.id}"
        if not turn.once(f"{scope} content", f"{name} {sha256(_content(signal).encode()).hexdigest()}", until):
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
            *([{"url": f"{EXTENSION}-dataref", "valueUrl": signal.dataref}] if signal.dataref else ()),
            {"url": f"{EXTENSION}-time", "valueInstant": signal.time},
            *([{"url": f"{EXTENSION}-version", "valueString": signal.version_id}] if signal.version_id else ()),
            *(_filtered(name, option) for name, option in signal.filtering),
            *(_attribute(name, value) for name, value in signal.attributes),
        ],
        "identifier": [{"system": _system(signal.source), "value": signal.id}],
        "code": {"coding": [{"system": SYSTEM, "code": signal.type}]},
        **({"subject": {"identifier": subject}} if signal.subject else {}),
        "created": signal.time[:10],
    }


def _content(signal: Signal) -> str:
    """What tells a signal from others of its name; what its sender says besides is said of the sending."""
    return f"{signal!r}{signal.filtering}" if signal.filtering else repr(signal)


def _filtered(name: str, option: Option) -> dict[str, Any]:
    """An option that subscribers may filter by: its name, and each of its values."""
    values = option if isinstance(option, tuple) else (option,)
    parts = [{"url": "value", "valueString" if isinstance(each, str) else "valueDecimal": each} for each in values]
    return {"url": f"{EXTENSION}-filtering", "extension": [{"url": "name", "valueString": name}, *parts]}


def _attribute(name: str, value: str | int) -> dict[str, Any]:
    """An extension attribute, by its name."""
    kind = {bool: "valueBoolean", int: "valueInteger"}.get(type(value), "valueString")
    parts = [{"url": "name", "valueString": name}, {"url": "value", kind: value}]
    return {"url": f"{EXTENSION}-attribute", "extension": parts}


def _system(source: str) -> str:
    """A source as the system of its ids: MNS has sources such as ``uk.nhs.a-service``, which are no absolute URI."""
    return source if ":" in source else f"urn:careloom:source:{source}"
