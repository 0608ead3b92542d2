"""The tree of an expression. ``str`` of a tree is an expression that parses to the same tree.

Positions do not take part in comparing trees.
"""

from decimal import Decimal
from typing import Literal as OneOf

from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.temporal import Temporal
from careloom.model.records import dataclass, field

PRECEDENCE = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "!=": 5,
    "~": 5,
    "!~": 5,
    "<": 6,
    "<=": 6,
    ">": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
"""How tight each operator with two operands binds; all of them group from the left."""

SIGN_PRECEDENCE = 11
"""How tight the sign of ``-1`` binds: tighter than any operator with two operands, looser than a path."""

OPERATOR_WORDS = frozenset({"implies", "or", "xor", "and", "div", "mod"})
"""Words that cannot be the name of an element where a path begins; ``is``, ``as``, ``in``, ``contains`` can."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Any expression; ``offset`` is where it stands in the text, for an operator or a call where that stands."""

    offset: int = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal(Tree):
    """A value of the system types, or the empty collection where ``value`` is None."""

    value: str | bool | int | Decimal | Temporal | Quantity | None

    def __str__(self) -> str:
        value = self.value
        match value:
            case None:
                return "{}"
            case bool():
                return "true" if value else "false"
            case str():
                return _quoted(value, "'")
            case Decimal():
                return format(value, "f")
            case Temporal():
                return value.literal
            case _:
                return str(value)


@dataclass(frozen=True, slots=True)
class Special(Tree):
    """``$this``, ``$index`` or ``$total``."""

    name: OneOf["this", "index", "total"]

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True, slots=True)
class Constant(Tree):
    """A value from the environment, ``%resource``; ``name`` is without the sign."""

    name: str

    def __str__(self) -> str:
        return f"%{_quoted(self.name, '`')}"


@dataclass(frozen=True, slots=True)
class Member(Tree):
    """An element by its name, of ``target``, or of the context where that is None; also the name of a type."""

    target: Tree | None
    name: str

    def __str__(self) -> str:
        return f"{_path(self.target)}{_name(self.name)}"


@dataclass(frozen=True, slots=True)
class Call(Tree):
    """A function, of ``target``, or of the context where that is None."""

    target: Tree | None
    name: str
    arguments: tuple[Tree, ...]

    def __str__(self) -> str:
        return f"{_path(self.target)}{_name(self.name)}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Index(Tree):
    """One item of a collection, counted from 0."""

    target: Tree
    position: Tree

    def __str__(self) -> str:
        return f"{_operand(self.target, SIGN_PRECEDENCE + 1)}[{self.position}]"


@dataclass(frozen=True, slots=True)
class Sign(Tree):
    """A plus or minus before an expression."""

    operator: OneOf["+", "-"]
    operand: Tree

    def __str__(self) -> str:
        return f"{self.operator}{_operand(self.operand, SIGN_PRECEDENCE)}"


@dataclass(frozen=True, slots=True)
class Binary(Tree):
    """An operator between two expressions."""

    operator: str
    left: Tree
    right: Tree

    def __str__(self) -> str:
        tightness = PRECEDENCE[self.operator]
        return f"{_operand(self.left, tightness)} {self.operator} {_operand(self.right, tightness + 1)}"


@dataclass(frozen=True, slots=True)
class TypeName(Tree):
    """The name of a type, ``FHIR.Patient``; ``namespace`` is empty where it is not told."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{_name(self.namespace)}.{_name(self.name)}" if self.namespace else _name(self.name)


@dataclass(frozen=True, slots=True)
class TypeOperation(Tree):
    """``is`` or ``as`` with the name of a type."""

    operator: OneOf["is", "as"]
    operand: Tree
    type: TypeName

    def __str__(self) -> str:
        return f"{_operand(self.operand, PRECEDENCE[self.operator])} {self.operator} {self.type}"


def _tightness(tree: Tree) -> int:
    match tree:
        case Binary() | TypeOperation():
            return PRECEDENCE[tree.operator]
        case Sign():
            return SIGN_PRECEDENCE
    return SIGN_PRECEDENCE + 1


def _operand(tree: Tree, tightness: int) -> str:
    return str(tree) if _tightness(tree) >= tightness else f"({tree})"


def _path(target: Tree | None) -> str:
    return "" if target is None else f"{_operand(target, SIGN_PRECEDENCE + 1)}."


def _name(name: str) -> str:
    plain = name.isascii() and name.isidentifier() and name not in OPERATOR_WORDS | {"true", "false", "is", "as", "in"}
    return name if plain else _quoted(name, "`")


def _quoted(text: str, quote: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    for character, letter in (("\n", "n"), ("\r", "r"), ("\t", "t"), ("\f", "f")):
        escaped = escaped.replace(character, f"\\{letter}")
    return f"{quote}{escaped}{quote}"


def children_of(tree: Tree) -> tuple[Tree, ...]:
    """The trees right below a tree."""
    match tree:
        case Member(target=target):
            return () if target is None else (target,)
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case Index(target=target, position=position):
            return (target, position)
        case Binary(left=left, right=right):
            return (left, right)
        case Sign(operand=operand) | TypeOperation(operand=operand):
            return (operand,)
    return ()
