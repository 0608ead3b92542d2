"""Access rules in the tree: every population that a query enters is narrowed to what may be seen of its type.

The rules are put where they count: beside the conditions of the query, at each target of a chain, inside each
``_has``. A resource that may not be seen so leads nowhere and is referred to by nothing: no match, no total and
no order of a page tells whether it is there. The rules themselves may have chains and ``_has``; these are not
narrowed again, since a rule may depend on what its user may not see.
"""

from typing import assert_never

from careloom.model.records import replace
from careloom.search.conditions import (
    NOTHING,
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
    Target,
    Written,
)
from careloom.search.query import Access, Query


def narrowed(query: Query, access: Access) -> Query:
    """The query on what may be seen alone; one that was narrowed before is narrowed by both."""
    conditions = tuple(_within(condition, access) for condition in query.conditions)
    return replace(
        query,
        conditions=(*conditions, Narrowing(_rule_of(query, access))),
        access=access if query.access is None else both(query.access, access),
    )


def both(first: Access, second: Access) -> Access:
    """What two rules allow together."""
    types = dict.fromkeys([type for type, _ in (*first.rules, *second.rules)])
    return Access(
        rules=tuple((type, And((first.of(type), second.of(type)))) for type in types),
        otherwise=And((first.otherwise, second.otherwise)),
    )


def _rule_of(query: Query, access: Access) -> Condition:
    """What may be seen of the types of the query."""
    if query.type:
        return access.of(query.type)
    ruled = [type for type, _ in access.rules if query.covers(type)]
    each = [And((IsType((type,)), access.of(type))) for type in ruled]
    others = access.otherwise
    if others == NOTHING:
        return Or(tuple(each))
    return Or((*each, And((Not(IsType(tuple(ruled))), others))))


def _within(condition: Condition, access: Access) -> Condition:
    """The condition with the rules at every place where it enters another population."""
    match condition:
        case Chain(_, targets):
            return replace(condition, targets=tuple(_of_target(target, access) for target in targets))
        case Has(type, _, inner):
            return replace(condition, condition=And((Narrowing(access.of(type)), _within(inner, access))))
        case And(conditions) | Or(conditions):
            return replace(condition, conditions=tuple(_within(each, access) for each in conditions))
        case Not(inner) | Written(_, _, inner):
            return replace(condition, condition=_within(inner, access))
        case Comparison() | Phrase() | Missing() | IsType() | InCompartment() | Narrowing():
            return condition
    assert_never(condition)


def _of_target(target: Target, access: Access) -> Target:
    return Target(target.type, And((Narrowing(access.of(target.type)), _within(target.condition, access))))
