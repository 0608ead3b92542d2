"""What generated code leaves to the interpreter: single checks on single values, and the answers worth remembering.

A rule exists once, in the interpreter. Where generated code meets a value that it has no cheap proof for, it asks the
very check that the interpreter would make there, on the same item and in the same place of the order. The check may
tell issues; those that say that nobody here can know a code are part of a fine result (`is_quiet`), any other means
"look closer".

An answer that depends on nothing but a key is remembered by that key, up to `ROOM` of them.
"""

from dataclasses import dataclass
from typing import Any

from careloom.fhirpath import Environment, Node
from careloom.fhirpath.expression import Expression
from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.validation.bindings import check_binding
from careloom.validation.context import Check, Item, Scope
from careloom.validation.datatypes import URI_SYSTEM, check_datatype
from careloom.validation.extensions import check_extensions
from careloom.validation.invariants import check_constraints
from careloom.validation.path import Path, path_text
from careloom.validation.primitives import primitive_fault
from careloom.validation.quick.formats import ROOM, is_relative
from careloom.validation.references import check_targets, is_type_url
from careloom.validation.resolution import resolve
from careloom.validation.schema import Binding, Constraint, Property, TypeRule
from careloom.validation.structure import ABSENT, check_property

DEEPEST = 80
"""Steps of a path that are judged without a thought of the stack."""


@dataclass(frozen=True, slots=True)
class QuickCheck(Check):
    """A check of the interpreter, made for generated code.

    Attributes:
        is_alone: Whether the resource stands in no other, and nothing is known that references could lead to.
    """

    is_alone: bool = False


def is_deep(path: Path | None) -> bool:
    """Whether a value lies so deep that the interpreter may come to the end of the stack, which it tells."""
    for _ in range(DEEPEST):
        if path is None:
            return False
        path = path[0]
    return True


def is_quiet(check: Check, before: int) -> bool:
    """Whether nothing has been told since there were so many issues, but that a code cannot be checked here."""
    return len(check.issues) == before or all(
        issue.rule == "terminology" and issue.severity == "warning" for issue in check.issues[before:]
    )


def property_is_fine(value: Any, sibling: Any, known: Property, path: Path, check: Check) -> bool:
    """Ask for a whole property, with all below it."""
    before = len(check.issues)
    check_property(value, sibling, known, path, check)
    return is_quiet(check, before)


def sibling_is_fine(sibling: Any, known: Property, path: Path, check: Check) -> bool:
    """Ask for a primitive that has nothing but what stands beside it."""
    return property_is_fine(ABSENT, sibling, known, path, check)


