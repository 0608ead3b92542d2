"""A search as a tree: what `careloom.search.parse` reads, what match and SQL are made from.

The tree is closed under growth: a chain, a ``_has``, a ``_filter`` or an access rule is one more kind of `Condition`.
Operands are ready to compare: dates are intervals, texts are folded, references are resolved to targets.
They keep the text they were read from, so that `careloom.search.printing` can write them back.
"""

from dataclasses import dataclass
from typing import Literal

from careloom.model import Issue

Kind = Literal["token", "string", "reference", "date", "number", "quantity", "uri", "composite", "special"]
Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
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
    with ``:exact`` when ``exact`` is equal to ours.
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
    """

    text: str
    prefix: Prefix
    low: float
    high: float
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class UriOperand:
    """A URI: fits an equal `UriValue`."""

    uri: str


Operand = TokenOperand | StringOperand | ReferenceOperand | DateOperand | NumberOperand | QuantityOperand | UriOperand


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some value of the parameter fits some of the operands.

    Attributes:
        parameter: Code of the search parameter.
        kind: Kind of the operands, all the same: ``subject:identifier`` has tokens.
        operands: The alternatives, at least one.
        modifier: Empty, ``exact``, ``contains``, ``identifier`` or the name of a resource type.
    """

    parameter: str
    kind: Kind
    operands: tuple[Operand, ...]
    modifier: str = ""

    @property
    def key(self) -> str:
        """Where the values are in `careloom.search.values.IndexValues`."""
        return f"{self.parameter}:identifier" if self.modifier == "identifier" else self.parameter


@dataclass(frozen=True, slots=True)
class Missing:
    """``:missing``: the resource lacks the parameter's element, or with False has it."""

    parameter: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Not:
    """``:not``: the condition does not hold; a resource without any value matches too."""

    condition: Comparison


Condition = Comparison | Missing | Not


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of ``_sort``; resources without a value come last in either direction."""

    parameter: str
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """``source:parameter[:target]`` of ``_include`` or ``_revinclude``; an empty target means any type."""

    source: str
    parameter: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One search of one resource type.

    Attributes:
        type: Resource type.
        conditions: All of them hold for a match.
        sort: From the most significant key on; empty: newest first.
        count: Entries per page; 0 asks for the total alone; None leaves it to the server.
        total: How exact ``Bundle.total`` is to be; None leaves it to the server.
        elements: Names of ``_elements``.
        page: Opaque token of the store that made it, None for the first page.
        unsupported: Parameters that were left out of this query, for the client to know.
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

    @property
    def counts_only(self) -> bool:
        """Whether the client wants the total and no entries."""
        return self.count == 0 or self.summary == "count"
