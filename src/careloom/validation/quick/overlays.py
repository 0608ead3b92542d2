"""Judges of profiles: what a schema says beyond the type, as functions over values that are right by their type.

There is a function for each element of a schema that says something, and it takes what `check_content` of the
interpreter takes: a value, its path, and a check that is under the profile. What is written covers cardinality, types,
fixed values and patterns, bindings, invariants, reference targets, profiles of types, and slices told apart by value; a
child that needs anything else, or whose data has siblings of primitives, is asked of the interpreter whole.
"""

from collections.abc import Iterator
from typing import Any

from careloom.validation.bindings import CODED
from careloom.validation.context import Item
from careloom.validation.library import Library
from careloom.validation.nodes import choice_key, is_primitive
from careloom.validation.path import Path
from careloom.validation.profiles import check_child, check_content
from careloom.validation.quick import asking
from careloom.validation.quick.asking import QuickCheck, is_quiet
from careloom.validation.quick.loading import define
from careloom.validation.quick.memos import Memos, can_tell
from careloom.validation.quick.slices import DEFAULT, is_by_type, only_text, write_slices
from careloom.validation.quick.writing import Source
from careloom.validation.schema import Element, Node, Required, Schema, TypeRule
from careloom.validation.values import meets

_RESOURCES = ("Resource", "DomainResource")


def under(check: QuickCheck, profile: str) -> QuickCheck:
    """The same check, for what a profile says."""
    return QuickCheck(check.run, check.scope, check.issues, profile, check.is_alone)


def child_is_fine(element: Element, value: Any, type: str, path: Path, check: QuickCheck) -> bool:
    """Ask for all occurrences of a child element."""
    before = len(check.issues)
    check_child(element, Item(value, None, type, path), check)
    return is_quiet(check, before)


def content_is_fine(element: Element, value: Any, type: str, path: Path, check: QuickCheck) -> bool:
    """Ask for one occurrence of an element."""
    before = len(check.issues)
    check_content(element, Item(value, None, type, path), check)
    return is_quiet(check, before)


