"""What the units of a group have written, kept together until it is written table by table.

A unit collects its rows; when its work returns they are handed over to the group, and all of them are written at once
before the commit, or before anything is done that the tables must be up to date for: a search, or what a unit writes by
statements of its own. Until then the resources that were written are known here, so that the units behind see them.

A unit whose work raises has handed over nothing. It costs the others nothing, and needs no savepoint unless it wrote to
the tables itself.
"""

from careloom.model.records import dataclass, field
from careloom.store.sql.batch import Batch
from careloom.store.sql.dialect import Connection
from careloom.store.sql.entered import Written
from careloom.store.sql.statements import load_statements

_SQL = load_statements("record.sql")


@dataclass(slots=True)
class Group:
    """The units that were done and are not in the tables yet.

    Args:
        batch: Takes their rows.

    Attributes:
        written: By hash of the address, the newest versions of the resources that they wrote.
        types: Of which they recorded versions.
    """

    batch: Batch
    written: dict[int, Written] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    _units: list[tuple[int, int, int, str]] = field(default_factory=list)

    def take(self, batch: Batch, written: dict[int, Written], types: set[str]) -> None:
        """Take over what a unit has written."""
        self.batch.take(batch)
        self.written.update(written)
        self.types |= types

    def add_unit(self, first: int, last: int, cause: str) -> None:
        """Take over who caused a unit, and its vids."""
        self._units.append((self.batch.tenant, first, last, cause))

    def write(self, connection: Connection) -> set[str]:
        """Write what is here and begin anew; the types of which there are versions now."""
        self.batch.write(connection)
        if self._units:
            connection.executemany(_SQL["add_units"], self._units)
        types = self.types
        self.forget()
        return types

    def forget(self) -> None:
        """Begin anew: what was not written is undone with the rest of the group."""
        self.batch = Batch(self.batch.tenant, self.batch.dialect)
        self.written, self.types, self._units = {}, set(), []
