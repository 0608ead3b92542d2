"""The in-memory judge: whether a resource is what a query asks for, and in which order matches come.

It looks at the same index values that a database keeps, so a search in SQL and a topic filter cannot disagree.
A chain or ``_has`` asks about other resources, which the caller gives as a `Population`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, assert_never

from careloom.model import Resource, resource_type
from careloom.model.errors import NotSupportedError
from careloom.search.conditions import (
    And,
    Chain,
    Comparison,
    Condition,
    Has,
    InCompartment,
    IsType,
    Missing,
    Narrowing,
    Not,
    Or,
    Phrase,
    Written,
)
from careloom.search.index import index_values
from careloom.search.kinds import KINDS
from careloom.search.operands import Kind
from careloom.search.population import Population
from careloom.search.query import Query, SortKey
from careloom.search.registry import SearchParameters
from careloom.search.values import IndexValue, IndexValues
from careloom.search.words import has_phrase

T = TypeVar("T")


def match(query: Query, resource: Resource, registry: SearchParameters, population: Population | None = None) -> bool:
    """Whether a resource is of the query's type and meets all its conditions.

    Args:
        query: What is asked.
        resource: As parsed JSON.
        registry: Search parameters.
        population: The other resources; needed for chains and ``_has`` alone.

    Raises:
        NotSupportedError: The query asks about other resources, and there is no population.
    """
    type = resource_type(resource)
    if not query.covers(type):
        return False
    wanted = {code for condition in query.conditions for code in parameters_of(condition, type, registry)}
    return holds_all(query, index_values(resource, registry, only=wanted), population)


def holds_all(query: Query, values: IndexValues, population: Population | None = None) -> bool:
    """As `match`, on values that are there already."""
    return query.covers(values.type) and all(holds(condition, values, population) for condition in query.conditions)


def holds(condition: Condition, values: IndexValues, population: Population | None = None) -> bool:  # noqa: PLR0911
    """Whether one condition is met: what each node of the tree means."""
    match condition:
        case Comparison():
            return _compares(condition, values)
        case Phrase(parameter, words, is_open):
            return any(has_phrase(text.words, words, is_open=is_open) for text in values.texts.get(parameter, ()))
        case Missing(parameter, missing):
            return (parameter not in values.present) == missing
        case IsType(types):
            return values.type in types
        case InCompartment():
            return condition.reference in values.compartments
        case Not(inner):
            return not holds(inner, values, population)
        case And(conditions):
            return all(holds(each, values, population) for each in conditions)
        case Or(conditions):
            return any(holds(each, values, population) for each in conditions)
        case Written(_, _, inner) | Narrowing(inner):
            return holds(inner, values, population)
        case Chain():
            return _leads_to_one(condition, values, _needed(population, f"the chain {condition.parameter}"))
        case Has():
            return _is_referred_to(condition, values, _needed(population, f"_has:{condition.type}"))
    assert_never(condition)


def parameters_of(condition: Condition, type: str, registry: SearchParameters) -> Iterator[str]:
    """The codes of the parameters of a type that a condition looks at."""
    match condition:
        case Comparison(parameter) | Phrase(parameter) | Missing(parameter) | Chain(parameter):
            yield parameter
        case InCompartment(compartment):
            yield from registry.compartments(type).get(compartment, ())
        case Not(inner) | Written(_, _, inner) | Narrowing(inner):
            yield from parameters_of(inner, type, registry)
        case And(conditions) | Or(conditions):
            for each in conditions:
                yield from parameters_of(each, type, registry)
        case IsType() | Has():
            return


def values_of(values: IndexValues, kind: Kind, key: str) -> tuple[IndexValue, ...]:
    """The values that a comparison of a kind looks at, under its key."""
    family: Mapping[str, tuple[IndexValue, ...]] = getattr(values, KINDS[kind].family)
    return family.get(key, ())


def _compares(comparison: Comparison, values: IndexValues) -> bool:
    fits, modifier = KINDS[comparison.kind].fits, comparison.modifier
    found = values_of(values, comparison.kind, comparison.key)
    return any(fits(modifier, operand, value) for value in found for operand in comparison.operands)


def _leads_to_one(chain: Chain, values: IndexValues, population: Population) -> bool:
    asked = {target.type: target.condition for target in chain.targets}
    for reference in values.references.get(chain.parameter, ()):
        condition = asked.get(reference.type) if reference.id else None
        found = population.resolve(reference.target) if condition is not None else None
        if found is not None and condition is not None and holds(condition, found, population):
            return True
    return False


def _is_referred_to(has: Has, values: IndexValues, population: Population) -> bool:
    referring = population.referring(has.type, has.parameter, f"{values.type}/{values.id}")
    return any(holds(has.condition, each, population) for each in referring)


def _needed(population: Population | None, what: str) -> Population:
    if population is None:
        raise NotSupportedError(f"{what} asks about other resources, which cannot be looked at here")
    return population


# order


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
    of_value = KINDS[key.kind].sort_values
    if of_value is None:
        raise NotSupportedError(f"{key.parameter}: a {key.kind} parameter cannot be sorted by")
    found = (part for value in values_of(values, key.kind, key.parameter) for part in of_value(value))
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
