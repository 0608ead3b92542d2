"""Which base, which differential, and what comes out, for a definition that came without a snapshot."""

from careloom.definitions.snapshot.complete import Snapshot, Source
from careloom.definitions.snapshot.merge import in_order
from careloom.definitions.snapshot.shape import differential_of
from careloom.definitions.snapshot.tree import Element, Node, list_elements, read_tree, steps_of
from careloom.definitions.snapshot.walk import Walk
from careloom.model import Issue, Resource
from careloom.model.errors import DefinitionError
from careloom.model.records import dataclass, field

# R5 puts this type, which has no elements, above all others; logical models for R4 name it too.
_BASE = "http://hl7.org/fhir/StructureDefinition/Base"


@dataclass(slots=True)
class Generator:
    """Makes one snapshot."""

    definition: Resource
    source: Source
    making: frozenset[str]
    made_of: set[str] = field(default_factory=set)

    def make(self) -> Snapshot:
        """Walk the differential over the base.

        Raises:
            DefinitionError: The definition breaks the rules; the message has its URL and the element id.
            NotFoundError: Its base is not there.
        """
        differential = differential_of(self.definition)
        url, type = self.definition["url"], self.definition["type"]
        type_name = type.rpartition("/")[2]
        base = self._base()
        walk = Walk(url, base, self.unfold, self.find, may_add=not self._is_constraint)
        root = self._root(base, type_name)
        if differential:
            walk.apply(root, read_tree(differential), type_name)
        elements = [in_order(element) for element in list_elements(root, type_name)]
        notes = dict.fromkeys([*_misnamed_slices(differential), *walk.notes])
        return Snapshot(self._with_snapshot(elements), frozenset(self.made_of), tuple(self._issue(*it) for it in notes))

    @property
    def _is_constraint(self) -> bool:
        return self.definition.get("derivation") == "constraint"

    def find(self, canonical: str) -> Resource | None:
        """Another structure definition, noted as something this one is made of."""
        self.made_of.add(canonical.partition("|")[0])
        return self.source.find(canonical, "StructureDefinition")

    def unfold(self, canonical: str, element: str) -> Node | None:
        """The tree of a type or profile; None where it is unknown, or is being made for this one."""
        if self.find(canonical) is None or canonical.partition("|")[0] in self._being_made:
            return None
        return self._tree(canonical, f"{self.definition['url']} element {element}")

    @property
    def _being_made(self) -> frozenset[str]:
        return self.making | {self.definition["url"]}

    def _tree(self, canonical: str, asked_by: str) -> Node:
        snapshot = self.source.snapshot(canonical, asked_by=asked_by, making=self._being_made)
        self.made_of |= snapshot.made_of
        return snapshot.tree

    def _base(self) -> Node:
        canonical = self.definition.get("baseDefinition")
        url: str = self.definition["url"]
        if canonical is None:
            if self._is_constraint:
                raise DefinitionError("baseDefinition: a constraint needs the definition that it constrains", url=url)
            return Node(self.definition["type"], "", {"min": 0, "max": "*"})
        if canonical.partition("|")[0] in self._being_made:
            raise DefinitionError(f"baseDefinition: {canonical} builds on this definition itself", url=url)
        found = self.find(canonical)
        if found is None and canonical == _BASE:
            return Node(self.definition["type"], "", {"min": 0, "max": "*"})
        if found is not None and self._is_constraint and found.get("type") != self.definition["type"]:
            expected = found.get("type")
            raise DefinitionError(
                f"type: {expected} expected as in {canonical}, found {self.definition['type']}", url=url
            )
        return self._tree(canonical, url)

    def _root(self, base: Node, type_name: str) -> Node:
        root = base.copy()
        root.name = type_name
        if not self._is_constraint:
            root.element = {**root.element, "base": {"path": type_name, "min": 0, "max": "*"}}
        return root

    def _with_snapshot(self, elements: list[Element]) -> Resource:
        """The definition with the snapshot where FHIR has it, before the differential."""
        told = {key: value for key, value in self.definition.items() if key not in ("snapshot", "differential")}
        rest = {key: value for key, value in self.definition.items() if key == "differential"}
        return {**told, "snapshot": {"element": elements}, **rest}

    def _issue(self, element: str, what: str) -> Issue:
        return Issue("warning", "not-found", f"{element}: {what}", rule="snapshot", profile=self.definition["url"])


def _misnamed_slices(differential: list[Element]) -> list[tuple[str, str]]:
    """Elements whose id and sliceName name two different slices; the sliceName counts."""
    found = []
    for element, way in zip(differential, steps_of(differential), strict=True):
        name = element.get("sliceName")
        if name is not None and way[-1][1] != name:
            found.append((element["id"], f"the id names the slice {way[-1][1]}, sliceName says {name}"))
    return found
