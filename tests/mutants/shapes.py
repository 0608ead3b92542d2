"""What snapshots say of elements, read on its own: the mutator shares no reading of profiles with the validator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.errors import CareloomError

CORE = "http://hl7.org/fhir/StructureDefinition/"
_SYSTEM = "http://hl7.org/fhirpath/"
_FHIR_TYPE = CORE + "structuredefinition-fhir-type"
_VALUES = ("fixed", "pattern")


@dataclass(frozen=True, slots=True)
class TypeUse:
    """A type that an element may have, with the profiles of the type and those of the resources referred to."""

    code: str
    profiles: tuple[str, ...]
    targets: tuple[str, ...]

    @property
    def is_primitive(self) -> bool:
        return self.code[0].islower()


class Structure:
    """The snapshot of a StructureDefinition by element id."""

    def __init__(self, resource: Resource) -> None:
        self.url: str = resource["url"]
        self.type: str = resource["type"]
        self.elements: dict[str, Mapping[str, Any]] = {one["id"]: one for one in resource["snapshot"]["element"]}
        self.root: str = next(iter(self.elements))
        self.children: dict[str, list[str]] = {}
        self.slices: dict[str, list[str]] = {}
        for id in self.elements:
            parent, _, last = id.rpartition(".")
            if ":" in last and f"{parent}.{last.partition(':')[0]}" in self.elements:
                self.slices.setdefault(f"{parent}.{last.partition(':')[0]}", []).append(id)
            else:
                self.children.setdefault(parent, []).append(id)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """An element of a snapshot, or a slice of one."""

    structure: Structure
    id: str

    @property
    def definition(self) -> Mapping[str, Any]:
        return self.structure.elements[self.id]

    @property
    def name(self) -> str:
        """JSON name; for a choice without ``[x]``."""
        return str(self.definition["path"]).rpartition(".")[2].removesuffix("[x]")

    @property
    def is_choice(self) -> bool:
        return str(self.definition["path"]).endswith("[x]")

    @property
    def slice_name(self) -> str:
        return self.id.rpartition(".")[2].partition(":")[2]

    @property
    def min(self) -> int:
        return int(self.definition["min"])

    @property
    def max(self) -> int | None:
        """Greatest number; None for no limit."""
        return None if self.definition["max"] == "*" else int(self.definition["max"])

    @property
    def base_min(self) -> int:
        """What the element needs wherever it is first defined, whatever slice it may be in."""
        return int((self.definition.get("base") or self.definition)["min"])

    @property
    def is_list(self) -> bool:
        return (self.definition.get("base") or self.definition)["max"] not in ("0", "1")

    @property
    def slicing(self) -> Mapping[str, Any]:
        return self.definition.get("slicing") or {}

    @property
    def value(self) -> tuple[str, Any] | None:
        """``("fixed", value)`` or ``("pattern", value)``, if there is one."""
        for key, value in self.definition.items():
            for kind in _VALUES:
                if key.startswith(kind) and key[len(kind) :][:1].isupper():
                    return kind, value
        return None

    @property
    def content_reference(self) -> str:
        """The path of the element whose content is repeated here; a slice named in its place is no other content."""
        return str(self.definition.get("contentReference", "")).rpartition("#")[2].partition(":")[0]

    @property
    def types(self) -> tuple[TypeUse, ...]:
        return tuple(
            TypeUse(self._code(type), tuple(type.get("profile", ())), tuple(type.get("targetProfile", ())))
            for type in self.definition.get("type", ())
        )

    @property
    def keys(self) -> Iterator[tuple[str, TypeUse]]:
        """The JSON properties by which the element may appear, each with its type."""
        for use in self.types or (TypeUse("BackboneElement", (), ()),):
            yield (self.name + use.code[0].upper() + use.code[1:] if self.is_choice else self.name), use

    def _code(self, type: Mapping[str, Any]) -> str:
        code = str(type["code"])
        if not code.startswith(_SYSTEM):
            return code
        if (self.definition.get("base") or self.definition)["path"] == "Resource.id":
            return "id"
        named = (one.get("valueUrl") for one in type.get("extension", ()) if one["url"] == _FHIR_TYPE)
        return str(next(named, None) or "string")


class Shapes:
    """Structures by canonical URL or type name, and the way from an element to those below it."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._structures: dict[str, Structure | None] = {}

    def root(self, canonical_or_type: str) -> Shape | None:
        """The root element of a definition; None when there is no such definition, or a broken one."""
        if canonical_or_type not in self._structures:
            self._structures[canonical_or_type] = self._read(canonical_or_type)
        structure = self._structures[canonical_or_type]
        return Shape(structure, structure.root) if structure else None

    def children(self, shape: Shape, use: TypeUse) -> Sequence[Shape]:
        """The elements below an element where it has a type; by its own snapshot, else by its type."""
        structure, ids = shape.structure, shape.structure.children
        found = ids.get(shape.id) or (ids.get(shape.id.rpartition(":")[0]) if shape.slice_name else None)
        if found:
            return [Shape(structure, id) for id in found]
        repeated = self._repeated(shape.content_reference)
        if repeated:
            return self.children(repeated, use)
        root = self.root(use.profiles[0] if len(use.profiles) == 1 else use.code) or self.root(use.code)
        return self.children(root, use) if root and root.structure.children.get(root.id) else []

    def _repeated(self, reference: str) -> Shape | None:
        """The element of the base type that a content reference names.

        Whether what a profile says of that element holds for its repetitions is disputed, so it is not relied on.
        """
        root = self.root(reference.partition(".")[0]) if reference else None
        return Shape(root.structure, reference) if root and reference in root.structure.elements else None

    def slices(self, shape: Shape) -> Sequence[Shape]:
        """The slices of an element; without slices of slices."""
        return [Shape(shape.structure, id) for id in shape.structure.slices.get(shape.id, ()) if "/" not in id]

    def resource_type(self, canonical: str) -> str:
        """The type that a profile constrains; empty when it is not known."""
        root = self.root(canonical)
        return root.structure.type if root else ""

    @cached_property
    def extensions(self) -> Sequence[Resource]:
        """Every extension definition, in the order of the address."""
        found = [one for one in self.definitions.all("StructureDefinition") if one.get("type") == "Extension"]
        return sorted((one for one in found if one.get("derivation") == "constraint"), key=lambda one: str(one["url"]))

    def _read(self, canonical_or_type: str) -> Structure | None:
        try:
            return Structure(self.definitions.structure(canonical_or_type))
        except CareloomError:
            return None  # the mutator breaks nothing by a definition that cannot be had
