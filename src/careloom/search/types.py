"""A search of several types as searches of one type each, for those who run it."""

from careloom.model.records import replace
from careloom.search.conditions import (
    EVERYTHING,
    NOTHING,
    And,
    Condition,
    InCompartment,
    IsType,
    Narrowing,
    Not,
    Or,
    Written,
)
from careloom.search.query import Query
from careloom.search.registry import SearchParameters


def by_type(query: Query, registry: SearchParameters) -> tuple[Query, ...]:
    """The same search for each type it covers, in the order of their names; one of one type as it is.

    What asks for the type is answered there: a query that none of the type can meet is left out.
    """
    if query.type:
        return (query,)
    compartments = [each.compartment for each in query.conditions if isinstance(each, InCompartment)]
    return tuple(
        each
        for type in query.types or sorted(registry.resource_types())
        if all(code in registry.compartments(type) for code in compartments)
        and not _is_impossible(each := of_type(query, type))
    )


def _is_impossible(query: Query) -> bool:
    return any(condition in (NOTHING, Narrowing(NOTHING)) for condition in query.conditions)


def of_type(query: Query, type: str) -> Query:
    """A search of several types for one of them."""
    conditions = (_settled(condition, type) for condition in query.conditions)
    kept = tuple(condition for condition in conditions if condition != EVERYTHING)
    return replace(query, type=type, types=(), conditions=kept)


def _settled(condition: Condition, type: str) -> Condition:  # noqa: PLR0911
    """The condition on resources of one type, with what that decides left out."""
    match condition:
        case IsType(types):
            return EVERYTHING if type in types else NOTHING
        case Not(inner):
            settled = _settled(inner, type)
            return NOTHING if settled == EVERYTHING else EVERYTHING if settled == NOTHING else Not(settled)
        case And(conditions):
            parts = tuple(_settled(each, type) for each in conditions)
            kept = tuple(each for each in parts if each != EVERYTHING)
            return NOTHING if NOTHING in parts else kept[0] if len(kept) == 1 else And(kept)
        case Or(conditions):
            parts = tuple(_settled(each, type) for each in conditions)
            kept = tuple(each for each in parts if each != NOTHING)
            return EVERYTHING if EVERYTHING in parts else kept[0] if len(kept) == 1 else Or(kept)
        case Narrowing(inner):
            settled = _settled(inner, type)
            return EVERYTHING if settled == EVERYTHING else Narrowing(settled)
        case Written(_, _, inner):
            return replace(condition, condition=_settled(inner, type))
        case _:
            return condition
