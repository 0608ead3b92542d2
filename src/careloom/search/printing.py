"""A `Query` written back as the parameters it could have been read from: the self link of a result.

Parsing what is printed gives the same tree, without what the tree left out and without what access rules added.
"""

from collections.abc import Iterator
from urllib.parse import quote

from careloom.model.errors import NotSupportedError
from careloom.search.conditions import (
    And,
    Chain,
    Comparison,
    Condition,
    Has,
    InCompartment,
    Missing,
    Narrowing,
    Not,
    Written,
)
from careloom.search.kinds import KINDS
from careloom.search.query import Include, Query, SortKey

# Characters that a URL's query may carry as they are and that people like to read: RFC 3986, without & + # = %.
_READABLE = ":/,|$@!*'()~"

_NEGATED = {"": "not", "in": "not-in"}
"""The modifier that says the opposite of a modifier."""


def query_path(query: Query) -> str:
    """What is searched, as the path of a URL below the base: ``Observation``, ``Patient/1/Observation``; or empty."""
    compartment = next((each for each in query.conditions if isinstance(each, InCompartment)), None)
    if compartment is None:
        return query.type
    return f"{compartment.reference}/{query.type or '*'}"


def query_string(query: Query) -> str:
    """The parameters as the query part of a URL, without the question mark."""
    return "&".join(f"{quote(name, _READABLE)}={quote(value, _READABLE)}" for name, value in query_parameters(query))


def query_parameters(query: Query) -> list[tuple[str, str]]:
    """The parameters as names and values, not percent-encoded: conditions first, in their order.

    Raises:
        NotSupportedError: A condition that no parameters can say.
    """
    return [*_conditions(query), *_results(query)]


def rules_of(query: Query) -> str:
    """What access rules added to the query, as a text that differs where the rules differ.

    It goes with a page token, which is then of no use to someone else.
    """
    return repr((tuple(each for each in query.conditions if isinstance(each, Narrowing)), query.access))


def _conditions(query: Query) -> Iterator[tuple[str, str]]:
    for condition in query.conditions:
        if not isinstance(condition, InCompartment | Narrowing):
            yield _condition(condition)


def _condition(condition: Condition) -> tuple[str, str]:
    match condition:
        case Missing(parameter, missing):
            return f"{parameter}:missing", "true" if missing else "false"
        case Not(Comparison() as comparison) if comparison.modifier in _NEGATED:
            return f"{comparison.parameter}:{_NEGATED[comparison.modifier]}", _values(comparison)
        case Comparison(parameter, modifier=modifier):
            return f"{parameter}:{modifier}" if modifier else parameter, _values(condition)
        case Chain(parameter, targets, type):
            name, value = _condition(_told(targets[0].condition))
            return f"{parameter}:{type}.{name}" if type else f"{parameter}.{name}", value
        case Has(type, parameter, inner):
            name, value = _condition(_told(inner))
            return f"_has:{type}:{parameter}:{name}", value
        case Written(parameter, text, _):
            return parameter, text
    raise NotSupportedError(f"a {condition.__class__.__name__} cannot be written as a search parameter")


def _told(condition: Condition) -> Condition:
    """The one condition that was asked, beside those that access rules added."""
    if isinstance(condition, And):
        asked = [each for each in condition.conditions if not isinstance(each, Narrowing)]
        if len(asked) == 1:
            return _told(asked[0])
    return condition


def _values(comparison: Comparison) -> str:
    if comparison.written:
        return comparison.written
    return ",".join(map(KINDS[comparison.kind].written, comparison.operands))


def _results(query: Query) -> Iterator[tuple[str, str]]:
    if query.types:
        yield "_type", ",".join(query.types)
    if query.sort:
        yield "_sort", ",".join(map(_sort_key, query.sort))
    if query.count is not None:
        yield "_count", str(query.count)
    yield from ((_name("_include", include), _include(include)) for include in query.includes)
    yield from ((_name("_revinclude", include), _include(include)) for include in query.revincludes)
    if query.total is not None:
        yield "_total", query.total
    if query.summary is not None:
        yield "_summary", query.summary
    if query.elements:
        yield "_elements", ",".join(query.elements)
    if query.page is not None:
        yield "_page", query.page


def _sort_key(key: SortKey) -> str:
    return f"-{key.parameter}" if key.descending else key.parameter


def _name(name: str, include: Include) -> str:
    return f"{name}:iterate" if include.iterate else name


def _include(include: Include) -> str:
    return ":".join(part for part in (include.source, include.parameter, include.target) if part)
