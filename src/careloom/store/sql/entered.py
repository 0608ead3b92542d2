"""What a turn keeps of an audit record that it has entered: enough to write it out, for which next to nobody asks."""

from typing import ClassVar

from careloom.model.records import dataclass
from careloom.store.ids import recorded_at
from careloom.store.recording import stamped
from careloom.store.sql.blanks import TYPE
from careloom.store.sql.preparing import Indexed
from careloom.store.versions import Interaction, Version


@dataclass(frozen=True, slots=True)
class Entered:
    """A first version that is not written out.

    Attributes:
        ready: The record.
        number: Of its version.
        sequence: Its vid.
        type: As in `careloom.store.versions.Version`.
        interaction: As in `careloom.store.versions.Version`.
    """

    ready: Indexed
    number: int
    sequence: int

    type: ClassVar[str] = TYPE
    interaction: ClassVar[Interaction] = "create"

    @property
    def id(self) -> str:
        """As in `careloom.store.versions.Version`."""
        return self.ready.id

    @property
    def version(self) -> Version:
        """The version, written out."""
        moment, number = recorded_at(self.sequence), str(self.number)
        resource = stamped(self.ready.resource, self.ready.id, number, moment)
        return Version(TYPE, self.ready.id, number, moment, self.interaction, resource, self.sequence)


Written = Version | Entered
