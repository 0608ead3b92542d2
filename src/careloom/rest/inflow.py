"""What is sent to the hub and is no FHIR R4 request: read elsewhere, judged, written and audited here like the rest."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from careloom.model.resource import Resource
from careloom.store import Turn, Version


class Brought(Protocol):
    """What somebody has sent, as it is understood."""

    @property
    def types(self) -> Sequence[str]:
        """Resource types that it writes; whoever sends it needs the right to."""
        ...

    @property
    def resources(self) -> Sequence[Resource]:
        """What it writes, as far as that is known without the record."""
        ...

    def write(self, turn: Turn) -> Sequence[Version]:
        """Write it, and give the versions; none where the same came before.

        Raises:
            CareloomError: It cannot be written.
        """
        ...


class Inflow(Protocol):
    """Reads what is sent."""

    def event(self, client: str, message: Resource) -> Brought | None:
        """The event in a message; None where it is a message of something else.

        Raises:
            CareloomError: It is an event, and no good one.
        """
        ...

    def as_r4(self, data: bytes) -> bytes:
        """A message in XML as R4 has it, where it is an event's in an older version of FHIR.

        Raises:
            MalformedError: It is no XML.
        """
        ...

    def signals(self, client: str, headers: Mapping[str, str], data: bytes) -> Brought:
        """CloudEvents of a client.

        Args:
            client: Id of the client that sends them.
            headers: By lower-case name.
            data: The body, unpacked.

        Raises:
            CareloomError: One of them is no good; none of them counts then.
        """
        ...
