"""What generated code refers to by name: remembered answers, questions to the interpreter, compiled invariants."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any

from careloom.fhirpath.ast import Call, Constant, Member, Special, Tree, children_of
from careloom.fhirpath.parser import parse
from careloom.model.errors import CareloomError
from careloom.model.records import dataclass, field
from careloom.validation.invariants import NATIVE
from careloom.validation.library import Library
from careloom.validation.quick import asking, conditions, pointing
from careloom.validation.quick.formats import NAMES
from careloom.validation.quick.recurrent import OPTIONS, exact, text_of
from careloom.validation.quick.shapes import Keys
from careloom.validation.quick.shortcuts import shortcut
from careloom.validation.quick.writing import Names, Source
from careloom.validation.schema import Binding, Constraint, TypeRule

_PORTS = frozenset(["resolve", "memberOf", "conformsTo", "htmlChecks", "trace"])


@dataclass(frozen=True, slots=True)
class Values:
    """What generated code knows of an object whose invariants it asks for.

    Attributes:
        variables: The variables that hold its properties, by key; empty where they are not known.
        texts: The variables that hold the texts of all that the invariants depend on, by key; empty where they depend
            on more.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


class Memos:
    """The names of a tier; the same question has the same name wherever it is written."""

    def __init__(self, library: Library) -> None:
        self.names = Names(dict(NAMES))
        self._library = library
        self._made: dict[Any, Any] = {}
        self._numbers: dict[Keys, int] = {}
        self._unused = count()

    def of(self, kind: Callable[..., Any], *arguments: Any) -> str:
        """The name of something that remembers answers, made once for each kind and arguments.

        The arguments are what the answers depend on; some kinds take them for no other purpose than to be told apart.
        """
        key = (kind, *(id(one) if isinstance(one, dict | set) else one for one in arguments))
        if key not in self._made:
            self._made[key] = kind(*arguments)
        return self.names.of(self._made[key])

    def number_of(self, keys: Keys) -> int:
        """A number for a shape, the same wherever it is met."""
        known = self._numbers.get(keys)
        return self._numbers.setdefault(keys, next(self._unused)) if known is None else known

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
        about: Values = Values(),  # noqa: B008  (frozen)
    ) -> None:
        """Write the checks of invariants on a value of a type; those that look around are asked.

        Args:
            source: The function.
            constraints: The invariants.
            type: Of the value.
            value: Expression for it.
            path: Expression for its path.
            depth: How deep the code stands.
            about: What is known of its properties.
        """
        for constraint in in_force(constraints):
            tree = parsed(constraint.expression)
            if tree is None or _uses_ports(tree):
                ask, one = self.asked(asking.constraint_is_fine), self.names.of(constraint)
                source.require(f"{ask}({one}, {value}, {type!r}, {path}, c)", depth)
            else:
                source.require(self._asks(constraint, type, value, about), depth)

    def text_of(self, value: str) -> str:
        """The expression for the text by which a value is remembered."""
        return f"{self.asked(text_of)}({value}, {self.asked(exact)}, {OPTIONS})"

    def plain_references(self, rules: tuple[TypeRule, ...]) -> str:
        """The name of what remembers references by their text alone."""
        targets = self.names.values[self.of(pointing.Targets, rules)]
        return self.of(pointing.PlainReferences, rules, targets)

    def write_targets(self, source: Source, rules: tuple[TypeRule, ...], value: str, path: str, depth: int) -> None:
        """Write the check of what a Reference points at, by the type that its text starts with where that will do."""
        memo = self.of(pointing.Targets, rules)
        start = f"{value}.get('reference', '').partition('/')[0]"
        is_known = f"'reference' not in {value} or c.is_alone and 'type' not in {value} and {start} in {memo}"
        source.refuse_if(f"not ({is_known}) and not {memo}.is_fine({value}, {path}, c)", depth)

    def _asks(self, constraint: Constraint, type: str, value: str, about: Values) -> str:
        """A condition that is true where an invariant holds."""
        memo = self.of(self._invariant, constraint.expression, type)
        if about.texts:
            memo = self.of(self._remembered, constraint.expression, type, tuple(about.texts))
            key = f"({', '.join(about.texts.values())},)"
            return f"({key} in {memo} or {memo}.holds({key}, {value}, c))"
        look = shortcut(constraint.expression, value, about.variables)
        return f"({look} or {memo}.holds({value}, c))" if look else f"{memo}.holds({value}, c)"

    def _invariant(self, text: str, type: str) -> conditions.Invariant:
        return conditions.Invariant(self._library.expression(text, type), type)

    def _remembered(self, text: str, type: str, keys: tuple[str, ...]) -> conditions.Remembered:
        return conditions.Remembered(self._invariant(text, type), keys)


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


def looks_around(constraint: Constraint) -> bool:
    """Whether an invariant asks for more than the value it is about."""
    tree = parsed(constraint.expression)
    return tree is None or _uses_ports(tree)


def names_in(tree: Tree) -> frozenset[str] | None:
    """The elements that an expression names, wherever; None where it may look at others as well."""
    below = [names_in(child) for child in children_of(tree)]
    if None in below or isinstance(tree, Special | Constant) or _is_of_all(tree):
        return None
    named = {tree.name} if isinstance(tree, Member) else set()
    return frozenset(named.union(*(one for one in below if one is not None)))


def _is_of_all(tree: Tree) -> bool:
    return isinstance(tree, Call) and (tree.target is None or tree.name in ("children", "descendants", "repeat"))


def _uses_ports(tree: Tree) -> bool:
    return (isinstance(tree, Call) and tree.name in _PORTS) or any(map(_uses_ports, children_of(tree)))