def datatype_is_fine(value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for the rule of a data type."""
    before = len(check.issues)
    check_datatype(Item(value, None, type, path), check)
    return is_quiet(check, before)


def narrative_is_fine(div: str, value: Any, path: Path, check: Check) -> bool:
    """Ask for a narrative."""
    return datatype_is_fine(value, "Narrative", path, check)


def extensions_are_fine(value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for the extensions on a value."""
    before = len(check.issues)
    check_extensions(Item(value, None, type, path), check)
    return is_quiet(check, before)


def constraint_is_fine(constraint: Constraint, value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for an invariant."""
    before = len(check.issues)
    check_constraints((constraint,), Item(value, None, type, path), check)
    return is_quiet(check, before)


class Invariant:
    """An invariant that sees nothing but the resource: no references, no value sets."""

    _latest: tuple[Scope | None, Environment] = (None, Environment())

    def __init__(self, expression: Expression, type: str) -> None:
        self._is_true = expression.is_true
        self._type = type

    def holds(self, value: Any, check: Check) -> bool:
        """Whether it is true of a value."""
        return self._is_true(Node(value, self._type), self._environment(check))

    @classmethod
    def _environment(cls, check: Check) -> Environment:
        """The surroundings, made once a resource: one after the other asks from the same."""
        scope, environment = cls._latest
        if scope is not check.scope:
            scope = check.scope
            resource, root, run = scope.resource, scope.container.resource, check.run
            environment = Environment(resource, root, now=run.clock, budget=run.budget)
            cls._latest = (scope, environment)
        return environment


class _Bound(set[Any]):
    """Codes that there is nothing to tell about in a place that is bound to a value set."""

    def __init__(self, type: str, binding: Binding) -> None:
        super().__init__()
        self._type = type
        self._binding = binding

    def _ask(self, value: Any, key: Any, path: Path, check: Check) -> bool:
        """Ask about a value, and remember the key if the answer is good for every document."""
        before, told = len(check.issues), check.run.told_systems
        check_binding(Item(value, None, self._type, path), self._binding, check)
        is_untold = self._binding.value_set not in told and self._binding.max_value_set not in told
        if len(check.issues) == before and is_untold and len(self) < ROOM and key is not None:
            self.add(key)
        return is_quiet(check, before)


class BoundCodes(_Bound):
    """Codes of a primitive type, which are right by that type as well."""

    def is_fine(self, value: Any, path: Path, check: Check) -> bool:
        """Ask about a code that is not remembered."""
        return primitive_fault(self._type, value) is None and self._ask(value, value, path, check)


class BoundConcepts(_Bound):
    """Codings, as (system, code), that put a concept within the value set."""

    def is_fine(self, value: Any, path: Path, check: Check) -> bool:
        """Whether one of the codings of a concept is remembered, else ask."""
        codings = value.get("coding", ()) if self._type == "CodeableConcept" else (value,)
        for coding in codings:
            if (coding.get("system"), coding.get("code")) in self:
                return True
        first = codings[0] if len(codings) == 1 else None
        key = (first.get("system"), first["code"]) if first and isinstance(first.get("code"), str) else None
        return self._ask(value, key, path, check)


class Codings(dict[tuple[Any, Any, Any], str]):
    """Codings, as (system, code, display), that are right: to nothing, or to their system where it is unknown here."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: dict[str, Issue] = {}

    def ask(self, value: Any, path: Path, check: Check) -> bool:
        """Ask for a Coding whose properties are right, and remember the answer."""
        system = value["system"]
        was_told, before = system in check.run.told_systems, len(check.issues)
        check_datatype(Item(value, None, "Coding", path), check)
        issues = check.issues[before:]
        key = (system, value.get("code", ABSENT), value.get("display", ABSENT))
        if len(issues) == 1 and is_quiet(check, before) and len(self) < ROOM:
            self._notes[system], self[key] = issues[0], system
        elif not issues and was_told and system in self._notes and "code" in value and len(self) < ROOM:
            self[key] = system
        elif not issues and not was_told and len(self) < ROOM:
            self[key] = ""
        return is_quiet(check, before)

    def tell(self, system: str, path: Path, check: Check) -> None:
        """Tell that codes of a system cannot be checked."""
        check.run.told_systems.add(system)
        note, place = self._notes[system], f"{path_text(path)}.system"
        message = note.diagnostics[len(note.expression) :]
        check.issues.append(Issue(note.severity, note.code, place + message, place, note.rule, check.profile))


class Remembered(set[Any]):
    """Values of one property that settle the rule of a data type: systems of identifiers, codes of units."""

    def __init__(self, type: str) -> None:
        super().__init__()
        self._type = type

    def is_fine(self, key: Any, value: Any, path: Path, check: Check) -> bool:
        """Ask for the rule, and remember the value of the property if there is nothing to tell."""
        before = len(check.issues)
        check_datatype(Item(value, None, self._type, path), check)
        if len(check.issues) == before and len(self) < ROOM:
            self.add(key)
        return is_quiet(check, before)


class Systems(Remembered):
    """Systems of identifiers that are right, whatever is identified in them."""

    def __init__(self) -> None:
        super().__init__("Identifier")

    def is_fine(self, key: Any, value: Any, path: Path, check: Check) -> bool:
        """As for any rule; what is identified by a URI has a rule of its own."""
        if key == URI_SYSTEM:
            return datatype_is_fine(value, "Identifier", path, check)
        return super().is_fine(key, value, path, check)


class Targets(set[str]):
    """The types of resource that references in one place may point at, as far as they have been met."""

    def __init__(self, rules: tuple[TypeRule, ...]) -> None:
        super().__init__()
        self._rules = rules
        self._is_by_type = not any(rule.aggregation or not all(map(is_type_url, rule.targets)) for rule in rules)

    def is_fine(self, value: Resource, path: Path, check: QuickCheck) -> bool:
        """Ask whether a Reference points at something allowed here; the type of what it points at is remembered."""
        text = value.get("reference")
        if text is None:
            return True
        type = self._type_of(text, check)
        if type in self:
            return True
        before = len(check.issues)
        check_targets(Item(value, None, "Reference", path), self._rules, check)
        if type and len(check.issues) == before:
            self.add(type)
        return is_quiet(check, before)

    def _type_of(self, text: str, check: QuickCheck) -> str:
        """The type that settles the question; empty where it takes more than that."""
        if check.is_alone:
            relative = is_relative(text)
            return relative[1] if relative else ""
        target = resolve(text, check.scope, check) if self._is_by_type else None
        return str(target.scope.resource.get("resourceType", "")) if target and target.scope else ""
