"""A structure definition with its snapshot, and where other definitions are found."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from careloom.model import Issue, Resource
from careloom.model.records import dataclass

if TYPE_CHECKING:
    from careloom.definitions.snapshot.tree import Element, Node


class Source(Protocol):
    """Where the generator finds other definitions."""

    def find(self, canonical: str, type: str | None = None) -> Resource | None:
        """The definition of a canonical URL."""
        ...

    def snapshot(
        self, canonical_or_type: str, *, asked_by: str = "", making: frozenset[str] = frozenset()
    ) -> "Snapshot":
        """The snapshot of a canonical URL, for one who is ``making`` others; NotFoundError without one."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """A structure definition with its snapshot.

    Attributes:
        structure: The StructureDefinition.
        made_of: Canonical URLs of the definitions that the snapshot was made of, or would have been if they were
            there; empty for one that came with its snapshot.
        issues: What is odd in the definition and yet no reason to refuse it.
    """

    structure: Resource
    made_of: frozenset[str] = frozenset()
    issues: tuple[Issue, ...] = ()

    @cached_property
    def tree(self) -> "Node":
        """The snapshot as a tree, to be copied before it is changed; invariants tell where they come from."""
        from careloom.definitions.snapshot.merge import with_source  # noqa: PLC0415  (what came complete is only read)
        from careloom.definitions.snapshot.tree import read_tree  # noqa: PLC0415

        url = self.structure["url"]
        return read_tree(with_source(_with_base(element), url) for element in self.structure["snapshot"]["element"])


def _with_base(element: "Element") -> "Element":
    if "base" in element:
        return element
    return {**element, "base": {"path": element["path"], "min": element["min"], "max": element["max"]}}
