"""Judges of the base types: node and keys in, compiled function out."""

from collections.abc import Callable, Iterable
from typing import Any

from careloom.terminology.formal import UCUM
from careloom.validation.bindings import CODED
from careloom.validation.datatypes import RULED_TYPES
from careloom.validation.library import Library
from careloom.validation.quick import asking
from careloom.validation.quick.formats import GUARDS
from careloom.validation.quick.loading import define
from careloom.validation.quick.memos import Memos, can_tell, in_force, parsed
from careloom.validation.quick.overlays import Overlays
from careloom.validation.quick.presence import EMPTY, SOME, UNKNOWN, VALUE, Known, outcome
from careloom.validation.quick.shapes import Budget, Judge, Keys, Shapes, refuse
from careloom.validation.quick.writing import Source, is_guarded, known_keys, unpacked, variable
from careloom.validation.schema import Constraint, Node, Property
from careloom.validation.structure import ABSENT

_RESOURCES = ("Resource", "DomainResource")
_UNITS = frozenset(["Age", "Count", "Distance", "Duration", "Quantity"])

Inner = Callable[[Any, Any, Any], bool]


class Judges:
    """The tables of shapes of all types of a library."""

    def __init__(self, library: Library, memos: Memos, overlays: Overlays, inner: Inner) -> None:
        self.library = library
        self.memos = memos
        self.overlays = overlays
        self.inner = memos.names.of(inner)
        self._budget = Budget()
        self._shapes: dict[str, Shapes] = {}

    def of(self, name: str) -> Shapes:
        """The shapes of a type."""
        known = self._shapes.get(name)
        if known is None:
            known = self._shapes[name] = Shapes(lambda keys: self._judge(name, keys), self._budget)
        return known

    def _judge(self, name: str, keys: Keys) -> Judge:
        node = self.library.node(name)
        lines = _Writer(self, node, keys).written() if node and _is_sound(node, keys) else None
        if lines is None:
            return refuse
        judge: Judge = define(
            self.memos.names.new("shape"), lines, f"{name}: {', '.join(keys)}", self.memos.names.values
        )
        return judge


