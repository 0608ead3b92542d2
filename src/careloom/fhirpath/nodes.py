"""The items of a collection.

Most items are plain JSON values: while compiling, the type of an expression is mostly known to be one, and then it
need not travel with each value. A `Node` is an item that carries its type, because that depends on the data (a choice
of types, a child of anything), or a primitive that has an id or extensions beside it. So, in a collection:

- a `Node` says itself what it is;
- a dictionary with ``resourceType``, where a resource may stand, is of that type;
- any other plain value is of the one type known while compiling;
- without such a type, it is a value of the system types: text, boolean, integer, decimal, date, time, quantity.
"""

from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.temporal import Date, DateTime, Time
from careloom.model import ExactDecimal, Resource
from careloom.model.records import dataclass

Item = Any
"""A plain JSON value, a value of the system types, or a `Node`."""

BOOLEAN = "System.Boolean"
DATE = "System.Date"
DATE_TIME = "System.DateTime"
DECIMAL = "System.Decimal"
INTEGER = "System.Integer"
QUANTITY = "System.Quantity"
STRING = "System.String"
TIME = "System.Time"
TYPE_INFO = "System.TypeInfo"

ABSTRACT_RESOURCES = frozenset({"Resource", "DomainResource"})


@dataclass(slots=True, eq=False)
class Node:
    """An item that carries its type. Not frozen, since a frozen one costs three times as much to make.

    Attributes:
        value: JSON value; None for a primitive that has extensions only.
        type_name: ``Patient``, ``Patient.contact``, ``HumanName``, ``string``; ``System.String`` for system types.
        sibling: For a primitive, the object of the ``_name`` property beside it, with ``id`` and ``extension``.
    """

    value: Any
    type_name: str
    sibling: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What ``type()`` answers."""

    namespace: str
    name: str


SYSTEM_TYPES: dict[type, str] = {
    bool: BOOLEAN,
    int: INTEGER,
    float: DECIMAL,
    Decimal: DECIMAL,
    ExactDecimal: DECIMAL,
    str: STRING,
    Date: DATE,
    DateTime: DATE_TIME,
    Time: TIME,
    Quantity: QUANTITY,
    TypeInfo: TYPE_INFO,
}
"""The system type of each class of Python that an item may have."""


def type_of(item: Item, exact: str | None) -> str:
    """The type of an item; ``exact`` is the one that is known for plain values."""
    kind = item.__class__
    if kind is Node:
        return str(item.type_name)
    if kind is dict and (exact is None or exact in ABSTRACT_RESOURCES):
        return str(item.get("resourceType", exact or ""))
    return exact or SYSTEM_TYPES.get(kind, "")


def boxed(item: Item, exact: str | None) -> Item:
    """The item in a form that needs no knowledge of the type; values of the system types stay plain."""
    if item.__class__ is Node or (exact is None and item.__class__ is not dict):
        return item
    if exact is not None and exact.startswith("System."):
        return item
    return Node(item, type_of(item, exact))


def node_of(item: Item, exact: str | None) -> Node:
    """The item with its type, whatever it is."""
    return item if item.__class__ is Node else Node(item, type_of(item, exact))


def plain(item: Item) -> Any:
    """The JSON value, or the value of the system types."""
    return item.value if item.__class__ is Node else item


def fields(item: Item) -> Resource:
    """The properties of an item that is not a plain dictionary; none for a primitive."""
    value = plain(item)
    return value if isinstance(value, dict) else {}


def primitive(value: Any, type_name: str, sibling: Any) -> Item:
    """A primitive, as a `Node` where something stands beside it, and None where there is nothing at all."""
    return value if sibling is None else Node(value, type_name, sibling)