class Overlays:
    """The functions of all schemas met, written when first asked for."""

    def __init__(self, library: Library, memos: Memos) -> None:
        self.library = library
        self.memos = memos
        self._functions: dict[tuple[int, str], tuple[Any, str]] = {}
        self._bodies: dict[str, list[str]] = {}

    def schema(self, schema: Schema, type: str) -> str:
        """The name of the function that judges a value of a type by a profile."""
        key = (id(schema), type)
        if key not in self._functions:
            name = self.memos.names.new("profile")
            self._functions[key] = (schema, name)
            self._define(name, schema.canonical, self._schema_lines(schema, type))
        return self._functions[key][1]

    def content(self, element: Element, type: str) -> str:
        """The name of the function that judges one occurrence of an element, of a type."""
        key = (id(element), type)
        if key not in self._functions:
            name = self.memos.names.new("element")
            self._functions[key] = (element, name)
            self._bodies[name] = []  # until it is written, it may be that it says something
            self._bodies[name] = self._content_lines(element, type)
            self._define(name, element.id, self._bodies[name])
        return self._functions[key][1]

    def judged(self, element: Element, type: str, value: str, path: str) -> str:
        """A condition that is true where one occurrence meets what is said; empty where nothing is said of its type."""
        name = self.content(element, type)
        if self._bodies[name] == ["    return True"]:
            return ""
        text = only_text(element)
        return f"({value} == {text!r})" if text is not None else f"{name}({value}, {path}, c)"

    def _define(self, name: str, title: str, lines: list[str]) -> None:
        define(name, lines, f"<careloom profile {title}>", self.memos.names.values)

    def _schema_lines(self, schema: Schema, type: str) -> list[str]:
        source = Source()
        if "." not in schema.root.id and not self.library.types.is_a(type, schema.type):
            source.add("return False")
            return source.lines
        if _may_tell(schema.root):
            source.add(f"c = {self.memos.asked(under)}(c, {schema.canonical!r})")
        source.add(f"return {self.content(schema.root, type)}(v, p, c)")
        return source.lines

    def _content_lines(self, element: Element, type: str) -> list[str]:
        source = Source()
        fitting = tuple(one for one in element.types if self._is_of(type, one))
        if element.types and not fitting:
            source.add("return False")
        elif not self._is_covered(element, type):
            element_name = self.memos.names.of(element)
            source.add(f"return {self.memos.asked(content_is_fine)}({element_name}, v, {type!r}, p, c)")
        else:
            self._value(source, element, type)
            self._types(source, fitting, type)
            self._children(source, element, type)
            source.add("return True")
        return source.lines

    def _is_of(self, type: str, rule: TypeRule) -> bool:
        return type == rule.code or "." in rule.code or self.library.types.is_a(type, rule.code)

    def _is_covered(self, element: Element, type: str) -> bool:
        """Whether functions are written for what is said, and the type is known before the data is."""
        says_more = (
            element.limits,
            element.max_length is not None,
            element.narrative_language or element.narrative_source,
        )
        return type not in _RESOURCES and not any(says_more)

    def _value(self, source: Source, element: Element, type: str) -> None:
        for required in element.required:
            source.require(self._meets(required))
        if element.binding and can_tell(element.binding):
            if type in CODED:
                memo = self.memos.of(asking.BoundCodes, type, element.binding)
                source.refuse_if(f"v not in {memo} and not {memo}.is_fine(v, p, c)")
            elif not is_primitive(type):
                memo = self.memos.of(asking.BoundConcepts, type, element.binding)
                source.require(f"{memo}.is_fine(v, p, c)")
        self.memos.write_constraints(source, element.constraints, type)

    def _meets(self, required: Required) -> str:
        if isinstance(required.value, str):
            return f"(v == {required.value!r})"
        return f"{self.memos.asked(meets)}(v, {self.memos.names.of(required)})"

    def _types(self, source: Source, fitting: tuple[TypeRule, ...], type: str) -> None:
        if any(rule.targets for rule in fitting) and type == "Reference":
            self.memos.write_targets(source, fitting, "v", "p", 1)
        profiles = [profile for rule in fitting for profile in rule.profiles]
        if not profiles or not all(rule.profiles for rule in fitting):
            return
        if type == "Extension" and len(profiles) == 1:
            url = profiles[0].partition("|")[0]
            source.refuse_if(f"v.get('url') != {url!r}")  # one by that address has been judged by its definition
            return
        schema = self.library.find_schema(profiles[0]) if len(profiles) == 1 else None
        if schema is not None:
            source.require(f"{self.schema(schema, type)}(v, p, c)")
        else:
            whole = Element(id="", name="", types=fitting)
            source.require(f"{self.memos.asked(content_is_fine)}({self.memos.names.of(whole)}, v, {type!r}, p, c)")

    def _children(self, source: Source, element: Element, type: str) -> None:
        node = self.library.node(type)
        for child in element.children.values():
            base = node.elements.get(child.name) if node else None
            if is_primitive(type):
                if _is_needed(child):
                    source.add("return False")
            elif node is None or base is None:
                self._ask_child(source, child, type, 1)
            else:
                self._child(source, child, base, node)

    def _child(self, source: Source, child: Element, base: Element, node: Node) -> None:
        """All occurrences of a child, after the one key that it can have, or for a choice whichever it has."""
        keys = dict(_keys(base, child))
        if any(map(is_primitive, keys.values())):
            beside = " or ".join(f"{f'_{key}'!r} in v" for key, type in keys.items() if is_primitive(type))
            source.add(f"if {beside}:")
            self._ask_child(source, child, node.name, 2)
            source.add("else:")
            depth = 2
        else:
            depth = 1
        if base.is_choice:
            self._choice(source, child, keys, node, depth)
            return
        ((key, type),) = keys.items()
        source.add(f"a = v.get({key!r})", depth)
        source.add("if a is None:", depth)
        source.add("return False" if _is_needed(child) else "pass", depth + 1)
        source.add("else:", depth)
        self._occurrences(source, child, base, type, node=node, depth=depth + 1)

    def _occurrences(self, source: Source, child: Element, base: Element, type: str, *, node: Node, depth: int) -> None:
        source.add(f"q = (p, {child.name!r})", depth)
        if not base.is_list:
            if child.max == 0:
                source.add("return False", depth)
            elif child.slicing:
                self._ask_child(source, child, node.name, depth)
            elif condition := self.judged(child, type, "a", "q"):
                source.require(condition, depth)
            return
        lines = Source()
        if child.slicing and not write_slices(lines, child, type, self, depth):
            self._ask_child(source, child, node.name, depth)
            return
        bounds = [f"len(a) < {child.min}"] * (child.min > 0)
        bounds += [f"len(a) > {child.max}"] * (child.max is not None)
        if bounds:
            source.refuse_if(" or ".join(bounds), depth)
        if condition := self.judged(child, type, "y", "(q, i)"):
            source.add("for i, y in enumerate(a):", depth)
            source.require(condition, depth + 1)
        source.lines.extend(lines.lines)

    def _choice(self, source: Source, child: Element, keys: dict[str, str], node: Node, depth: int) -> None:
        if child.slicing and not is_by_type(child):
            self._ask_child(source, child, node.name, depth)
            return
        allowed = {key: type for key, type in keys.items() if not child.types or self._is_of_any(type, child.types)}
        word = "if"
        for key, type in allowed.items() if child.max != 0 else ():
            source.add(f"{word} {key!r} in v:", depth)
            self._chosen(source, child, key, type, depth + 1)
            word = "elif"
        rest = [key for key in keys if key not in allowed or child.max == 0]
        if _is_needed(child):
            source.add("else:" if word == "elif" else "if True:", depth)
            source.add("return False", depth + 1)
        elif rest:
            source.refuse_if(" or ".join(f"{key!r} in v" for key in rest), depth)

    def _chosen(self, source: Source, child: Element, key: str, type: str, depth: int) -> None:
        """The value of a choice, of a type, and what the slice for the type says."""
        source.add(f"y, q = v[{key!r}], (p, {child.name!r})", depth)
        if condition := self.judged(child, type, "y", "q"):
            source.require(condition, depth)
        if child.slicing is None:
            return
        home = next((slice for slice in child.slices if self._is_of_any(type, slice.types)), None)
        is_lacking = any(slice.min > 0 and slice is not home for slice in child.slices)
        is_barred = child.slicing.rules == "closed" if home is None else home.max == 0
        if is_lacking or is_barred:
            source.add("return False", depth)
        elif home is not None and (condition := self.judged(home, type, "y", "q")):
            source.require(condition, depth)

    def _is_of_any(self, type: str, rules: tuple[TypeRule, ...]) -> bool:
        return any(self._is_of(type, rule) for rule in rules)

    def _ask_child(self, source: Source, child: Element, type: str, depth: int) -> None:
        name = self.memos.names.of(child)
        source.require(f"{self.memos.asked(child_is_fine)}({name}, v, {type!r}, p, c)", depth)


def _keys(base: Element, child: Element) -> Iterator[tuple[str, str]]:
    """The JSON keys of an element, each with its type."""
    for type in base.types or child.types:
        yield (choice_key(base.name, type.code) if base.is_choice else base.name), type.code


def _is_needed(element: Element) -> bool:
    """Whether something is wrong where the element is absent."""
    needed = (slice for slice in element.slices if slice.min > 0) if element.slicing else ()
    return element.min > 0 or any(slice.slice_name != DEFAULT for slice in needed)


def _may_tell(element: Element) -> bool:
    """Whether an element, or one below, may tell an issue of a fine result: that a value set is unknown here."""
    below = (*element.children.values(), *element.slices)
    return can_tell(element.binding) or any(map(_may_tell, below))