class _Writer:
    """Writes the judge of one shape."""

    def __init__(self, judges: Judges, node: Node, keys: Keys) -> None:
        self._judges = judges
        self._memos = judges.memos
        self._node = node
        self._keys = keys
        self._source = Source()

    def written(self) -> list[str] | None:
        """The lines of the function's body; None when no object of this shape is fine."""
        self._source.add(unpacked(self._keys))
        if self._node.name == "Coding":
            self._remembered_coding()
        if self._node.name == "Reference":
            self._plain_reference()
        if self._node.name == "CodeableConcept":
            self._remembered_concept()
        for key, known, is_beside in known_keys(self._node, self._keys):
            self._property(key, known, is_beside)
        self._own_id()
        if not self._invariants():
            return None
        self._meaning()
        self._source.add("return True")
        return self._source.lines

    def _remembered_coding(self) -> None:
        """A Coding that has been met is right in all its properties."""
        if "system" in self._keys and set(self._keys) <= {"system", "code", "display"}:
            codings = self._codings()
            absent = self._memos.names.of(ABSENT)
            found = (variable(self._keys, one) for one in ("system", "code", "display"))
            key = ", ".join(absent if one == "None" else one for one in found)
            self._source.add(f"s = {codings}.get(({key}))")
            self._source.add("if s is not None:")
            self._source.add(f"if s and s not in c.run.told_systems: {codings}.tell(s, p, c)", 2)
            self._source.add("return True", 2)

    def _remembered_concept(self) -> None:
        """A concept of one Coding that has been met, with or without a text."""
        if self._keys not in (("coding",), ("coding", "text")):
            return
        codings, source = self._codings(), self._source
        source.add("if a0.__class__ is list and len(a0) == 1 and tuple(a0[0]) == ('system', 'code', 'display'):")
        source.add(f"s = {codings}.get(tuple(a0[0].values()))", 2)
        source.add("if s is not None:", 2)
        source.add(f"if s and s not in c.run.told_systems: {codings}.tell(s, ((p, 'coding'), 0), c)", 3)
        if "text" in self._keys:
            source.refuse_if(GUARDS["string"].format("a1"), 3)
        source.add("return True", 3)

    def _plain_reference(self) -> None:
        """``Type/id`` in a resource that stands alone leads nowhere, and so can do no wrong."""
        if self._keys == ("reference",):
            self._source.add("if c.is_alone and is_relative(a0): return True")

    def _property(self, key: str, known: Property, is_beside: bool) -> None:
        value, sibling = variable(self._keys, key), variable(self._keys, f"_{key}")
        if is_beside:
            self._ask(asking.sibling_is_fine, value, self._memos.names.of(known), "p", "c")
        elif sibling != "None" or not self._is_coverable(known):
            self._ask(asking.property_is_fine, value, sibling, self._memos.names.of(known), "p", "c")
        elif known.element.is_list:
            self._list(value, known)
        elif known.is_primitive:
            self._primitive(value, known, f"(p, {known.element.name!r})", 1)
        else:
            self._source.add(f"q = (p, {known.element.name!r})")
            self._complex(value, "q", known, 1)

    def _is_coverable(self, known: Property) -> bool:
        if known.is_primitive:
            return is_guarded(known)
        return known.type.code in _RESOURCES or self._judges.library.node(known.type.code) is not None

    def _list(self, value: str, known: Property) -> None:
        source = self._source
        source.refuse_if(f"{value}.__class__ is not list or not {value}")
        if known.element.max is not None:
            source.refuse_if(f"len({value}) > {known.element.max}")
        source.add(f"q = (p, {known.element.name!r})")
        source.add(f"for i, y in enumerate({value}):")
        if known.is_primitive:
            self._primitive("y", known, "(q, i)", 2)
        else:
            source.add("r = (q, i)", 2)
            self._complex("y", "r", known, 2)

    def _primitive(self, value: str, known: Property, path: str, depth: int) -> None:
        type, binding = known.type.code, known.element.binding
        if binding and type in CODED and can_tell(binding):
            memo = self._memos.of(asking.BoundCodes, type, binding)
            self._source.refuse_if(f"{value} not in {memo} and not {memo}.is_fine({value}, {path}, c)", depth)
        else:
            self._source.refuse_if(GUARDS[type].format(value), depth)
        self._constraints(known.element.constraints, value, type, path, depth)

    def _complex(self, value: str, path: str, known: Property, depth: int) -> None:
        type, element = known.type.code, known.element
        if self._may_recur(known):
            self._source.refuse_if(f"{self._memos.asked(asking.is_deep)}({path})", depth)
        if type in _RESOURCES:
            self._source.require(f"{self._judges.inner}({value}, {path}, c)", depth)
            return
        inner = depth
        if type == "Reference" and known.type.targets and not (known.type.profiles or element.binding):
            inner = self._unless_known(value, known, depth)
        shapes = self._memos.names.of(self._judges.of(type))
        self._source.require(f"{shapes}[tuple({value})]({value}, {path}, c)", inner)
        if known.type.targets:
            self._memos.write_targets(self._source, (known.type,), value, path, inner)
        for canonical in known.type.profiles if type != "Extension" else ():
            schema = self._judges.library.find_schema(canonical)
            if schema is not None:
                self._source.require(f"{self._judges.overlays.schema(schema, type)}({value}, {path}, c)", depth)
        if element.binding and can_tell(element.binding):
            memo = self._memos.of(asking.BoundConcepts, type, element.binding)
            self._source.require(f"{memo}.is_fine({value}, {path}, c)", depth)
        node = self._judges.library.node(type)
        known_already = {(one.key, one.expression) for one in node.constraints} if node else set()
        added = [one for one in element.constraints if (one.key, one.expression) not in known_already]
        self._constraints(added, value, type, path, depth)

    def _unless_known(self, value: str, known: Property, depth: int) -> int:
        """Write that ``Type/id`` of a type that is allowed here needs no more; gives the depth of what else may."""
        memo = self._memos.of(asking.Targets, (known.type,))
        text = f"{value}.get('reference', '')"
        self._source.add(f"m = c.is_alone and len({value}) == 1 and is_relative({text})", depth)
        self._source.add(f"if not m or m[1] not in {memo}:", depth)
        return depth + 1

    def _may_recur(self, known: Property) -> bool:
        """Whether a property may hold, further down, objects of this very type: all that can nest without end."""
        code, name = known.type.code, self._node.name
        is_repeated = "." in code and code != f"{name}.{known.element.name}"
        return is_repeated or code in _RESOURCES or name == "Extension" or (name, code) == ("Reference", "Identifier")

    def _own_id(self) -> None:
        """An id is of its own within the resource, but for those of ElementDefinition; see `structure`."""
        if self._node.kind == "resource" or self._node.name == "ElementDefinition" or "id" not in self._keys:
            return
        own = variable(self._keys, "id")
        self._source.refuse_if(f"{own} in c.scope.ids")
        self._source.add(f"c.scope.ids.add({own})")

    def _invariants(self) -> bool:
        presence = presence_of(self._node, self._keys)
        for constraint in in_force(self._node.constraints):
            tree = parsed(constraint.expression)
            known = outcome(tree, presence) if tree else None
            if known is False:
                return False
            if known is None:
                self._constraints([constraint], "v", self._node.name, "p", 1)
        return True

    def _constraints(self, constraints: Iterable[Constraint], value: str, type: str, path: str, depth: int) -> None:
        self._memos.write_constraints(self._source, constraints, type, value=value, path=path, depth=depth)

    def _meaning(self) -> None:
        """What `structure` looks into besides structure, as far as it does not depend on the place."""
        name = self._node.name
        if "extension" in self._keys or "modifierExtension" in self._keys:
            self._ask(asking.extensions_are_fine, "v", repr(name), "p", "c")
        rule = _DATATYPES.get(name)
        if rule is not None:
            rule(self)
        elif name in RULED_TYPES:
            self._ask(asking.datatype_is_fine, "v", repr(name), "p", "c")

    def _coding(self) -> None:
        if "system" in self._keys:
            self._source.require(f"{self._codings()}.ask(v, p, c)")

    def _codings(self) -> str:
        return self._memos.of(asking.Codings)

    def _quantity(self) -> None:
        if "system" in self._keys and "code" in self._keys:
            system, code = variable(self._keys, "system"), variable(self._keys, "code")
            memo = self._memos.of(asking.Remembered, self._node.name)
            self._source.refuse_if(
                f"{system} == {UCUM!r} and {code} not in {memo} and not {memo}.is_fine({code}, v, p, c)"
            )

    def _identifier(self) -> None:
        if "system" in self._keys:
            system = variable(self._keys, "system")
            memo = self._memos.of(asking.Systems)
            self._source.refuse_if(f"{system} not in {memo} and not {memo}.is_fine({system}, v, p, c)")

    def _reference(self) -> None:
        """One word in a resource that stands alone leads nowhere, and so can do no wrong."""
        if "reference" in self._keys:
            text, ask = variable(self._keys, "reference"), self._memos.asked(asking.datatype_is_fine)
            self._source.refuse_if(f"not (c.is_alone and is_word({text})) and not {ask}(v, 'Reference', p, c)")

    def _attachment(self) -> None:
        if "data" in self._keys and "size" in self._keys:
            self._ask(asking.datatype_is_fine, "v", repr(self._node.name), "p", "c")

    def _narrative(self) -> None:
        if "div" in self._keys:
            self._ask(asking.narrative_is_fine, variable(self._keys, "div"), "v", "p", "c")

    def _ask(self, question: Callable[..., bool], *arguments: str, d: int = 1) -> None:
        self._source.require(f"{self._memos.asked(question)}({', '.join(arguments)})", d)


