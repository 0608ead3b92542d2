"""Types of the specification compiled to nodes, the complete tables that structure is checked by."""

from collections.abc import Iterable, Iterator, Mapping

from careloom.model import Resource
from careloom.validation.reading import read_tree
from careloom.validation.schema import Element, Kind, Node, Property

_KINDS: Mapping[str, Kind] = {"resource": "resource", "primitive-type": "primitive"}


def compile_nodes(structure: Resource) -> dict[str, Node]:
    """The node of a type, and one for each of its elements that has elements itself, by name.

    Raises:
        DefinitionError: The definition is broken; names its URL and element.
    """
    root = read_tree(structure)
    kind = _KINDS.get(str(structure.get("kind")), "complex")
    return {node.name: node for node in _nodes(root, root.name, kind)}


def json_keys(element: Element) -> tuple[str, ...]:
    """The JSON properties by which an element may appear, without their ``_`` siblings."""
    if not element.is_choice:
        return (element.name,)
    return tuple(choice_key(element.name, type.code) for type in element.types)


def choice_key(name: str, type: str) -> str:
    """``valueQuantity`` for ``value`` and ``Quantity``."""
    return name + type[0].upper() + type[1:]


def is_primitive(type: str) -> bool:
    """Whether a FHIR type is a primitive one: its name starts in lower case."""
    return type[0].islower()


def _nodes(element: Element, name: str, kind: Kind) -> Iterator[Node]:
    yield _node(element, name, kind)
    for child in element.children.values():
        if child.children:
            yield from _nodes(child, f"{name}.{child.name}", "backbone")


def _node(element: Element, name: str, kind: Kind) -> Node:
    children = element.children.values()
    keyed = [(child, json_keys(child)) for child in children]
    return Node(
        name=name,
        kind=kind,
        elements=element.children,
        properties=dict(_properties(children)),
        required=tuple((child, keys) for child, keys in keyed if child.min > 0),
        choices=tuple((child, keys) for child, keys in keyed if len(keys) > 1),
        constraints=element.constraints,
    )


def _properties(elements: Iterable[Element]) -> Iterator[tuple[str, Property]]:
    for element in elements:
        for type in element.types:
            key = choice_key(element.name, type.code) if element.is_choice else element.name
            yield key, Property(element, type, is_primitive(type.code))
