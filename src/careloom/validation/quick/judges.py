"""Judges of the base types: node, keys and the first object that has them in, compiled function out."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from careloom.validation.library import Library
from careloom.validation.path import Path
from careloom.validation.quick.bodies import Body, Inner
from careloom.validation.quick.formats import ROOM
from careloom.validation.quick.loading import define
from careloom.validation.quick.memos import Memos, in_force, parsed
from careloom.validation.quick.overlays import Overlays
from careloom.validation.quick.possible import is_complete, is_possible
from careloom.validation.quick.presence import UNKNOWN, outcome, presence_of
from careloom.validation.quick.recurrent import Recurrent
from careloom.validation.quick.requirements import Requirements, Subject
from careloom.validation.quick.shapes import Budget, Judge, Keys, Shapes
from careloom.validation.quick.writing import Place, Source, unpacked
from careloom.validation.schema import Constraint, Node, Property, Schema

Spot = tuple[Node, str, Property]
"""A property of a type: the type, the key, and what it stands for."""


LeftOpen = tuple[bool, tuple[Constraint, ...]]
"""Whether an object has all that it must, and no choice twice; the invariants that are not true of all its like."""


class PropertyJudges(dict[str, Judge]):
    """By key, the function that judges the value of a property by itself; it takes the path of the object."""

    def __init__(self, node: Node, judge: Callable[[Spot, Any, Path, Any], bool]) -> None:
        """A table without functions.

        Args:
            node: The type.
            judge: Judges the first value of a property, and puts the function that it has written into the table.
        """
        super().__init__()
        self._node = node
        self._judge = judge

    def find(self, key: str) -> Judge | None:
        """The function for a key; None where the type has no such property."""
        known = self._node.properties.get(key)
        return self.get(key) or (partial(self._judge, (self._node, key, known)) if known else None)


class Judges:
    """The tables of shapes of all types of a library."""

    def __init__(self, library: Library, memos: Memos, overlays: Overlays, budget: Budget, inner: Inner) -> None:
        self.library = library
        self.memos = memos
        self.overlays = overlays
        self.inner = memos.names.of(inner)
        self._budget = budget
        self._shapes: dict[str, Shapes] = {}
        self._profiled: dict[tuple[str, int], tuple[Schema, Shapes]] = {}
        self._recurrent: dict[tuple[str, str], Recurrent] = {}
        self._apart: dict[tuple[str, str], Judge] = {}
        self._properties: dict[str, PropertyJudges] = {}
        self._left_open: dict[tuple[str, Keys, Keys], LeftOpen] = {}

    def of(self, name: str) -> Shapes:
        """The shapes of a type."""
        known = self._shapes.get(name)
        if known is None:
            known = self._shapes[name] = Shapes(lambda keys, sample: self._judge(name, keys, sample), self._budget)
        return known

    def under(self, name: str, schema: Schema) -> Shapes:
        """The shapes of a type of resource, each judged by the type and then by one profile."""
        known = self._profiled.get((name, id(schema)))
        if known is None:
            shapes = Shapes(lambda keys, sample: self._judge(name, keys, sample, schema), self._budget)
            known = self._profiled[name, id(schema)] = (schema, shapes)
        return known[1]

    def properties(self, node: Node) -> "PropertyJudges":
        """The functions that judge the properties of a type, each by itself."""
        known = self._properties.get(node.name)
        if known is None:
            known = self._properties[node.name] = PropertyJudges(node, self._judge_property)
        return known

    def _judge_property(self, spot: Spot, value: Any, path: Path, check: Any) -> bool:
        node, key, known = spot
        source = Source()
        Body(self, source, node, (), Place("v", "p", 1)).write_one(key, known, value)
        judge = self.properties(node)[key] = self._defined(source, f"{node.name}.{key}")
        return judge(value, path, check)

    def left_open(self, node: Node, keys: Keys, doubtful: Keys) -> LeftOpen:
        """What the keys of an object do not decide.

        Args:
            node: The type.
            keys: Of the object, whatever they are.
            doubtful: Elements of which nothing is known but that they are there.
        """
        question = (node.name, keys, doubtful)
        answer = self._left_open.get(question)
        if answer is None:
            if len(self._left_open) >= ROOM:
                self._left_open.clear()
            answer = self._left_open[question] = (is_complete(node, keys), tuple(_undecided(node, keys, doubtful)))
        return answer

    def recurrent(self, node: Node, key: str, known: Property) -> str:
        """The name of what remembers the values of a property."""
        place = (node.name, key)
        if place not in self._recurrent:
            judge = partial(self._judge_apart, (node, key, known))
            self._recurrent[place] = Recurrent(judge)
        return self.memos.names.of(self._recurrent[place])

    def _judge_apart(self, spot: Spot, value: Any, path: Path, check: Any) -> bool:
        """Judge the value of a property by itself, by code that is written after the first."""
        node, key, known = spot
        judge = self._apart.get((node.name, key))
        if judge is None:
            source = Source()
            Body(self, source, node, (), Place("v", "p", 1)).write_apart(key, known, value)
            judge = self._apart[node.name, key] = self._defined(source, f"{node.name}.{key}")
        return judge(value, path, check)

    def _judge(self, name: str, keys: Keys, sample: Any, schema: Schema | None = None) -> Judge | None:
        node = self.library.node(name)
        if node is None or not is_possible(node, keys):
            return None
        source = Source()
        signed = self.overlays.signed(schema, name) if schema else frozenset[str]()
        body = Body(self, source, node, keys, Place("v", "p", 1), signed=signed)
        source.add(unpacked(body.variables, "v"))
        body.write(sample)
        if schema is not None and not self._write_profile(body, schema):
            return None
        return self._defined(source, f"{name}: {', '.join(keys)}{' by ' + schema.canonical if schema else ''}")

    def _write_profile(self, body: Body, schema: Schema) -> bool:
        """Write what a profile says after what the type does; False when it is one of another type."""
        if not self.library.types.is_a(body.node.name, schema.type):
            return False
        subject = Subject(body.node.name, body.keys, schema.canonical)
        requirements = Requirements(self.overlays, body.source, schema.root, subject)
        requirements.variables, requirements.texts = body.variables, body.texts
        requirements.signatures = body.signatures
        requirements.write()
        return True

    def _defined(self, source: Source, title: str) -> Judge:
        source.add("return True")
        self._budget.spend(len(source.lines))
        names = self.memos.names
        judge: Judge = define(names.new("shape"), source.lines, title, names.values)
        return judge


def _undecided(node: Node, keys: Keys, doubtful: Keys) -> Iterator[Constraint]:
    names = [node.properties[key].element.name for key in keys if key in node.properties]
    unsure = {*doubtful, *(name for name in names if names.count(name) > 1)}
    presence = presence_of(node, keys) | dict.fromkeys(unsure, UNKNOWN)
    for constraint in in_force(node.constraints):
        tree = parsed(constraint.expression)
        if tree is None or not outcome(tree, presence):
            yield constraint