_DATATYPES: dict[str, Callable[[_Writer], None]] = {
    "Attachment": _Writer._attachment,
    "Coding": _Writer._coding,
    "Identifier": _Writer._identifier,
    "Narrative": _Writer._narrative,
    "Reference": _Writer._reference,
    **dict.fromkeys(_UNITS, _Writer._quantity),
}
"""Type to what is written for its rule in `careloom.validation.datatypes`; any other rule is asked in full."""


def _is_sound(node: Node, keys: Keys) -> bool:
    """Whether every key is known, what must be there is, and no choice is made twice."""
    here = {key.removeprefix("_") for key in keys}
    for key in keys:
        known = node.properties.get(key) or node.properties.get(key[1:] if key[:1] == "_" else "")
        if known is None:
            if key != "resourceType" or node.kind != "resource":
                return False
        elif key not in node.properties and not known.is_primitive:
            return False
    if not keys or (node.kind == "resource" and "_id" in keys):
        return False
    return all(not here.isdisjoint(needed) for _, needed in node.required) and all(
        len(here.intersection(offered)) <= 1 for _, offered in node.choices
    )


def presence_of(node: Node, keys: Keys) -> dict[str, Known]:
    """What is known of each element of an object; one that has siblings may be there or not."""
    found = dict.fromkeys(node.elements, EMPTY)
    for key in sorted(keys, key=lambda one: one[:1] == "_"):
        known = node.properties.get(key.removeprefix("_"))
        if known is not None:
            is_value = known.is_primitive and not known.element.is_list and f"_{key}" not in keys
            found[known.element.name] = UNKNOWN if key[:1] == "_" else VALUE if is_value else SOME
    return found
