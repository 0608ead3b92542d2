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

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

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


@dataclass(slots=True)
class Source:
    """Lines of a function as it is written."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str, depth: int = 1) -> None:
        """Add a line."""
        self.lines.append(INDENT * depth + line)

    def refuse_if(self, condition: str, depth: int = 1) -> None:
        """Look closer where a condition is true."""
        self.add(f"if {condition}: return False", depth)

    def require(self, condition: str, depth: int = 1) -> None:
        """Look closer where a condition is not true."""
        self.add(f"if not {condition}: return False", depth)


def variable(keys: Keys, key: str) -> str:
    """The variable that holds the value of a key; ``None`` when the shape has no such key."""
    return f"a{keys.index(key)}" if key in keys else "None"


def unpacked(keys: Keys) -> str:
    """The line that puts the values of an object into variables."""
    return ", ".join(f"a{index}" for index in range(len(keys))) + ("," if len(keys) == 1 else "") + " = v.values()"


def is_guarded(known: Property) -> bool:
    """Whether there is a cheap guard for the values of a property."""
    return known.is_primitive and known.type.code in GUARDS


def known_keys(node: Node, keys: Keys) -> Iterator[tuple[str, Property, bool]]:
    """Each key with its property, and whether it stands for the siblings alone; in order, none twice."""
    for key in keys:
        if key in node.properties:
            yield key, node.properties[key], False
        elif key[:1] == "_" and key[1:] not in keys:
            yield key, node.properties[key[1:]], True
