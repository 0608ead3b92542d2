"""A structure definition with its snapshot: the one that it came with, else one that the generator makes."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from careloom.definitions.snapshot.shape import check_snapshot
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


def generate(definition: Resource, source: Source, *, making: frozenset[str] = frozenset()) -> Snapshot:
    """A structure definition with its snapshot: the one it has, else one made of its base and differential.

    Args:
        definition: A StructureDefinition; it is not changed.
        source: Gives the base, the types and the profiles on types.
        making: Canonical URLs of the definitions that this one is needed for.

    Raises:
        DefinitionError: It breaks the rules; the message has its URL and the element id.
        NotFoundError: Its base is not there.
    """
    if _has_snapshot(definition):
        check_snapshot(definition)
        return Snapshot(_with_ids(definition))
    from careloom.definitions.snapshot.generator import Generator  # noqa: PLC0415  (FHIR R4 comes complete)

    return Generator(definition, source, making).make()


def _has_snapshot(definition: Resource) -> bool:
    snapshot = definition.get("snapshot")
    return isinstance(snapshot, dict) and isinstance(snapshot.get("element"), list) and bool(snapshot["element"])


def _with_base(element: "Element") -> "Element":
    if "base" in element:
        return element
    return {**element, "base": {"path": element["path"], "min": element["min"], "max": element["max"]}}


def _with_ids(definition: Resource) -> Resource:
    """The definition, its snapshot with element ids where a tool left them out."""
    elements = definition["snapshot"]["element"]
    if all("id" in element for element in elements):
        return definition
    from careloom.definitions.snapshot.tree import steps_of  # noqa: PLC0415  (as above)

    ids = (".".join(f"{name}:{slice}" if slice else name for name, slice in way) for way in steps_of(elements))
    named = [{"id": id, **element} for id, element in zip(ids, elements, strict=True)]
    return {**definition, "snapshot": {**definition["snapshot"], "element": named}}
