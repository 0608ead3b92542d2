"""What the types of FHIR look like, made from the snapshots of their definitions when first asked for.

A *node* is a type, or a part of one that has elements of its own: ``Patient``, ``Patient.contact``, ``HumanName``,
``string``. A content reference names the node it repeats, so ``Questionnaire.item.item`` is of the node
``Questionnaire.item``, and a walk down a resource goes from node to node without end.

Three things in the definitions of 4.0.1 are put straight here:

- ``Element.id``, ``Extension.url`` and ``Resource.id`` carry a system type and name the FHIR type in an extension;
- that extension says ``string`` for ``Resource.id``, whose type is ``id``;
- the ``value`` of a primitive has no FHIR type: its type here is the system type, ``System.String``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol

from careloom.model import Resource
from careloom.model.errors import NotFoundError
from careloom.model.records import dataclass

Kind = Literal["resource", "complex", "primitive", "backbone"]

_SYSTEM = "http://hl7.org/fhirpath/"
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_PROFILES_USED_AS_TYPES = frozenset({"SimpleQuantity", "MoneyQuantity"})
_MOST_REMEMBERED = 10_000  # names may be made up by data; R4 has about 700 nodes
_KINDS: Mapping[str, Kind] = {"resource": "resource", "primitive-type": "primitive"}


@dataclass(frozen=True, slots=True)
class ElementInfo:
    """An element of a node.

    Attributes:
        name: JSON name; for a choice without ``[x]`` and without type.
        path: As the definition has it, ``Observation.value[x]``.
        types: Names of nodes: types, or for a backbone or a content reference its node.
        is_list: Whether JSON has an array here.
        is_choice: Whether the JSON name has the type appended.
        min: Least number of occurrences.
        max: Greatest number, or ``*``.
        is_summary: Whether it is told in a summary.
    """

    name: str
    path: str
    types: tuple[str, ...]
    is_list: bool
    is_choice: bool
    min: int
    max: str
    is_summary: bool = False


@dataclass(frozen=True, slots=True)
class TypeNode:
    """A type, or a part of one with elements of its own.

    Attributes:
        name: ``Patient``, ``Patient.contact``, ``HumanName``, ``string``.
        kind: What it is; a logical model counts as complex.
        base: The type it specialises or constrains; None for the roots of the tree.
        elements: By `ElementInfo.name`, in the order of the snapshot, inherited ones included.
    """

    name: str
    kind: Kind
    base: str | None
    elements: Mapping[str, ElementInfo]


class Structures(Protocol):
    """Gives the structure definition of a type with its snapshot; raises NotFoundError without one."""

    def __call__(self, canonical_or_type: str, *, asked_by: str = "") -> Resource:
        """The definition of a type."""
        ...


class TypeModel:
    """The types that a set of definitions knows."""

    def __init__(self, structures: Structures, resource_types: frozenset[str]) -> None:
        self._structures = structures
        self._resource_types = resource_types
        self._nodes: dict[str, TypeNode | None] = {}
        self._properties: dict[str, dict[str, tuple[ElementInfo, str]]] = {}

    def node(self, name: str) -> TypeNode | None:
        """The node by that name, or None."""
        if name not in self._nodes:
            self._read(name if ":" in name else name.partition(".")[0])
            if len(self._nodes) < _MOST_REMEMBERED:
                self._nodes.setdefault(name, None)
        return self._nodes.get(name)

    def property(self, node: TypeNode, key: str) -> tuple[ElementInfo, str] | None:
        """The element and the type that a JSON key stands for: ``valueQuantity`` is (value[x], ``Quantity``).

        Resources inside resources are of type ``Resource``; ``_birthDate`` is not known, ``birthDate`` is.
        """
        properties = self._properties.get(node.name)
        if properties is None:
            properties = self._properties[node.name] = dict(_properties(node))
        return properties.get(key)

    def is_a(self, name: str, ancestor: str) -> bool:
        """Whether a node is, or builds on, another: Age is a Quantity, code is a string, Patient is a Resource."""
        current: str | None = name
        while current is not None:
            if current == ancestor:
                return True
            node = self.node(current)
            current = node.base if node else None
        return False

    def resource_types(self) -> frozenset[str]:
        """The names of the concrete resource types."""
        return self._resource_types

    def _read(self, type_name: str) -> None:
        if not type_name or type_name in self._nodes:
            return
        try:
            structure = self._structures(type_name)
        except NotFoundError:
            return
        if structure.get("derivation") == "constraint" and type_name not in _PROFILES_USED_AS_TYPES:
            return
        self._nodes.update({node.name: node for node in _nodes(structure, type_name)})  # all at once, for other threads


def _nodes(structure: Resource, type_name: str) -> Iterator[TypeNode]:
    """The node of a type, and one for each of its elements that has elements itself."""
    root, *elements = (element for element in structure["snapshot"]["element"] if ":" not in element["id"])
    children: dict[str, list[dict[str, Any]]] = {root["path"]: []}
    for element in elements:
        children.setdefault(element["path"].rpartition(".")[0], []).append(element)
    backbones = {element["path"]: _first_code(element) for element in elements if element["path"] in children}
    kind = _KINDS.get(structure.get("kind", ""), "complex")
    for path, below in children.items():
        infos = {info.name: info for info in (_info(element, type_name, kind, backbones) for element in below)}
        if path == root["path"]:
            yield TypeNode(type_name, kind, structure.get("baseDefinition", "").rpartition("/")[2] or None, infos)
        else:
            yield TypeNode(_node_name(path, type_name), "backbone", backbones[path], infos)


def _info(element: dict[str, Any], type_name: str, kind: Kind, backbones: Mapping[str, str]) -> ElementInfo:
    path: str = element["path"]
    name = path.rpartition(".")[2]
    is_choice = name.endswith("[x]")
    if path in backbones:
        types: tuple[str, ...] = (_node_name(path, type_name),)
    elif kind == "primitive" and name == "value":
        types = (element["type"][0]["code"].removeprefix(_SYSTEM),)
    else:
        types = tuple(_types(element))
    return ElementInfo(
        name=name.removesuffix("[x]"),
        path=path,
        types=types,
        is_list=(element.get("base") or element)["max"] != "1",
        is_choice=is_choice,
        min=element["min"],
        max=element["max"],
        is_summary=bool(element.get("isSummary")),
    )


def _first_code(element: dict[str, Any]) -> str:
    """The type of an element with elements of its own; a logical model may leave it out."""
    codes = (type["code"] for type in element.get("type", ()))
    return next(codes, "Element")


def _types(element: dict[str, Any]) -> Iterator[str]:
    if "contentReference" in element:
        yield element["contentReference"].rpartition("#")[2]
    for type in element.get("type", ()):
        yield _type_name(type, element)


def _type_name(type: dict[str, Any], element: dict[str, Any]) -> str:
    code: str = type["code"]
    if not code.startswith(_SYSTEM):
        return code
    if (element.get("base") or element)["path"] == "Resource.id":
        return "id"
    named = (extension.get("valueUrl") for extension in type.get("extension", ()) if extension["url"] == _FHIR_TYPE)
    return next(named, None) or "string"


def _node_name(path: str, type_name: str) -> str:
    return type_name + "." + path.partition(".")[2]


def _properties(node: TypeNode) -> Iterator[tuple[str, tuple[ElementInfo, str]]]:
    for info in node.elements.values():
        for type in info.types:
            yield (info.name + type[0].upper() + type[1:] if info.is_choice else info.name), (info, type)
