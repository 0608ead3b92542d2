"""The snapshot of a structure definition: the one that it came with, else one that the generator makes."""

from careloom.definitions.snapshot.complete import Snapshot, Source
from careloom.definitions.snapshot.shape import check_snapshot
from careloom.model import Resource


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


def _with_ids(definition: Resource) -> Resource:
    """The definition, its snapshot with element ids where a tool left them out."""
    elements = definition["snapshot"]["element"]
    if all("id" in element for element in elements):
        return definition
    from careloom.definitions.snapshot.tree import steps_of  # noqa: PLC0415  (as above)

    ids = (".".join(f"{name}:{slice}" if slice else name for name, slice in way) for way in steps_of(elements))
    named = [{"id": id, **element} for id, element in zip(ids, elements, strict=True)]
    return {**definition, "snapshot": {**definition["snapshot"], "element": named}}
