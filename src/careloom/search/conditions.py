"""What is asked of one resource, as a tree.

The leaves look at the index values of that resource (`careloom.search.values`), `And`, `Or` and `Not` join them, and
`Chain` and `Has` ask the same of another resource that a reference leads to or comes from. The resources they look at
are always the living ones of the same snapshot.

Access rules are conditions too: `careloom.search.access.narrowed` puts them, inside `Narrowing`, at every place of the
tree where a population is entered. Who runs the tree as it stands cannot leak.
"""

from careloom.model.records import dataclass
from careloom.search.operands import Kind, Operand


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some value of the parameter fits some of the operands.

    Attributes:
        parameter: Code of the search parameter.
        kind: Kind of the operands, all the same: ``subject:identifier`` has tokens, ``code:text`` strings.
        operands: The alternatives; without any, nothing fits.
        modifier: How to compare, or where the values are:

            - tokens: empty or ``in``, ``above``, ``below``, whose codes are the operands already;
              ``identifier`` and ``of-type`` look at another key.
            - strings: empty, ``exact``, ``contains``, ``text`` (another key); from ``_filter`` alone ``equals``,
              ``ends-with``, ``gt``, ``lt``, ``ge``, ``le``, all of them on ``folded``.
            - references: empty or the name of a resource type, whose targets are the operands already.
            - uris: empty, ``above``, ``below``.
        written: The value as it came, where the operands do not say it: the URL of ``:in``.
    """

    parameter: str
    kind: Kind
    operands: tuple[Operand, ...]
    modifier: str = ""
    written: str = ""

    @property
    def key(self) -> str:
        """Where the values are in `careloom.search.values.IndexValues`."""
        return f"{self.parameter}:{self.modifier}" if self.modifier in SIDES else self.parameter


SIDES = frozenset({"identifier", "of-type", "text"})
"""Modifiers that look at another side of an element, whose values have a key of their own: ``subject:identifier``."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another in the narrative or in all texts of a resource: a leaf of ``_text``, ``_content``.

    Attributes:
        parameter: ``_text`` or ``_content``.
        words: Folded words with a space between, at least one: fits a `TextValue` in which the same words follow
            one another.
        is_open: Whether the last of them may be only the beginning of a word: ``metasta*``.
    """

    parameter: str
    words: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """``:missing``: the resource lacks the parameter's element, or with False has it."""

    parameter: str
    missing: bool


@dataclass(frozen=True, slots=True)
class IsType:
    """The resource is of one of the types."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InCompartment:
    """The resource is in a compartment: ``compartment/id`` is among ``IndexValues.compartments``.

    Attributes:
        compartment: CompartmentDefinition.code: ``Patient``.
        id: Logical id of the resource whose compartment it is.
    """

    compartment: str
    id: str

    @property
    def reference(self) -> str:
        """``Patient/1``."""
        return f"{self.compartment}/{self.id}"


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; by ``:not``, a resource without any value matches too."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All hold; without any it always holds."""

    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """One of them holds; without any it never holds."""

    conditions: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of a resource that a reference leads to, if it is of this type."""

    type: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Chain:
    """``subject:Patient.name``: the parameter refers to a resource held here that meets the condition for its type.

    The references looked at are those whose `ReferenceValue` has a type and an id: a reference to a version
    leads to the living version, an absolute URL elsewhere leads nowhere.

    Attributes:
        parameter: Code of a reference parameter of the resource that refers.
        targets: One for each type that it may refer to and that can be asked; at least one.
        type: The type as written; empty where none was.
    """

    parameter: str
    targets: tuple[Target, ...]
    type: str = ""


@dataclass(frozen=True, slots=True)
class Has:
    """``_has:Observation:patient:code=…``: a resource of the type refers to this one and meets the condition.

    It refers to this one when a `ReferenceValue` of the parameter has the type and the id of this one.

    Attributes:
        type: Type of the resource that refers.
        parameter: Code of one of its reference parameters.
        condition: What is asked of it.
    """

    type: str
    parameter: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Written:
    """A condition in a language of its own, as ``_filter``, ``_text`` and ``_content`` have one.

    It holds where the condition holds; the text is for printing.
    """

    parameter: str
    text: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A condition that an access rule has added: it holds where the condition holds, and is never printed."""

    condition: "Condition"


Condition = Comparison | Phrase | Missing | IsType | InCompartment | Not | And | Or | Chain | Has | Written | Narrowing

EVERYTHING = And()
NOTHING = Or()
