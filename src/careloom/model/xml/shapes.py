"""What the XML codec needs to know of types."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class ElementShape(Protocol):
    """An element of a type."""

    @property
    def name(self) -> str:
        """Its name, without type for a choice."""
        ...

    @property
    def is_list(self) -> bool:
        """Whether JSON has an array here."""
        ...


class TypeShape(Protocol):
    """A type, or a part of one with elements of its own."""

    @property
    def name(self) -> str:
        """``Patient``, ``Patient.contact``, ``string``."""
        ...

    @property
    def kind(self) -> str:
        """``resource``, ``complex``, ``primitive`` or ``backbone``."""
        ...

    @property
    def elements(self) -> Iterable[str]:
        """The names of the elements, in the order that XML must have them."""
        ...


Shape = TypeVar("Shape", bound=TypeShape)


class TypeShapes(Protocol[Shape]):
    """The types by name."""

    def node(self, name: str) -> Shape | None:
        """The type, or the part of one, by that name."""
        ...

    def property(self, node: Shape, key: str) -> tuple[ElementShape, str] | None:
        """The element that a name in the document stands for, and the name of its type."""
        ...
