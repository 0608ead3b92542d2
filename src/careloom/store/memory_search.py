"""Searching the record in memory: every living version of a snapshot is looked at.

It is the plain statement of what a search means, which the databases must answer as well.
"""

from collections.abc import Callable, Iterable, Iterator

from careloom.model.records import dataclass
from careloom.search import IndexValues, Query, holds_all, in_order
from careloom.store.versions import Version

Held = tuple[IndexValues, Version]
"""A version with what it is found by."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The record as it stood at a sequence: a `careloom.search.Population`.

    Attributes:
        living: Gives the living versions of a type, or of all types for the empty string.
        newest: Gives the living version of a type by its id; None where there is none.
    """

    living: Callable[[str], Iterable[Held]]
    newest: Callable[[str, str], Held | None]

    def resolve(self, reference: str) -> IndexValues | None:
        """As in the port."""
        type, _, id = reference.partition("/")
        held = self.newest(type, id)
        return held[0] if held else None

    def referring(self, type: str, parameter: str, target: str) -> Iterator[IndexValues]:
        """As in the port."""
        for values, _ in self.living(type):
            references = values.references.get(parameter, ())
            if any(reference.id and reference.target == target for reference in references):
                yield values

    def matches(self, query: Query) -> list[Version]:
        """What matches a query, in its order, newest first where that says nothing."""
        found = [held for held in self.living(query.type) if holds_all(query, held[0], self)]
        found.sort(key=lambda held: held[1].sequence, reverse=True)
        return in_order(query, found)
