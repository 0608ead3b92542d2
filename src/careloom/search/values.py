"""What search knows of one resource: typed values per search parameter, ready to be stored or compared.

A database keeps these values and `careloom.search.match` looks at them in memory, so that both give the same answer.
Each value class says in which way an operand of the same kind (`careloom.search.operands`) compares with it.

A modifier that looks at another side of an element has a key of its own beside the parameter's:
``subject:identifier`` holds tokens of a reference parameter, ``code:text`` strings of a token parameter, and
``identifier:of-type`` tokens whose system is ``system|code`` of the identifier's type.
"""

from collections.abc import Mapping
from math import inf

from careloom.model.records import dataclass, field

BEGINNING_OF_TIME = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z in microseconds: where a period without a start begins."""

END_OF_TIME = 253_402_300_800_000_000
"""10000-01-01T00:00:00Z in microseconds: where a period without an end ends."""


@dataclass(frozen=True, slots=True)
class TokenValue:
    """A code in its system; compared as it stands, but casefolded where the element is a plain string.

    Attributes:
        system: URI; the empty string where the element has none, None where it is implied
            by the element but not known: such a value fits whatever system is asked for.
        code: Coding.code, Identifier.value, ``true``; the empty string where a Coding has only a system.
    """

    system: str | None
    code: str


@dataclass(frozen=True, slots=True)
class StringValue:
    """One text; a HumanName or an Address gives one value for each of its parts.

    A name of several words gives one more value for each word after the first, from there to its end,
    so that a search for ``Jones`` finds the family name ``Smith-Jones``.

    Attributes:
        folded: Without case, accents, punctuation and superfluous space, see `careloom.search.folding`; at times empty.
        exact: As it was written, in Unicode normal form C; empty in a value that begins at a later word,
            which takes no part in ``:exact`` and in sorting.
    """

    folded: str
    exact: str


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """Something a reference can be found by.

    A reference to a version gives two values, with and without ``/_history/…``;
    a canonical with version likewise, with and without ``|…``.

    Attributes:
        target: ``Patient/1`` for what this server holds, an absolute URL for anything else.
        type: Resource type of a target held here that the reference names without version, else empty.
        id: Logical id of the same, else empty.
    """

    target: str
    type: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class DateValue:
    """The interval [low, high) in microseconds since 1970 UTC, as wide as the precision it was written with."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class NumberValue:
    """The closed interval [low, high] of doubles; both ends are the same unless a Range or comparator says otherwise.

    FHIR R4 search takes the number in a resource as exact; only the number asked for has implicit precision.
    """

    low: float = -inf
    high: float = inf


@dataclass(frozen=True, slots=True)
class Canonical:
    """An interval in base units, rounded so that equal amounts are equal whatever unit they were told in.

    Attributes:
        unit: What the number measures: the product of dimensions, or the unit itself where it is arbitrary.
    """

    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class QuantityValue:
    """A number with its unit; the texts are empty where the element has none.

    Attributes:
        canonical: The same in base units, where the unit is a code of UCUM.
    """

    low: float = -inf
    high: float = inf
    system: str = ""
    code: str = ""
    unit: str = ""
    canonical: Canonical | None = None


@dataclass(frozen=True, slots=True)
class UriValue:
    """A URI, compared as it stands."""

    uri: str


@dataclass(frozen=True, slots=True)
class PositionValue:
    """A place on Earth: degrees north and east of WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class CompositeValue:
    """What stands together in one element: for each part of a composite parameter its values, none of them empty.

    A store may keep one row for each combination of values, one of each part.
    """

    parts: tuple[tuple["IndexValue", ...], ...]


@dataclass(frozen=True, slots=True)
class TextValue:
    """All words of the narrative or of the content, folded, in the order of the resource, with a space between.

    A word is a run of letters and digits; see `careloom.search.words`.
    """

    words: str


IndexValue = (
    TokenValue
    | StringValue
    | ReferenceValue
    | DateValue
    | NumberValue
    | QuantityValue
    | UriValue
    | PositionValue
    | CompositeValue
    | TextValue
)


@dataclass(frozen=True, slots=True)
class IndexValues:
    """All values of one resource: a mapping per family from parameter code (or ``code:side``) to its distinct values.

    Attributes:
        present: Codes of the parameters whose element the resource has, whether or not a value came of it;
            the rest are ``:missing``.
        compartments: ``Patient/1`` for each compartment the resource is in, its own included.
    """

    type: str
    id: str
    tokens: Mapping[str, tuple[TokenValue, ...]] = field(default_factory=dict)
    strings: Mapping[str, tuple[StringValue, ...]] = field(default_factory=dict)
    references: Mapping[str, tuple[ReferenceValue, ...]] = field(default_factory=dict)
    dates: Mapping[str, tuple[DateValue, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[NumberValue, ...]] = field(default_factory=dict)
    quantities: Mapping[str, tuple[QuantityValue, ...]] = field(default_factory=dict)
    uris: Mapping[str, tuple[UriValue, ...]] = field(default_factory=dict)
    positions: Mapping[str, tuple[PositionValue, ...]] = field(default_factory=dict)
    composites: Mapping[str, tuple[CompositeValue, ...]] = field(default_factory=dict)
    texts: Mapping[str, tuple[TextValue, ...]] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    compartments: frozenset[str] = frozenset()
