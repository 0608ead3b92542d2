"""From an item to its elements: the steps of a path, resolved against the type model as far as the types are known.

Where the type is known, a step is one or two look-ups in a dictionary. Where it is not, a step looks up the type of
each item in a table that fills itself. A primitive is its JSON value, unless something stands beside it in ``_name``.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from careloom.definitions.types import ElementInfo, TypeModel
from careloom.fhirpath.code import ANY, NOTHING, Code, Run, Shape, in_boxes, many
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.nodes import ABSTRACT_RESOURCES, STRING, TYPE_INFO, Item, Node, fields, primitive, type_of
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass

_OPEN_TYPES = ABSTRACT_RESOURCES | {"Element", "BackboneElement"}
"""Types whose items may be of a type that has more elements."""


@dataclass(frozen=True, slots=True)
class _Child:
    """What a key of an object is: the key without ``_``, its type, and whether the value is all there is to it."""

    key: str
    type_name: str
    is_plain: bool


@lru_cache(maxsize=16)
def navigation(types: TypeModel) -> "Navigation":
    """The steps over a type model, shared by all expressions that are compiled for it."""
    return Navigation(types)


class Navigation:
    """The steps of paths over one type model."""

    def __init__(self, types: TypeModel) -> None:
        self._types = types
        self._plans: dict[str, dict[str, _Child | None]] = {}

    def step(self, shape: Shape, name: str) -> Code | None:
        """The code that goes from one item of a shape to its element of a name; None where none of its types has it."""
        if shape.types is None:
            return Code(self._by_type(name), ANY)
        if shape.exact == TYPE_INFO:
            return _TYPE_INFO_STEPS.get(name)
        steps = {type: step for type in sorted(shape.types) if (step := self._of_type(type, name))}
        if shape.exact in steps:
            return steps[shape.exact]
        if not shape.types.isdisjoint(_OPEN_TYPES):
            return Code(self._by_type(name), ANY)
        return self._of_several(steps) if steps else None

    def children(self, item: Item, exact: str | None) -> list[Node]:
        """All elements of an item, each with its type; a new list."""
        found: list[Node] = []
        if item.__class__ is Node and item.sibling:
            _add(found, item.sibling, "id", "string")
            _add(found, item.sibling, "extension", "Extension")
        data = item if item.__class__ is dict else fields(item)
        type_name = type_of(item, exact)
        plan = self._plans.get(type_name)
        if plan is None:
            if self._types.node(type_name) is None:
                return found
            plan = self._plans[type_name] = {}
        for key, value in data.items():
            if key not in plan:
                plan[key] = self._child(type_name, key)
            child = plan[key]
            if child is None or value is None or (key != child.key and child.key in data):
                continue
            if child.is_plain and f"_{key}" not in data:
                found.extend([Node(one, child.type_name) for one in (value if value.__class__ is list else (value,))])
            else:
                _add(found, data, child.key, child.type_name)
        return found

    def descendants(self, item: Item, exact: str | None) -> list[Node]:
        """All elements of an item, all theirs, and so on, level by level; a new list."""
        found = self.children(item, exact)
        for node in found:  # which grows while it is walked
            if node.value.__class__ is dict or node.sibling is not None:
                found.extend(self.children(node, None))
        return found

    def _child(self, type_name: str, key: str) -> "_Child | None":
        node = self._types.node(type_name)
        name = key.removeprefix("_")
        found = self._types.property(node, name) if node else None
        return _Child(name, found[1], found[1] not in ABSTRACT_RESOURCES and name == key) if found else None

    def _of_type(self, type_name: str, name: str) -> Code | None:
        """The step from an item of exactly this type."""
        node = self._types.node(type_name)
        element = node.elements.get(name) if node else None
        if node is None or element is None:
            return None
        if node.kind == "primitive":
            return _PRIMITIVE_STEPS.get(name)
        if element.is_choice:
            return self._choice(element)
        return self._plain(element.name, element.types[0], is_list=element.is_list) if element.types else None

    def _plain(self, key: str, type_name: str, *, is_list: bool) -> Code:
        shape = Shape(frozenset({type_name}), single=not is_list)
        if self._is_primitive(type_name):
            return Code(_primitives(key, type_name) if is_list else _primitive(key, type_name), shape)
        return Code(_structures(key) if is_list else _structure(key), shape)

    def _choice(self, element: ElementInfo) -> Code:
        table: dict[str, tuple[str, str]] = {}
        for type_name in element.types:
            key = element.name + type_name[0].upper() + type_name[1:]
            table[key] = (key, type_name)
            if self._is_primitive(type_name):
                table[f"_{key}"] = (key, type_name)
        keys = {type_name: key for key, type_name in table.values()}

        def narrowed(type_name: str) -> Code | None:
            key = keys.get(type_name)
            if key is None or (not self._is_primitive(type_name) and self._has_specials(element, type_name)):
                return None
            return self._plain(key, type_name, is_list=False)

        return Code(_choice(table), Shape(frozenset(element.types), single=True), narrowed=narrowed)

    def _has_specials(self, element: ElementInfo, type_name: str) -> bool:
        """Whether a choice offers types that build on one of its types, as Age does on Quantity."""
        return any(other != type_name and self._types.is_a(other, type_name) for other in element.types)

    def _is_primitive(self, type_name: str) -> bool:
        node = self._types.node(type_name)
        return node is not None and node.kind == "primitive"

    def _by_type(self, name: str) -> Run:
        """The step from an item of any type: the type of each item decides."""
        known: dict[str, Run] = {}

        def run(this: Item, scope: Scope) -> Any:
            type_name = type_of(this, None)
            step = known.get(type_name)
            if step is None:
                if self._types.node(type_name) is None:
                    return NOTHING  # and not kept: data may make up names of types without end
                code = self._of_type(type_name, name)
                step = known[type_name] = _nowhere if code is None else in_boxes(code)
            return step(this, scope)

        return run

    def _of_several(self, steps: Mapping[str, Code]) -> Code:
        """The step from an item of one of several types, not all of which need have the element."""
        shapes = [step.shape for step in steps.values()]
        types: frozenset[str] | None = frozenset()
        for shape in shapes:
            types = None if types is None or shape.types is None else types | shape.types
        together = Shape(types, single=all(shape.single for shape in shapes))
        fitting = {type: _fitting(step, together) for type, step in steps.items()}
        known: dict[str, Run] = dict(fitting)
        otherwise: Any = None if together.single else NOTHING

        def run(this: Item, scope: Scope) -> Any:
            name = type_of(this, None)
            step = known.get(name)
            if step is None:
                general = next((type for type in fitting if self._types.is_a(name, type)), None)
                if general is None:
                    return otherwise
                step = known[name] = fitting[general]
            return step(this, scope)

        return Code(run, together)


def _fitting(step: Code, shape: Shape) -> Run:
    """The step with the form that the shape of several steps together asks for."""
    if shape.exact is not None:
        return step.run if shape.single == step.shape.single else many(step)
    plural = in_boxes(step)
    if not shape.single:
        return plural

    def run(this: Item, scope: Scope) -> Item:
        items = plural(this, scope)
        return items[0] if items else None

    return run


def _nowhere(this: Item, scope: Scope) -> list[Item]:
    return NOTHING


def _primitive(key: str, type_name: str) -> Run:
    shadow = f"_{key}"

    def run(this: Item, scope: Scope) -> Item:
        data = this if this.__class__ is dict else fields(this)
        found = data.get(key)
        if found.__class__ is list:
            raise InvalidError(f"{key}: one value expected, {len(found)} found")
        return primitive(found, type_name, data[shadow]) if shadow in data else found

    return run


def _primitives(key: str, type_name: str) -> Run:
    shadow = f"_{key}"

    def run(this: Item, scope: Scope) -> list[Item]:
        data = this if this.__class__ is dict else fields(this)
        found = data.get(key)
        if shadow in data:
            return _paired(found, data[shadow], type_name)
        if found is None:
            return NOTHING
        return found if found.__class__ is list else [found]

    return run


def _paired(found: Any, beside: Any, type_name: str) -> list[Item]:
    """An array of primitives and the array beside it, either of which may have gaps or be short."""
    values = found if isinstance(found, list) else [] if found is None else [found]
    siblings = beside if isinstance(beside, list) else [beside]
    length = max(len(values), len(siblings))
    values = values + [None] * (length - len(values))
    siblings = siblings + [None] * (length - len(siblings))
    items = (primitive(value, type_name, sibling) for value, sibling in zip(values, siblings, strict=True))
    return [item for item in items if item is not None]


def _structure(key: str) -> Run:
    def run(this: Item, scope: Scope) -> Item:
        found = (this if this.__class__ is dict else fields(this)).get(key)
        if found.__class__ is list:
            raise InvalidError(f"{key}: one object expected, an array found")
        return found

    return run


def _structures(key: str) -> Run:
    def run(this: Item, scope: Scope) -> list[Item]:
        found = (this if this.__class__ is dict else fields(this)).get(key)
        if found is None:
            return NOTHING
        return found if found.__class__ is list else [found]

    return run


def _choice(table: Mapping[str, tuple[str, str]]) -> Run:
    def run(this: Item, scope: Scope) -> Item:
        data = this if this.__class__ is dict else fields(this)
        for found in data:
            if found in table:
                key, type_name = table[found]
                value, sibling = data.get(key), data.get(f"_{key}") if f"_{key}" in table else None
                return None if value is None and sibling is None else Node(value, type_name, sibling)
        return None

    return run


def _add(found: list[Node], data: Mapping[str, Any], key: str, type_name: str) -> None:
    """Append what stands under a key, and beside it, as nodes."""
    shadow = f"_{key}"
    items = _paired(data.get(key), data[shadow], type_name) if shadow in data else _listed(data.get(key))
    found.extend(item if item.__class__ is Node else Node(item, type_of(item, type_name)) for item in items)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _beside_id(this: Item, scope: Scope) -> Item:
    sibling = this.sibling if this.__class__ is Node else None
    return sibling.get("id") if sibling else None


def _beside_extensions(this: Item, scope: Scope) -> list[Item]:
    sibling = this.sibling if this.__class__ is Node else None
    return _listed(sibling.get("extension")) if sibling else NOTHING


def _json_value(this: Item, scope: Scope) -> Item:
    return this.value if this.__class__ is Node else this


_PRIMITIVE_STEPS: Mapping[str, Code] = {
    "id": Code(_beside_id, Shape(frozenset({"string"}), single=True)),
    "extension": Code(_beside_extensions, Shape(frozenset({"Extension"}))),
    "value": Code(_json_value, Shape(None, single=True)),
}

_TYPE_INFO_STEPS: Mapping[str, Code] = {
    "namespace": Code(lambda this, scope: this.namespace, Shape(frozenset({STRING}), single=True)),
    "name": Code(lambda this, scope: this.name, Shape(frozenset({STRING}), single=True)),
}
