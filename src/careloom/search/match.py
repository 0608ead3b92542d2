"""The in-memory judge: whether a resource is what a query asks for, and in which order matches come.

It looks at the same index values that a database keeps, so a search in SQL and a topic filter cannot disagree.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from careloom.model import Resource, resource_type
from careloom.search.comparison import fits
from careloom.search.index import index_values
from careloom.search.parameters import SearchParameters
from careloom.search.query import Comparison, Condition, Kind, Missing, Not, Query, SortKey
from careloom.search.values import IndexValue, IndexValues

T = TypeVar("T")


def match(query: Query, resource: Resource, registry: SearchParameters) -> bool:
    """Whether a resource is of the query's type and meets all its conditions."""
    if resource_type(resource) != query.type:
        return False
    wanted = {parameter_of(condition) for condition in query.conditions}
    return holds_all(query, index_values(resource, registry, only=wanted))


def holds_all(query: Query, values: IndexValues) -> bool:
    """As `match`, on values that are there already."""
    return values.type == query.type and all(holds(condition, values) for condition in query.conditions)


def holds(condition: Condition, values: IndexValues) -> bool:
    """Whether one condition is met."""
    match condition:
        case Missing():
            return (condition.parameter not in values.present) == condition.missing
        case Not():
            return not holds(condition.condition, values)
        case Comparison():
            found = values_of(values, condition.kind, condition.key)
            return any(fits(condition, operand, value) for operand in condition.operands for value in found)


def parameter_of(condition: Condition) -> str:
    """The code of the parameter that a condition looks at."""
    return condition.condition.parameter if isinstance(condition, Not) else condition.parameter


def values_of(values: IndexValues, kind: Kind, key: str) -> tuple[IndexValue, ...]:
    """The values that a comparison of a kind looks at, under its key."""
    family: Mapping[str, tuple[IndexValue, ...]] = getattr(values, FAMILIES[kind])
    return family.get(key, ())


FAMILIES: Mapping[Kind, str] = {
    "token": "tokens",
    "string": "strings",
    "reference": "references",
    "date": "dates",
    "number": "numbers",
    "quantity": "quantities",
    "uri": "uris",
}
"""The field of `IndexValues` that holds the values of a kind."""


def in_order(query: Query, items: Iterable[tuple[IndexValues, T]]) -> list[T]:
    """The items by the query's sort keys; those that tie stay in the order they came in."""
    ordered = list(items)
    for key in reversed(query.sort):
        ordered = _by(key, ordered)
    return [item for _, item in ordered]


def sort_value(key: SortKey, values: IndexValues) -> Any | None:
    """What a resource is sorted by: of several values the one that comes first in the order asked for.

    A code, a folded text, a target, the start of an interval, the lower end of a number, a URI; None without any.
    """
    found = _SORT_VALUES[key.kind](values, key.parameter)
    return max(found, default=None) if key.descending else min(found, default=None)


def _by(key: SortKey, items: list[tuple[IndexValues, T]]) -> list[tuple[IndexValues, T]]:
    known: list[tuple[Any, tuple[IndexValues, T]]] = []
    unknown: list[tuple[IndexValues, T]] = []
    for item in items:
        value = sort_value(key, item[0])
        if value is None:
            unknown.append(item)
        else:
            known.append((value, item))
    known.sort(key=lambda pair: pair[0], reverse=key.descending)
    return [item for _, item in known] + unknown


_SORT_VALUES: Mapping[Kind, Callable[[IndexValues, str], Iterator[Any]]] = {
    "token": lambda values, code: (value.code for value in values.tokens.get(code, ())),
    "string": lambda values, code: (value.folded for value in values.strings.get(code, ()) if value.exact),
    "reference": lambda values, code: (value.target for value in values.references.get(code, ())),
    "date": lambda values, code: (value.low for value in values.dates.get(code, ())),
    "number": lambda values, code: (value.low for value in values.numbers.get(code, ())),
    "quantity": lambda values, code: (value.low for value in values.quantities.get(code, ())),
    "uri": lambda values, code: (value.uri for value in values.uris.get(code, ())),
}
