"""What is compared with the index values of a resource, ready to compare.

Dates are intervals, texts are folded, references are resolved to targets, value sets are lists of codes. Operands keep
the text they were read from, so that `careloom.search.printing` can write them back.
"""

from typing import Literal

from careloom.model.records import dataclass
from careloom.search.values import Canonical

Kind = Literal["token", "string", "reference", "date", "number", "quantity", "uri", "composite", "special"]
"""SearchParameter.type. The one parameter of kind ``special`` whose values are indexed is ``near``, a position."""

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "co"]
"""``co`` is of ``_filter`` alone: the value contains what is asked for."""


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
