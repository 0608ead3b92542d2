"""A profile compiled to what it says beyond the type it constrains.

The snapshot repeats everything the type says already, and everything of every data type it unfolds. Each
element is therefore held against the same element of the type, and what is the same is dropped; an element that
is left with nothing to say, and has no slice or child that does, is not in the schema.
"""

from collections.abc import Callable, Iterable

from careloom.model import Resource
from careloom.model.records import replace
from careloom.validation.reading import read_tree
from careloom.validation.schema import Binding, Constraint, Context, Element, Node, Schema, TypeRule

Nodes = Callable[[str], Node | None]


def compile_schema(structure: Resource, nodes: Nodes) -> Schema:
    """The schema of a profile that has a snapshot.

    Args:
        structure: StructureDefinition as parsed JSON, with ``snapshot``.
        nodes: Gives the node of a type by name.

    Raises:
        DefinitionError: The definition is broken; names its URL and element.
    """
    tree = read_tree(structure)
    type = str(structure.get("type", tree.name)).rpartition("/")[2]
    node = nodes(type)
    root = replace(
        tree,
        min=0,
        max=None,
        types=(),
        constraints=_added(tree.constraints, node.constraints if node else ()),
        children=dict(_children(tree, node, nodes)),
        slices=(),
        slicing=None,
    )
    return Schema(
        url=str(structure.get("url", "")),
        version=str(structure.get("version", "")),
        type=type,
        name=str(structure.get("title") or structure.get("name") or ""),
        root=root,
        contexts=tuple(
            Context(str(context.get("type", "")), str(context.get("expression", "")))
            for context in structure.get("context", ())
        ),
        context_invariants=tuple(map(str, structure.get("contextInvariant", ()))),
        is_modifier=tree.is_modifier,
    )


def _children(element: Element, node: Node | None, nodes: Nodes) -> Iterable[tuple[str, Element]]:
    for name, child in element.children.items():
        base = node.elements.get(name) if node else None
        kept = _prune(child, base, nodes)
        if _says_something(kept):
            yield name, kept


def _prune(element: Element, base: Element | None, nodes: Nodes) -> Element:
    """The element without what its base says; every slice keeps its own counts and types."""
    slices = tuple(_prune_slice(slice, base, nodes) for slice in element.slices)
    kept = _without(element, base, nodes)
    return replace(
        kept,
        min=element.min if base is None or element.min > base.min else 0,
        max=element.max if base is None or _is_less(element.max, base.max) else None,
        slices=slices,
        slicing=element.slicing if slices or (element.slicing and element.slicing.rules == "closed") else None,
    )


def _prune_slice(slice: Element, base: Element | None, nodes: Nodes) -> Element:
    kept = _without(slice, base, nodes)
    return replace(kept, slices=tuple(_prune_slice(inner, base, nodes) for inner in slice.slices))


def _without(element: Element, base: Element | None, nodes: Nodes) -> Element:
    types = _as_nodes(element.types, base)
    below = _node_below(types, base, nodes)
    inherited = (*(base.constraints if base else ()), *(below.constraints if below else ()))
    return replace(
        element,
        is_list=base.is_list if base else element.is_list,
        is_modifier=False,
        types=() if base and set(types) == set(base.types) else types,
        binding=None if base and _adds_nothing(element.binding, base.binding) else element.binding,
        max_length=None if base and element.max_length == base.max_length else element.max_length,
        limits=() if base and element.limits == base.limits else element.limits,
        constraints=_added(element.constraints, inherited),
        children=dict(_children(element, below, nodes)),
    )


def _as_nodes(types: tuple[TypeRule, ...], base: Element | None) -> tuple[TypeRule, ...]:
    """Types with the base's name for a part of a resource: an unfolded content reference is named by its path."""
    if base is None or len(base.types) != 1 or "." not in base.types[0].code:
        return types
    return tuple(replace(type, code=base.types[0].code) for type in types)


def _node_below(types: tuple[TypeRule, ...], base: Element | None, nodes: Nodes) -> Node | None:
    """The node by which the children of an element are held against their base."""
    codes = [type.code for type in types or (base.types if base else ())]
    found = nodes(codes[0]) if len(set(codes)) == 1 else None
    return found or nodes("Element")


def _added(constraints: Iterable[Constraint], inherited: Iterable[Constraint]) -> tuple[Constraint, ...]:
    known = {(constraint.key, constraint.expression) for constraint in inherited}
    keys = {"ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6"}
    return tuple(one for one in constraints if (one.key, one.expression) not in known and one.key not in keys)


def _adds_nothing(binding: Binding | None, base: Binding | None) -> bool:
    return binding is None or binding == base


def _is_less(max: int | None, base: int | None) -> bool:
    return max is not None and (base is None or max < base)


def _says_something(element: Element) -> bool:
    return bool(
        element.min
        or element.max is not None
        or element.types
        or element.required
        or element.limits
        or element.max_length is not None
        or element.must_have_value
        or element.narrative_language
        or element.narrative_source
        or element.binding
        or element.constraints
        or element.slicing
        or element.slices
        or element.children
    )
