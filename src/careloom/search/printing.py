"""A `Query` written back as the parameters it could have been read from: the self link of a result.

Parsing what is printed gives the same tree, without what the tree left out.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from careloom.search.escaping import escape
from careloom.search.query import (
    Comparison,
    Condition,
    DateOperand,
    Include,
    Missing,
    Not,
    NumberOperand,
    Operand,
    QuantityOperand,
    Query,
    ReferenceOperand,
    SortKey,
    StringOperand,
    TokenOperand,
    UriOperand,
)

# Characters that a URL's query may carry as they are and that people like to read: RFC 3986, without & + # = %.
_READABLE = ":/,|$@!*'()~"


def query_string(query: Query) -> str:
    """The parameters as the query part of a URL, without the question mark."""
    return "&".join(f"{quote(name, _READABLE)}={quote(value, _READABLE)}" for name, value in query_parameters(query))


def query_parameters(query: Query) -> list[tuple[str, str]]:
    """The parameters as names and values, not percent-encoded: conditions first, in their order."""
    return [*map(_condition, query.conditions), *_results(query)]


def _condition(condition: Condition) -> tuple[str, str]:
    match condition:
        case Missing():
            return f"{condition.parameter}:missing", "true" if condition.missing else "false"
        case Not():
            return f"{condition.condition.parameter}:not", _values(condition.condition)
        case Comparison():
            modifier = f":{condition.modifier}" if condition.modifier else ""
            return condition.parameter + modifier, _values(condition)


def _values(comparison: Comparison) -> str:
    return ",".join(_OPERANDS[operand.__class__](operand) for operand in comparison.operands)


def _token(operand: TokenOperand) -> str:
    code = escape(operand.code or "")
    return code if operand.system is None else f"{escape(operand.system)}|{code}"


def _prefixed(operand: DateOperand | NumberOperand | QuantityOperand) -> str:
    return operand.text if operand.prefix == "eq" else operand.prefix + operand.text


def _quantity(operand: QuantityOperand) -> str:
    if operand.system is None and operand.code is None:
        return _prefixed(operand)
    return f"{_prefixed(operand)}|{escape(operand.system or '')}|{escape(operand.code or '')}"


_OPERANDS: Mapping[type[Operand], Callable[[Any], str]] = {
    TokenOperand: _token,
    StringOperand: lambda operand: escape(operand.text),
    ReferenceOperand: lambda operand: escape(operand.text),
    DateOperand: _prefixed,
    NumberOperand: _prefixed,
    QuantityOperand: _quantity,
    UriOperand: lambda operand: escape(operand.uri),
}


def _results(query: Query) -> Iterator[tuple[str, str]]:
    if query.sort:
        yield "_sort", ",".join(map(_sort_key, query.sort))
    if query.count is not None:
        yield "_count", str(query.count)
    yield from (("_include", _include(include)) for include in query.includes)
    yield from (("_revinclude", _include(include)) for include in query.revincludes)
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


def _include(include: Include) -> str:
    return ":".join(part for part in (include.source, include.parameter, include.target) if part)
