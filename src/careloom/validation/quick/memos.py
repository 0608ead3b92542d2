"""What generated code refers to by name: remembered answers, questions to the interpreter, compiled invariants."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from careloom.fhirpath.ast import Call, Tree, children_of
from careloom.fhirpath.parser import parse
from careloom.model.errors import CareloomError
from careloom.validation.invariants import NATIVE
from careloom.validation.library import Library
from careloom.validation.quick import asking
from careloom.validation.quick.formats import NAMES
from careloom.validation.quick.shortcuts import SHORTCUTS
from careloom.validation.quick.writing import Names, Source
from careloom.validation.schema import Binding, Constraint, TypeRule

_PORTS = frozenset(["resolve", "memberOf", "conformsTo", "htmlChecks", "trace"])


class Memos:
    """The names of a tier; the same question has the same name wherever it is written."""

    def __init__(self, library: Library) -> None:
        self.names = Names(dict(NAMES))
        self._library = library
        self._made: dict[Any, Any] = {}

    def of(self, kind: Callable[..., Any], *arguments: Any) -> str:
        """The name of something that remembers answers."""
        key = (kind, arguments)
        if key not in self._made:
            self._made[key] = kind(*arguments)
        return self.names.of(self._made[key])

    def asked(self, question: Callable[..., Any]) -> str:
        """The name of a function."""
        self.names.values[question.__name__] = question
        return question.__name__

    def write_constraints(
        self,
        source: Source,
        constraints: Iterable[Constraint],
        type: str,
        *,
        value: str = "v",
        path: str = "p",
        depth: int = 1,
    ) -> None:
        """Write the checks of invariants on a value of a type; those that look around are asked."""
        for constraint in in_force(constraints):
            tree = parsed(constraint.expression)
            if tree is None or _uses_ports(tree):
                ask, one = self.asked(asking.constraint_is_fine), self.names.of(constraint)
                source.require(f"{ask}({one}, {value}, {type!r}, {path}, c)", depth)
            else:
                memo = self.of(self._invariant, constraint.expression, type)
                look = SHORTCUTS.get(constraint.expression, "False").format(value)
                source.refuse_if(f"not ({look}) and not {memo}.holds({value}, c)", depth)

    def write_targets(self, source: Source, rules: tuple[TypeRule, ...], value: str, path: str, depth: int) -> None:
        """Write the check of what a Reference points at, by the type that its text starts with where that will do."""
        memo = self.of(asking.Targets, rules)
        start = f"{value}.get('reference', '').partition('/')[0]"
        is_known = f"c.is_alone and 'type' not in {value} and {start} in {memo}"
        source.refuse_if(f"not ({is_known}) and not {memo}.is_fine({value}, {path}, c)", depth)

    def _invariant(self, text: str, type: str) -> asking.Invariant:
        return asking.Invariant(self._library.expression(text, type), type)


def can_tell(binding: Binding | None) -> bool:
    """Whether a binding can lead to an issue."""
    return binding is not None and (binding.strength in ("required", "extensible") or bool(binding.max_value_set))


def in_force(constraints: Iterable[Constraint]) -> Iterator[Constraint]:
    """The invariants that the interpreter evaluates by these options; the others are checked by other means."""
    for one in constraints:
        if one.key not in NATIVE and one.expression and not one.is_best_practice:
            yield one


@lru_cache(maxsize=2_000)
def parsed(text: str) -> Tree | None:
    """The tree of an expression; None for what is none."""
    try:
        return parse(text)
    except CareloomError:
        return None


def _uses_ports(tree: Tree) -> bool:
    return (isinstance(tree, Call) and tree.name in _PORTS) or any(map(_uses_ports, children_of(tree)))
