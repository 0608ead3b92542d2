"""The source of a judge: what is left to check of an object once its type and its keys are known.

For a Period with both ends it reads, in short::

    def Period_2(v, p, c):
        a0, a1 = v.values()
        if <a0 looks wrong as a dateTime>: return False
        if <a1 looks wrong as a dateTime>: return False
        if not x1.holds(v, c): return False
        return True

Unknown keys, cardinalities, choices and the invariants that only ask what exists were decided before it was
written. The checks that remain come in the order of the interpreter, since what is told comes out in that order.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from careloom.model.records import dataclass, field
from careloom.validation.quick.formats import GUARDS
from careloom.validation.quick.shapes import Keys
from careloom.validation.schema import Node, Property

INDENT = "    "


class Names:
    """What generated code refers to by name; each thing gets a name of its own, by a counter."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.values = known
        self._by_id: dict[int, str] = {}
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        """A name that nothing has."""
        return f"{prefix}{next(self._numbers)}"

    def of(self, thing: Any) -> str:
        """The name of a thing, the same each time; the thing is kept as long as the names are."""
        name = self._by_id.get(id(thing))
        if name is None:
            name = self._by_id[id(thing)] = self.new("x")
            self.values[name] = thing
        return name


@dataclass(frozen=True, slots=True)
class Place:
    """Where generated code meets an object.

    Attributes:
        value: Expression for the object.
        path: Expression for its path; evaluated only where something is asked.
        depth: How deep the code stands in its function.
    """

    value: str
    path: str
    depth: int


@dataclass(slots=True)
class Source:
    """Lines of a function as it is written."""

    lines: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def variable(self) -> str:
        """A variable that the function does not have yet."""
        return f"a{next(self._numbers)}"

    def add(self, line: str, depth: int = 1) -> None:
        """Add a line."""
        self.lines.append(INDENT * depth + line)

    def refuse_if(self, condition: str, depth: int = 1) -> None:
        """Look closer where a condition is true."""
        self.add(f"if {condition}: return False", depth)

    def require(self, condition: str, depth: int = 1) -> None:
        """Look closer where a condition is not true."""
        self.add(f"if not {condition}: return False", depth)


def unpacked(variables: Mapping[str, str], value: str) -> str:
    """The line that puts the values of an object into variables."""
    return ", ".join(variables.values()) + ("," if len(variables) == 1 else "") + f" = {value}.values()"


def taken(variables: Mapping[str, str], value: str) -> str:
    """The line that puts the values of an object into variables by their keys, whatever their order."""
    return "; ".join(f"{variable} = {value}[{key!r}]" for key, variable in variables.items())


def is_guarded(known: Property) -> bool:
    """Whether there is a cheap guard for the values of a property."""
    return known.is_primitive and known.type.code in GUARDS and not known.is_pointer


def known_keys(node: Node, keys: Keys) -> Iterator[tuple[str, Property, bool]]:
    """Each key with its property, and whether it stands for the siblings alone; in order, none twice."""
    for key in keys:
        if key in node.properties:
            yield key, node.properties[key], False
        elif key[:1] == "_" and key[1:] not in keys:
            yield key, node.properties[key[1:]], True
