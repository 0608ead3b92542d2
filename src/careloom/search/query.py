"""A search as a tree: what `careloom.search.parse` reads, what match and SQL are made from.

A `Condition` says something about one resource. Its leaves look at the index values of that resource
(`careloom.search.values`), `And`, `Or` and `Not` join them, and `Chain` and `Has` ask the same of another resource that
a reference leads to or comes from. The resources they look at are always the living ones of the same snapshot.

Operands are ready to compare: dates are intervals, texts are folded, references are resolved to targets, value sets
are lists of codes. They keep the text they were read from, so that `careloom.search.printing` can write them back.

Access rules are conditions too: `careloom.search.access.narrowed` puts them, inside `Narrowing`, at every place of the
tree where a population is entered. Who runs the tree as it stands cannot leak; what is included or followed beside
the tree (``_include``, ``_revinclude``) is held to ``Query.access``.
"""

from typing import Literal

from careloom.model import Issue
from careloom.model.records import dataclass
from careloom.search.values import Canonical

Kind = Literal["token", "string", "reference", "date", "number", "quantity", "uri", "composite", "special"]
"""SearchParameter.type. The one parameter of kind ``special`` whose values are indexed is ``near``, a position."""

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "co"]
"""``co`` is of ``_filter`` alone: the value contains what is asked for."""

Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]


@dataclass(frozen=True, slots=True)
class TokenOperand:
    """``code``, ``system|code``, ``|code`` or ``system|``.

    Fits a `TokenValue` when its system is None or equal to a system asked for, and its code equal to a code asked for.

    Attributes:
        system: None: any system; the empty string: only values without one.
        code: None: any code of the system.
    """

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class StringOperand:
    """A text.

    Fits a `StringValue` whose ``folded`` starts with ours; with ``:contains`` when it has ours inside;
    with ``:exact`` when ``exact`` is equal to ours; with ``:text`` when ours begins at any of its words.
    The operators of ``_filter`` compare ``folded`` by the order of code points: see `Comparison.modifier`.
    """

    text: str
    folded: str
    exact: str


@dataclass(frozen=True, slots=True)
class ReferenceOperand:
    """An id, ``Type/id``, a URL, each perhaps with a version: fits a `ReferenceValue` whose target is among ours."""

    text: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DateOperand:
    """The interval [low, high) in microseconds since 1970 UTC, compared as `careloom.search.comparison` tables say.

    With ``ap`` the interval is already widened by a tenth of the time between it and now.
    """

    text: str
    prefix: Prefix
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class NumberOperand:
    """A number: ``eq`` and ``ne`` compare with [low, high), ``ap`` with [low, high], the rest with low = high."""

    text: str
    prefix: Prefix
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuantityOperand:
    """A number compared like `NumberOperand`, and a unit.

    Attributes:
        system: None: of no matter; otherwise equal to the value's.
        code: None: of no matter; otherwise equal to the value's code or, where no system is asked for, to its unit.
        canonical: The same interval in base units, where the unit is one of UCUM: it then fits a value whose
            ``canonical`` has the same unit and an interval as asked, and system and code are of no matter.
    """

    text: str
    prefix: Prefix
    low: float
    high: float
    system: str | None = None
    code: str | None = None
    canonical: Canonical | None = None


@dataclass(frozen=True, slots=True)
class UriOperand:
    """A URI: fits an equal `UriValue`.

    With ``:below`` it fits one that is equal or continues ours after a slash, with ``:above`` one that is equal
    or that ours continues after a slash; a slash at the end of either is of no matter there.
    """

    uri: str


@dataclass(frozen=True, slots=True)
class PositionOperand:
    """``near``: fits a `PositionValue` at most so many metres away, on the sphere of `careloom.search.positions`."""

    text: str
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class CompositeOperand:
    """``a$b``: fits a `CompositeValue` when each of our parts fits some value of its part at the same place."""

    text: str
    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite operand: an operand of a kind, compared as without modifier."""

    kind: Kind
    operand: "Operand"


Operand = (
    TokenOperand
    | StringOperand
    | ReferenceOperand
    | DateOperand
    | NumberOperand
    | QuantityOperand
    | UriOperand
    | PositionOperand
    | CompositeOperand
)


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


@dataclass(frozen=True, slots=True)
class Access:
    """What of each type may be seen, as a condition on resources of that type.

    Attributes:
        rules: Conditions by type, each type once.
        otherwise: For the types without a rule.
    """

    rules: tuple[tuple[str, Condition], ...] = ()
    otherwise: Condition = NOTHING

    def of(self, type: str) -> Condition:
        """What holds for all visible resources of a type."""
        return next((condition for named, condition in self.rules if named == type), self.otherwise)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of ``_sort``; resources without a value come last in either direction."""

    parameter: str
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """``source:parameter[:target]`` of ``_include`` or ``_revinclude``.

    Attributes:
        source: Type of the resource that refers; ``*`` for any type, of ``_revinclude`` alone.
        parameter: Code of a reference parameter; ``*`` for all of them.
        target: Type of what is referred to; empty for any.
        iterate: Whether it goes on from what was included, too.
    """

    source: str
    parameter: str
    target: str = ""
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search, of one resource type or of several.

    Attributes:
        type: Resource type; empty in a search of the whole system, whose types are ``types``.
            `careloom.search.types.by_type` turns that into a query for each type.
        conditions: All of them hold for a match.
        sort: From the most significant key on; empty: newest first.
        count: Entries per page; 0 asks for the total alone; None leaves it to the server.
        total: How exact ``Bundle.total`` is to be; None leaves it to the server.
        elements: Names of ``_elements``.
        page: Opaque token of the store that made it, None for the first page.
        unsupported: Parameters that were left out of this query, for the client to know.
        types: The types of a search of the whole system as ``_type`` names them; empty for all.
        access: What may be seen; None where nothing narrows. The conditions have it already, see
            `careloom.search.access`; what is included beside the matches is held to it by `careloom.search.includes`.
    """

    type: str
    conditions: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int | None = None
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: Total | None = None
    summary: Summary | None = None
    elements: tuple[str, ...] = ()
    page: str | None = None
    unsupported: tuple[Issue, ...] = ()
    types: tuple[str, ...] = ()
    access: Access | None = None

    def covers(self, type: str) -> bool:
        """Whether resources of a type are searched at all."""
        return type == self.type or (not self.type and (not self.types or type in self.types))

    @property
    def counts_only(self) -> bool:
        """Whether the client wants the total and no entries."""
        return self.count == 0 or self.summary == "count"
