"""What the compiler of a function is given, and the ways in which most functions are made.

A function of FHIRPath is an entry in the table of its chapter (`careloom.fhirpath.functions`): a `Function`, which
turns an `Invocation` into code. Functions that map one value of the system types to another are plain Python functions
behind `of_value`, which sees to conversion, empty operands and types.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any, Protocol

from careloom.definitions.types import TypeModel
from careloom.fhirpath.ast import Call, Literal, Special, Tree, children_of
from careloom.fhirpath.code import ANY, LONG, Code, Run, Shape, one, value
from careloom.fhirpath.comparison import kind_of
from careloom.fhirpath.conversions import SYSTEM_TYPE_OF
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.navigation import Navigation
from careloom.fhirpath.nodes import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DECIMAL,
    INTEGER,
    QUANTITY,
    STRING,
    TIME,
    Item,
)
from careloom.fhirpath.operators import combined
from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.sources import Site
from careloom.fhirpath.temporal import Date, DateTime, Time
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, field, replace

NUMBER = "a number"
"""An integer or a decimal."""

ANYTHING = "anything"
"""Any value."""

_FLAT = 2
"""Loops within loops that together cannot make many of few."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known where an expression stands.

    Attributes:
        this: Of ``$this``, the item that paths start from.
        root: Of the item that the whole expression is evaluated on.
        total: Of ``$total``, inside of ``aggregate``.
        variables: Defined by ``defineVariable``: name to slot and shape.
        depth: Of loops within loops.
    """

    this: Shape
    root: Shape
    total: Shape = ANY
    variables: Mapping[str, tuple[int, Shape]] = field(default_factory=dict)
    depth: int = 0

    def inside(self, input: Code) -> "Context":
        """The context of an argument that is evaluated for each item of an input."""
        return replace(self, this=replace(input.shape, single=True), depth=self.depth + 1)


class Compiling(Protocol):
    """What a function asks of the compiler, which itself asks the functions: arguments are expressions, too."""

    @property
    def types(self) -> TypeModel:
        """The types there are."""
        ...

    @property
    def strict(self) -> bool:
        """Whether what can have no meaning for the types is an error."""
        ...

    @property
    def navigation(self) -> Navigation:
        """The ways from a node to its children."""
        ...

    def compile(self, tree: Tree, context: Context) -> Code:
        """The code of an expression where it stands."""
        ...

    def next_slot(self) -> int:
        """A place for the value of a variable."""
        ...

    def require_order(self, code: Code, site: Site, what: str) -> None:
        """In a strict compilation, refuse what depends on the order of a collection that has none."""
        ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function call while it is compiled: the call, where it stands, and the code of what it is called on."""

    compiler: Compiling
    tree: Call
    context: Context
    input: Code
    site: Site

    def argument(self, position: int) -> Code | None:
        """The code of an argument, evaluated once and with the ``$this`` of the call; None where it is left out."""
        if position >= len(self.tree.arguments):
            return None
        return self.compiler.compile(self.tree.arguments[position], self.context)

    def each(self, position: int) -> Code | None:
        """The code of an argument that is evaluated for each item of the input, as ``$this``; None if left out."""
        if position >= len(self.tree.arguments):
            return None
        return self.compiler.compile(self.tree.arguments[position], self.context.inside(self.input))

    def required(self, position: int) -> Code:
        """As `argument`, of one that cannot be left out."""
        return self.compiler.compile(self.tree.arguments[position], self.context)

    def each_required(self, position: int) -> Code:
        """As `each`, of an argument that cannot be left out."""
        return self.compiler.compile(self.tree.arguments[position], self.context.inside(self.input))

    def code(self, run: Run, shape: Shape, *arguments: Code | None, applied: Code | None = None) -> Code:
        """Code whose result depends on the input, the arguments, and what is applied to each item of the input."""
        made = combined(run, shape, self.input, *(argument for argument in arguments if argument is not None))
        return replace(made, uses_world=made.uses_world or (applied is not None and applied.uses_world))

    @property
    def uncounted(self) -> int:
        """How many items a loop may walk over without counting them as steps: few, and none where loops multiply."""
        return LONG if self.context.depth < _FLAT else 1

    def mentions(self, name: str) -> bool:
        """Whether an argument names ``$index``, so that a loop has to count."""
        return any(_mentions(argument, name) for argument in self.tree.arguments)


