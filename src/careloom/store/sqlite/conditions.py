"""From the conditions of a query to SQL.

Every condition can test a version ``v`` that something else has found: its ``probe`` seeks one key. Most can also find
versions by themselves: their ``source`` scans the postings. A source that is one run of a key comes out newest first;
`careloom.store.sqlite.plan` picks the one to begin with. What fits what is said by `careloom.search.comparison`; this
is the same in SQL.
"""

from collections.abc import Callable, Mapping
from typing import Any

from careloom.model.errors import NotSupportedError
from careloom.search.query import Comparison, Condition, Missing, Not
from careloom.store.sqlite.clauses import Clause, Context
from careloom.store.sqlite.families import FAMILIES
from careloom.store.sqlite.intervals import instant_around
from careloom.store.sqlite.postings import parameter_name
from careloom.store.sqlite.sql import Sql, any_of


def clause(condition: Condition, type: str, context: Context) -> Clause:
    """A condition on resources of a type, as SQL.

    Raises:
        NotSupportedError: A kind of parameter that has no postings.
    """
    match condition:
        case Missing():
            return _missing(condition, type, context)
        case Not():
            probe = clause(condition.condition, type, context).probe
            return Clause(Sql(f"NOT ({probe.text})", probe.values))
        case Comparison():
            return _comparison(condition, type, context)


def _missing(condition: Missing, type: str, context: Context) -> Clause:
    p = context.number(parameter_name(type, condition.parameter))
    return Clause(Sql(f"instr(v.present, ?) {'=' if condition.missing else '>'} 0", (f",{p},",)))


def _comparison(comparison: Comparison, type: str, context: Context) -> Clause:
    if comparison.key in _IN_VERSION:
        return Clause(any_of(_IN_VERSION[comparison.key](operand) for operand in comparison.operands))
    if comparison.kind not in FAMILIES:
        raise NotSupportedError(f"{type}?{comparison.parameter}: {comparison.kind} parameters are not searched by")
    return FAMILIES[comparison.kind](comparison, type, context)


# kept in the version itself


def _id(operand: Any) -> Sql:
    if operand.system:
        return Sql("0")
    return Sql("1") if operand.code is None else Sql("v.id = ?", (operand.code,))


def _last_updated(operand: Any) -> Sql:
    return instant_around(operand)


_IN_VERSION: Mapping[str, Callable[[Any], Sql]] = {"_id": _id, "_lastUpdated": _last_updated}
"""Parameters that need no postings, see `careloom.store.sqlite.postings.KEPT_IN_VERSION`."""
