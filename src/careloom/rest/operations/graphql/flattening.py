"""The directives that give an answer another shape: ``@flatten``, ``@first``, ``@singleton`` and ``@slice``.

A field that is flattened is not told itself; what is asked of it is told in its place. What was one value in each item
of a list so becomes a list, unless it is said to be a singleton. A slice parts such a list again, by a suffix.

Source: FHIR R4, 3.3.6 data flattening directives.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from careloom.model.errors import MalformedError
from careloom.model.records import dataclass, field
from careloom.rest.operations.graphql.document import Field

SHAPING: Final = frozenset({"flatten", "first", "singleton", "slice"})

INDEX: Final = "$index"
"""What a slice is by if it is not by a FHIRPath: the place of an item in its list."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the answer to a field is shaped.

    Attributes:
        flatten: What is below it is told in its place.
        first: Only the first of its values counts.
        singleton: It is told as one value, although a list is what flattening makes of it.
        slice: FHIRPath of what is appended to the names of its values, or `INDEX`; empty for nothing.
    """

    flatten: bool = False
    first: bool = False
    singleton: bool = False
    slice: str = ""


PLAIN: Final = Shape()


@dataclass(frozen=True, slots=True)
class Within:
    """What the fields above, which are flattened, make of those below.

    Attributes:
        repeats: Whether one of them repeats, so that the values below are lists.
        suffix: What their slices append to names.
    """

    repeats: bool = False
    suffix: str = ""


TOP: Final = Within()


def shape_of(asked: Field, resolved: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Shape:
    """The shape that the directives of a field ask for.

    Raises:
        MalformedError: A slice that does not say by what, or of the first value alone.
    """
    if not asked.directives:
        return PLAIN
    found = {name: resolved(arguments) for name, arguments in asked.directives if name in SHAPING}
    path = ""
    if "slice" in found:
        path = next((each for name in ("path", "fhirpath") if isinstance(each := found["slice"].get(name), str)), "")
        if not path or "first" in found:
            told = "path with a FHIRPath or $index expected, and no @first beside it"
            raise MalformedError(f"{asked.name} @slice: {told}", expression="query")
    return Shape("flatten" in found, "first" in found, "singleton" in found, path)


@dataclass(slots=True)
class Told:
    """An object of the answer while its fields are put together, some of them value by value.

    Attributes:
        fields: By name; None for an element that is not there.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Any) -> None:
        """Tell a field as a whole.

        Raises:
            MalformedError: Another is told by that name.
        """
        if name in self.fields:
            raise MalformedError(f"query: two different fields are called {name!r}", expression="query")
        self.fields[name] = value

    def add(self, name: str, type: str, value: Any, *, repeats: bool) -> None:
        """Tell one more value by a name.

        Raises:
            MalformedError: There is one already and it does not repeat, or one of another type.
        """
        if self._types.setdefault(name, type) != type:
            told = f"values of one type expected, found {self._types[name]} and {type}"
            raise MalformedError(f"{name}: {told}", expression="query")
        if not repeats:
            if name in self.fields:
                raise MalformedError(f"{name}: one value expected, found another", expression="query")
            self.fields[name] = value
            return
        known = self.fields.setdefault(name, [])
        if not isinstance(known, list):
            raise MalformedError(f"query: two different fields are called {name!r}", expression="query")
        known.append(value)
