"""Judges of profiles: what a schema says beyond the type, as functions over values that are right by their type.

There is a function for each element of a schema that says something, and for each shape of the objects it is said of;
it takes what `check_content` of the interpreter takes: a value, its path, and a check that is under the profile. What
is written covers cardinality, types, fixed values and patterns, bindings, invariants, reference targets, profiles of
types, and slices told apart by value; a child that needs anything else, or whose data has siblings of primitives, is
asked of the interpreter whole (`requirements`).
"""

from typing import Any

from careloom.validation.library import Library
from careloom.validation.nodes import is_primitive
from careloom.validation.quick.loading import define
from careloom.validation.quick.memos import Memos, can_tell, in_force, names_in, parsed
from careloom.validation.quick.requirements import RESOURCES, Requirements, Subject, says_targets_alone
from careloom.validation.quick.settled import Settling
from careloom.validation.quick.shapes import Budget, Judge, Keys, Shapes
from careloom.validation.quick.slices import only_text
from careloom.validation.quick.writing import Source
from careloom.validation.schema import Element, Schema, TypeRule


class Overlays:
    """The functions of all schemas met, written when first needed."""

    def __init__(self, library: Library, memos: Memos, budget: Budget) -> None:
        self.library = library
        self.memos = memos
        self.settling = Settling(library)
        self._budget = budget
        self._made: dict[tuple[int, str], tuple[Any, Any]] = {}
        self._spoken: dict[tuple[int, str], tuple[Schema, frozenset[str] | None]] = {}

    def schema(self, schema: Schema, type: str) -> Judge:
        """The function that judges a value of a type by a profile."""
        known = self._made.get((id(schema), type))
        if known is None:
            known = self._made[id(schema), type] = (schema, self._schema(schema, type))
        judge: Judge = known[1]
        return judge

    def spoken(self, schema: Schema, type: str) -> frozenset[str] | None:
        """The elements of a type that a profile speaks of; None where that cannot be told."""
        key = (id(schema), type)
        if key not in self._spoken:
            self._spoken[key] = (schema, _spoken(schema.root))
        return self._spoken[key][1]

    def signed(self, schema: Schema, type: str) -> frozenset[str]:
        """The keys of a type whose values are settled for a profile by the codes in them."""
        return frozenset(key for key, _ in self.settling.keys(schema.root, type))

    def says_nothing(self, schema: Schema, type: str, keys: Keys) -> bool:
        """Whether a profile has nothing to say of any object of a shape."""
        source = Source()
        Requirements(self, source, schema.root, Subject(type, keys, schema.canonical)).write()
        return len(source.lines) == 1 + bool(keys)

    def judged(self, element: Element, type: str, value: str, path: str, check: str = "c") -> str:
        """A condition that is true where one occurrence meets what is said; empty where nothing is said of its type."""
        if not self._says(element, type):
            return ""
        text = only_text(element)
        if text is not None:
            return f"({value} == {text!r})"
        content = self.content(element, type, value, path, check)
        rules = tuple(rule for rule in element.types if self.is_of(type, rule))
        if type != "Reference" or not says_targets_alone(element):
            return content
        is_known = f"len({value}) == 1 and {value}.get('reference') in {self.memos.plain_references(rules)}"
        return f"(c.is_alone and {is_known} or {content})"

    def content(self, element: Element, type: str, value: str, path: str, check: str = "c") -> str:
        """The call that judges one occurrence of an element, of a type."""
        function = self.memos.names.of(self._content(element, type, ""))
        chosen = function if is_primitive(type) or type in RESOURCES else f"{function}[tuple({value})]"
        return f"{chosen}({value}, {path}, {check})"

    def is_of(self, type: str, rule: TypeRule) -> bool:
        """Whether values of a type are of that which a rule names."""
        return type == rule.code or "." in rule.code or self.library.types.is_a(type, rule.code)

    def _schema(self, schema: Schema, type: str) -> Judge:
        if "." not in schema.root.id and not self.library.types.is_a(type, schema.type):
            return lambda value, path, check: False
        root = self._content(schema.root, type, schema.canonical)
        if not isinstance(root, Shapes):
            return lambda value, path, check: bool(root(value, path, check.under(schema.canonical)))
        return lambda value, path, check: root[tuple(value)](value, path, check)

    def _content(self, element: Element, type: str, profile: str) -> Any:
        """The function of an element, or the table of them by shape.

        Args:
            element: What is said.
            type: Of the value.
            profile: That the element is the root of; there the check comes without it, to save making another.
        """
        key = (id(element), type)
        if key not in self._made:
            if is_primitive(type) or type in RESOURCES:
                made: Any = self._function(element, type, (), profile)
            else:
                made = Shapes(lambda keys, _: self._function(element, type, keys, profile), self._budget)
            self._made[key] = (element, made)
        return self._made[key][1]

    def _function(self, element: Element, type: str, keys: Keys, profile: str) -> Judge:
        source = Source()
        Requirements(self, source, element, Subject(type, keys, profile)).write()
        self._budget.spend(len(source.lines))
        names = self.memos.names
        judge: Judge = define(names.new("element"), source.lines, f"profile {profile or element.id}", names.values)
        return judge

    def _says(self, element: Element, type: str) -> bool:
        rules = [rule for rule in element.types if self.is_of(type, rule)]
        return bool(
            (element.types and not rules)
            or element.required
            or element.limits
            or element.max_length is not None
            or element.children
            or can_tell(element.binding)
            or element.narrative_language
            or element.narrative_source
            or any(in_force(element.constraints))
            or any(rule.targets for rule in rules)
            or (rules and all(rule.profiles for rule in rules))
        )


def _spoken(root: Element) -> frozenset[str] | None:
    trees = [parsed(one.expression) for one in in_force(root.constraints)]
    names = [names_in(tree) if tree else None for tree in trees]
    if None in names or root.slicing or root.required or root.binding:
        return None
    return frozenset(root.children).union(*(one for one in names if one is not None))
