"""What the files of this folder work with: where an element was met, and by what a searched value is read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from careloom.model.records import dataclass
from careloom.search.operands import Operand
from careloom.search.parameters import Path, SearchParameter
from careloom.search.values import IndexValue


@dataclass(slots=True)
class Place:
    """Where an element was met, for the readers that need more than the element.

    Attributes:
        parameter: The parameter it is read for.
        path: The way that led to it.
        base_url: Address of this server.
        zone: Time zone of dates that have none.
    """

    parameter: SearchParameter
    path: Path
    base_url: str
    zone: tzinfo


@dataclass(slots=True)
class Aside:
    """A value for another side of the element, kept under ``code:side``."""

    side: str
    value: IndexValue


@dataclass(frozen=True, slots=True)
class Reading:
    """What a searched value is read by.

    Attributes:
        parameter: The parameter it belongs to.
        modifier: What follows the colon of its name, if anything.
        base_url: Address of this server.
        zone: Time zone of dates that have none.
        now: The instant that ``ap`` measures distance from.
    """

    parameter: SearchParameter
    modifier: str
    base_url: str
    zone: tzinfo
    now: datetime


Reader = Callable[[Any, Place], Iterable[IndexValue | Aside]]
"""From an element to the values it can be found by; what is not as its type demands gives none."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """All that a kind of search parameter is.

    Attributes:
        family: Field of `careloom.search.values.IndexValues` with its values.
        readers: By the name of the FHIR type; ``Resource`` stands for any resource.
        read: From one alternative of a searched value, its escapes in place, to an operand.
        fits: Whether an operand, under a modifier, fits a value: the meaning of search, which SQL repeats.
        written: An operand as it stands in a request.
        sort_values: What a value is sorted by; None for a kind that cannot be sorted by.
    """

    family: str
    readers: Mapping[str, Reader]
    read: Callable[[str, Reading], Operand]
    fits: Callable[[str, Any, Any], bool]
    written: Callable[[Any], str]
    sort_values: Callable[[Any], Iterator[Any]] | None = None


def table(*rows: tuple[Reader, str]) -> Mapping[str, Reader]:
    """Readers by type, from rows of a reader with the names of its types."""
    return {name: reader for reader, names in rows for name in names.split()}


# reading JSON that nobody has checked


def text_at(value: Any, key: str) -> str:
    """The text under a key; empty where there is none."""
    text = value.get(key) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def parts(value: Any, key: str) -> list[Any]:
    """What is under a key as a list, with None for nothing."""
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, list) else [part]


def objects(value: Any, key: str) -> Iterator[dict[str, Any]]:
    """The objects under a key."""
    return (part for part in parts(value, key) if isinstance(part, dict))


def decimal_of(value: Any) -> Decimal | None:
    """A JSON number, exact; None for anything else."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None
