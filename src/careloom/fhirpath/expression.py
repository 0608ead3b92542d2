"""An expression, compiled once and evaluated often."""

from collections.abc import Callable
from typing import Any

from careloom.definitions.types import TypeModel
from careloom.fhirpath.code import Code, Shape, folded, many, one
from careloom.fhirpath.code import truth as truth_of
from careloom.fhirpath.compiler import Compiler
from careloom.fhirpath.environment import DEFAULT, Environment, Scope
from careloom.fhirpath.invocation import Context
from careloom.fhirpath.nodes import Node, node_of, plain
from careloom.fhirpath.parser import parse
from careloom.fhirpath.sources import Site
from careloom.model import Resource
from careloom.model.errors import InvalidError, MalformedError, TooCostlyError


class Expression:
    """A compiled expression: immutable, and safe to share between threads."""

    __slots__ = ("_exact", "_folded", "_items", "_truth", "text", "types")

    def __init__(self, text: str, code: Code) -> None:
        self.text = text
        self.types = code.shape.types
        """The types that the results may have, None where they may be of any."""
        self._items = many(code)
        self._exact = code.shape.exact
        self._truth = truth_of(code, Site(text, 0))
        self._folded = [plain(item) for item in self._items(None, Scope(DEFAULT, None))] if code.is_folded else None

    def evaluate(self, node: Resource | Node | None, env: Environment = DEFAULT) -> list[Any]:
        """The results as plain FHIR JSON values and values of the system types.

        Args:
            node: The resource, or the element, of the type that the expression was compiled for. A primitive that has
                extensions, or an element of a type not told to the compiler, is given as a `Node`.
            env: What ``%resource`` and the like stand for, and the ports to the world.

        Raises:
            InvalidError: What the expression does makes no sense for this data: several items where one is
                expected, text times a date, a date that is none.
            NotSupportedError: It needs something that Careloom does not do.
            TooCostlyError: Over a million items from ``repeat``, or recursion without end.
        """
        if self._folded is not None:
            return self._folded.copy()
        return [item.value if item.__class__ is Node else item for item in self._run(self._items, node, env)]

    def evaluate_typed(self, node: Resource | Node | None, env: Environment = DEFAULT) -> list[Node]:
        """As `evaluate`, each result with its type and what stands beside it."""
        exact = self._exact
        return [node_of(item, exact) for item in self._run(self._items, node, env)]

    def is_true(self, node: Resource | Node | None, env: Environment = DEFAULT) -> bool:
        """Whether it holds as a condition or invariant.

        One item that is true, or that is no boolean, holds. Nothing, or false, does not hold. Several items are an
        error, as the specification has it for a collection where a boolean is expected.

        Raises:
            InvalidError: As `evaluate`, or several items.
        """
        return self._run(self._truth, node, env) is True

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def _run(self, run: Callable[[Any, Scope], Any], node: Any, env: Environment) -> Any:
        try:
            return run(node, Scope(env, node))
        except RecursionError as error:
            raise TooCostlyError(f"the evaluation goes too deep, of FHIRPath {self.text[:200]!r}") from error
        except InvalidError as error:
            placed = Site(self.text, 0).placed(error)
            if placed is error:
                raise
            raise placed from error


def compile_expression(
    text: str, *, types: TypeModel, context_type: str | None = None, strict: bool = False
) -> Expression:
    """Compile an expression.

    Args:
        text: FHIRPath.
        types: What the types of FHIR look like.
        context_type: The type of what it will be evaluated on: ``Patient``, ``Patient.contact``, ``HumanName``.
            Without one, any resource will do, and any `Node`.
        strict: Refuse what can be known to be wrong: elements that no possible type has, operands of a wrong type,
            places in a collection without order.

    Raises:
        MalformedError: Not FHIRPath, nested too deeply, or an unknown function; with line and column.
        InvalidError: An unknown type; or, if strict, one of the above.
        NotSupportedError: A function that Careloom does not have.
    """
    shape = one(context_type) if context_type else Shape(None, single=True)
    try:
        tree = parse(text)
        code = Compiler(text, types, strict=strict).compile(tree, Context(this=shape, root=shape))
    except RecursionError as error:
        raise MalformedError(f"nested too deeply, FHIRPath {text[:200]!r}") from error
    return Expression(text, folded(code))
