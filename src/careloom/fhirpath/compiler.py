"""From the tree of an expression to code, with the types worked out on the way.

What is known of the context (`Context`) goes down the tree, code and shapes come up. In a strict compilation, a name
that no possible type has, or an operation that no possible value allows, is an error here; otherwise it gives an empty
result, or an error when it runs.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count

from careloom.definitions.types import TypeModel
from careloom.fhirpath import operators
from careloom.fhirpath.ast import (
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Sign,
    Special,
    Tree,
    TypeOperation,
)
from careloom.fhirpath.code import Code, Run, Shape, constant, empty, folded, one, path
from careloom.fhirpath.constants import constant_code
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.functions import FUNCTIONS
from careloom.fhirpath.invocation import Context, Invocation
from careloom.fhirpath.navigation import Navigation, navigation
from careloom.fhirpath.nodes import ABSTRACT_RESOURCES, INTEGER, SYSTEM_TYPES, Item, type_of
from careloom.fhirpath.sources import Site
from careloom.fhirpath.type_operations import of_type, type_test
from careloom.fhirpath.types import NamedType, is_test
from careloom.model.records import replace

_CHAINED = frozenset({"and", "or", "|"})


class Compiler:
    """Compiles one expression."""

    def __init__(self, text: str, types: TypeModel, *, strict: bool) -> None:
        self.types = types
        self.strict = strict
        self.navigation: Navigation = navigation(types)
        self._text = text
        self._slots = count()

    def compile(self, tree: Tree, context: Context) -> Code:
        """The code of an expression.

        Raises:
            MalformedError: An unknown function, or a wrong number of arguments.
            InvalidError: An unknown type; in a strict compilation, anything that has no meaning for the types.
        """
        return folded(self._compiled(tree, context))

    def site(self, tree: Tree) -> Site:
        """Where a part of the expression stands."""
        return Site(self._text, tree.offset)

    def target(self, tree: Call, context: Context) -> Code:
        """What a function is called on: the context item where nothing is named."""
        return self.compile(tree.target, context) if tree.target is not None else self._this(context)

    def next_slot(self) -> int:
        """A place for the value of a variable."""
        return next(self._slots)

    def _compiled(self, tree: Tree, context: Context) -> Code:  # noqa: PLR0911 - one case for each kind of tree
        match tree:
            case Literal():
                return self._literal(tree)
            case Special():
                return self._special(tree, context)
            case Constant():
                return self._constant(tree, context)
            case Member():
                return self._member(tree, context)
            case Call():
                return self._call(tree, context)
            case Index():
                return self._index(tree, context)
            case Sign():
                return operators.signed(tree.operator, self.compile(tree.operand, context), self.site(tree))
            case Binary():
                return self._binary(tree, context)
            case TypeOperation():
                return self._type_operation(tree, context)
        raise self.site(tree).malformed(f"{tree} is no expression")

    def _literal(self, tree: Literal) -> Code:
        if tree.value is None:
            return empty()
        return constant(tree.value, one(SYSTEM_TYPES[type(tree.value)]))

    def _special(self, tree: Special, context: Context) -> Code:
        if tree.name == "this":
            return self._this(context)
        if tree.name == "index":
            return Code(lambda this, scope: scope.index, one(INTEGER), uses_world=True)
        return Code(_total, replace(context.total, single=False), uses_world=True)

    def _this(self, context: Context) -> Code:
        return Code(lambda this, scope: this, context.this)

    def _constant(self, tree: Constant, context: Context) -> Code:
        if tree.name in context.variables:
            slot, shape = context.variables[tree.name]
            return Code(_variable(slot), replace(shape, single=False), uses_world=True)
        return constant_code(tree.name, context.root, self.site(tree))

    def _member(self, tree: Member, context: Context) -> Code:
        if tree.target is None:
            typed = self._type_of_context(tree.name, context)
            if typed is not None:
                return typed
            step = self._step(context.this, tree)
            return step if context.this.single else path(self._this(context), step)
        target = self.compile(tree.target, context)
        step = self._step(target.shape, tree)
        return replace(path(target, step), variables=target.variables)

    def _step(self, shape: Shape, tree: Member) -> Code:
        step = self.navigation.step(shape, tree.name)
        if step is not None:
            return step
        if self.strict and shape.types != frozenset():
            names = " or ".join(sorted(shape.types or ()))
            raise self.site(tree).invalid(f"{names} has no element {tree.name}")
        return Code(lambda this, scope: None, Shape(frozenset(), single=True))

    def _type_of_context(self, name: str, context: Context) -> Code | None:
        """The context itself, where a path starts with the name of its type, as in ``Patient.name``."""
        if not name[:1].isupper() or self.types.node(name) is None:
            return None
        this = context.this
        if this.types is not None and any(self.types.is_a(type, name) for type in this.types):
            return self._this(context)
        if this.types is not None and this.types.isdisjoint(ABSTRACT_RESOURCES):
            return None
        test, exact = is_test(NamedType(name, None), self.types), this.exact

        def run(this: Item, scope: Scope) -> Item:
            return this if this is not None and test(type_of(this, exact)) else None

        return Code(run, one(name))

    def _call(self, tree: Call, context: Context) -> Code:
        site = self.site(tree)
        function = FUNCTIONS.get(tree.name)
        if function is None:
            raise site.malformed(f"{tree.name}() is not a function of FHIRPath")
        if not function.least <= len(tree.arguments) <= function.most:
            raise site.malformed(f"{tree.name}() takes {function.counts}, {len(tree.arguments)} found")
        input = self.target(tree, context)
        known = replace(context, variables={**context.variables, **input.variables})
        code = function.compile(Invocation(self, tree, known, input, site))
        return replace(code, variables={**input.variables, **code.variables})

    def _index(self, tree: Index, context: Context) -> Code:
        target, position = self.compile(tree.target, context), self.compile(tree.position, context)
        self.require_order(target, self.site(tree), "an index")
        return replace(operators.item_at(target, position, self.site(tree)), variables=target.variables)

    def _binary(self, tree: Binary, context: Context) -> Code:
        site = self.site(tree)
        if tree.operator in _CHAINED:
            operands = [self.compile(operand, context) for operand in _chain(tree)]
            if tree.operator == "|":
                return operators.union(operands)
            return (operators.all_of if tree.operator == "and" else operators.any_of)(operands, site)
        left, right = self.compile(tree.left, context), self.compile(tree.right, context)
        return _BINARY[tree.operator](tree.operator, left, right, site)

    def _type_operation(self, tree: TypeOperation, context: Context) -> Code:
        operand = self.compile(tree.operand, context)
        if tree.operator == "is":
            return type_test(operand, tree.type, self.site(tree), self.types)
        return of_type(operand, tree.type, self.site(tree), self.types, one_only=self.strict)

    def require_order(self, code: Code, site: Site, what: str) -> None:
        """In a strict compilation, refuse what depends on the order of a collection that has none."""
        if self.strict and not code.shape.ordered:
            raise site.invalid(f"{what} has no meaning for a collection without order")


def _chain(tree: Binary) -> list[Tree]:
    """The operands of ``a or b or c``, however many, without recursion."""
    operands: list[Tree] = []
    left: Tree = tree
    while isinstance(left, Binary) and left.operator == tree.operator:
        operands.append(left.right)
        left = left.left
    operands.append(left)
    operands.reverse()
    return operands


def _variable(slot: int) -> Run:
    """What ``defineVariable`` has kept; a list counts each time it is looked at, so that doubling it cannot go on."""

    def run(this: Item, scope: Scope) -> list[Item]:
        found = scope.variables[slot]
        if len(found) > 1:
            scope.spend(len(found))
        return found

    return run


def _total(this: Item, scope: Scope) -> Sequence[Item]:
    if len(scope.total) > 1:
        scope.spend(len(scope.total))
    return scope.total


def _implied(operator: str, left: Code, right: Code, site: Site) -> Code:
    return operators.implied(left, right, site)


def _exclusive(operator: str, left: Code, right: Code, site: Site) -> Code:
    return operators.exclusive(left, right, site)


def _concatenated(operator: str, left: Code, right: Code, site: Site) -> Code:
    return operators.concatenation(left, right, site)


_BINARY: Mapping[str, Callable[[str, Code, Code, Site], Code]] = {
    "implies": _implied,
    "xor": _exclusive,
    "&": _concatenated,
    **dict.fromkeys(("in", "contains"), operators.membership),
    **dict.fromkeys(("=", "!="), operators.equality),
    **dict.fromkeys(("~", "!~"), operators.equivalence),
    **dict.fromkeys(("<", "<=", ">", ">="), operators.ordering),
    **dict.fromkeys(("+", "-", "*", "/", "div", "mod"), operators.arithmetic),
}