@dataclass(frozen=True, slots=True)
class Function:
    """An entry in the table of functions."""

    compile: Callable[[Invocation], Code]
    least: int = 0
    most: int = 0

    @property
    def counts(self) -> str:
        """How many arguments it takes, in words."""
        if self.least == self.most:
            return f"{self.least} argument{'' if self.least == 1 else 's'}"
        return f"{self.least} to {self.most} arguments"


def of_value(
    implement: Callable[..., Any],
    input: str,
    *parameters: str,
    gives: str | None,
    optional: int = 0,
) -> Function:
    """A function of one value: ``implement(input, *arguments)`` gives the result or None.

    Args:
        implement: Gets values of the system types; an optional argument that is left out is not passed.
        input: The type it works on; anything else is an error, nothing gives nothing.
        parameters: The types of the arguments; an empty one makes the result empty.
        gives: The type of the result, None where that depends.
        optional: How many of the last parameters may be left out.
    """
    shape = one(gives) if gives else one()

    def compiled(call: Invocation) -> Code:
        arguments = [call.required(position) for position in range(len(call.tree.arguments))]
        get = expected(call.input, input, call)
        others = [expected(code, type, call) for code, type in zip(arguments, parameters, strict=False)]
        return call.code(_applied(implement, get, others, call.site), shape, *arguments)

    return Function(compiled, len(parameters) - optional, len(parameters))


def _applied(implement: Callable[..., Any], get: Run, others: list[Run], site: Site) -> Run:
    def run(this: Item, scope: Scope) -> Any:
        found = get(this, scope)
        if found is None:
            return None
        arguments = [other(this, scope) for other in others]
        if None in arguments:
            return None
        try:
            return implement(found, *arguments)
        except InvalidError as error:
            raise site.invalid(str(error)) from error
        except DecimalException:
            return None

    def run_alone(this: Item, scope: Scope) -> Any:
        found = get(this, scope)
        try:
            return None if found is None else implement(found)
        except InvalidError as error:
            raise site.invalid(str(error)) from error
        except DecimalException:
            return None

    return run if others else run_alone


def expected(code: Code, type: str, call: Invocation) -> Run:
    """The value of an operand, which must be of a type where there is one.

    Raises:
        InvalidError: In a strict compilation, already when no possible type would do.
    """
    if call.compiler.strict and not _may_be(code.shape, type):
        found = " or ".join(sorted(code.shape.types or ()))
        raise call.site.invalid(f"{call.tree.name}() expects {type}, {found} given")
    get, accepted, site = value(code, call.site), _CLASSES[type], call.site
    name = call.tree.name

    if type == ANYTHING:
        return get

    def run(this: Item, scope: Scope) -> Any:
        found = get(this, scope)
        kind = found.__class__
        if found is None or kind is accepted or (isinstance(found, accepted) and kind is not bool):
            return found
        raise site.invalid(f"{name}() expects {type}, {kind_of(found)} found")

    return run


_CLASSES: Mapping[str, Any] = {
    STRING: str,
    INTEGER: int,
    BOOLEAN: bool,
    DECIMAL: (int, Decimal),
    NUMBER: (int, Decimal),
    QUANTITY: Quantity,
    DATE: Date,
    DATE_TIME: DateTime,
    TIME: Time,
    ANYTHING: object,
}

_ALSO: Mapping[str, frozenset[str]] = {
    NUMBER: frozenset({INTEGER, DECIMAL}),
    DECIMAL: frozenset({INTEGER, DECIMAL}),
}


def _may_be(shape: Shape, type: str) -> bool:
    """Whether an item of such a shape can be a value of a type."""
    if shape.types is None or type == ANYTHING or not shape.types:
        return True
    found = {SYSTEM_TYPE_OF.get(name, name) for name in shape.types}
    return not found.isdisjoint(_ALSO.get(type, frozenset({type})))


def _mentions(tree: Tree, name: str) -> bool:
    if isinstance(tree, Special):
        return tree.name == name
    if isinstance(tree, Literal):
        return False
    return any(_mentions(child, name) for child in children_of(tree))
