"""From the conditions of a query to SQL: how to test a candidate, and how to find candidates.

Every condition can test a version ``v`` that something else has found: its ``probe`` seeks one key. Most can also find
versions by themselves: their ``source`` scans the postings. A source that is one run of a key comes out newest first;
`careloom.store.sqlite.plan` picks the one to begin with. What fits what is said by `careloom.search.comparison`; this
is the same in SQL.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from careloom.model.errors import NotSupportedError
from careloom.search.query import (
    Comparison,
    Condition,
    Kind,
    Missing,
    Not,
    Operand,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.store.hashing import Hash
from careloom.store.sqlite.intervals import DATES, NUMBERS, IntervalFamily, arms, around, by_value, instant_around
from careloom.store.sqlite.names import Names
from careloom.store.sqlite.postings import ANY_SYSTEM, code_hash, exact_hash, parameter_name, system_hash
from careloom.store.sqlite.sql import Sql, all_of, any_of, one_of

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Run:
    """Rows under one key of a postings table, in the order of their vid."""

    table: str
    where: Sql


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in SQL.

    Attributes:
        probe: Whether a version ``v`` meets it.
        source: Selects the vid of each version that meets it, some of them twice; None if it cannot.
        run: The same as one run of a key; None if it takes more than that.
    """

    probe: Sql
    source: Sql | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What turns texts into the numbers that rows hold."""

    connection: sqlite3.Connection
    names: Names
    hash_of: Hash

    @property
    def tenant(self) -> int:
        """Number of the tenant."""
        return self.names.tenant

    def number(self, text: str) -> int:
        """The number of a text; one that no row holds if it has none."""
        return self.names.find(self.connection, text)


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
    if comparison.kind not in _FAMILIES:
        raise NotSupportedError(f"{type}?{comparison.parameter}: {comparison.kind} parameters are not searched by")
    return _FAMILIES[comparison.kind](comparison, type, context)


# found by a hash


def _token(comparison: Comparison, type: str, context: Context) -> Clause:
    seeks = [_token_seek(operand, type, comparison.key, context) for operand in _tokens(comparison)]
    return _hashed("tok", seeks, context)


def _token_seek(operand: TokenOperand, type: str, key: str, context: Context) -> Sql:
    """Rows of a code, of whatever system or of one; without a code those of the system."""
    if operand.code is None:
        hashes = {system_hash(context.hash_of, type, key, system) for system in (operand.system, None)}
        return one_of("h", sorted(hashes))
    seek = Sql("h = ?", (code_hash(context.hash_of, type, key, operand.code),))
    if operand.system is None:
        return seek
    return seek + Sql("AND") + one_of("sys", (context.number(operand.system), ANY_SYSTEM))


def _reference(comparison: Comparison, type: str, context: Context) -> Clause:
    targets = dict.fromkeys(target for operand in _references(comparison) for target in operand.targets)
    seeks = [Sql("h = ?", (context.hash_of(type, comparison.key, target),)) for target in targets]
    return _hashed("ref", seeks, context)


def _hashed(table: str, seeks: list[Sql], context: Context) -> Clause:
    where = Sql("tenant = ?", (context.tenant,)) + Sql("AND") + _bracketed(any_of(seeks))
    is_run = len(seeks) == 1 and seeks[0].text.startswith("h = ")
    return Clause(
        probe=_exists(table, where),
        source=Sql(f"SELECT vid FROM {table} WHERE") + where,
        run=Run(table, where) if is_run else None,
    )


# found by a text


def _string(comparison: Comparison, type: str, context: Context) -> Clause:
    p = context.number(parameter_name(type, comparison.key))
    tests = any_of(_STRINGS[comparison.modifier](operand, context) for operand in _strings(comparison))
    return _ranged("str", p, tests, context)


def _starts_with(operand: StringOperand, context: Context) -> Sql:
    """From the prefix up to the first text that is past all that begin with it."""
    start = operand.folded.rstrip(_LAST_CHARACTER)
    if not start:
        return Sql("substr(folded, 1, ?) = ?", (len(operand.folded), operand.folded))
    return Sql("folded >= ? AND folded < ?", (operand.folded, start[:-1] + _next_character(start[-1])))


def _next_character(character: str) -> str:
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


_STRINGS: Mapping[str, Callable[[StringOperand, Context], Sql]] = {
    "": _starts_with,
    "exact": lambda operand, context: Sql(
        "folded = ? AND exact = ?", (operand.folded, exact_hash(context.hash_of, operand.exact))
    ),
    "contains": lambda operand, context: Sql("instr(folded, ?) > 0", (operand.folded,)),
}


def _uri(comparison: Comparison, type: str, context: Context) -> Clause:
    p = context.number(parameter_name(type, comparison.key))
    uris = one_of("text", sorted({operand.uri for operand in _uris(comparison)}))
    where = Sql("tenant = ? AND p = ?", (context.tenant, p)) + Sql("AND") + uris
    return Clause(
        probe=_exists("uri", where),
        source=Sql("SELECT vid FROM uri WHERE") + where,
        run=Run("uri", where) if len(uris.values) == 1 else None,
    )


# found by an interval


def _date(comparison: Comparison, type: str, context: Context) -> Clause:
    return _interval(DATES, comparison, type, context)


def _number(comparison: Comparison, type: str, context: Context) -> Clause:
    return _interval(NUMBERS, comparison, type, context)


def _interval(family: IntervalFamily, comparison: Comparison, type: str, context: Context) -> Clause:
    p = context.number(parameter_name(type, comparison.key))
    at = Sql("tenant = ? AND p = ?", (context.tenant, p))
    tests: list[Sql] = []
    found: list[tuple[str, Sql]] = []
    for operand in comparison.operands:
        unit = _unit(operand, context)
        tests.append(all_of((around(family, operand), *unit)))
        found += [(arm.index, all_of((at, arm.where, *unit))) for arm in arms(family, operand)]
    selects = [Sql(f"SELECT vid FROM {family.table} INDEXED BY {index} WHERE") + where for index, where in found]
    source = Sql(" UNION ALL ".join(each.text for each in selects), tuple(v for each in selects for v in each.values))
    return Clause(probe=_of_version(family.table, p, any_of(tests), context), source=source)


def _unit(operand: Operand, context: Context) -> list[Sql]:
    """What a quantity's unit must be; nothing for what has no unit."""
    if not isinstance(operand, QuantityOperand):
        return []
    code = [] if operand.code is None else [context.number(operand.code)]
    if operand.system is None:
        return [Sql("(code = ? OR unit = ?)", (each, each)) for each in code]
    return [Sql("sys = ?", (context.number(operand.system),)), *(Sql("code = ?", (each,)) for each in code)]


# kept in the version itself


def _id(operand: Any) -> Sql:
    if operand.system:
        return Sql("0")
    return Sql("1") if operand.code is None else Sql("v.id = ?", (operand.code,))


def _last_updated(operand: Any) -> Sql:
    return instant_around(operand)


_IN_VERSION: Mapping[str, Callable[[Any], Sql]] = {"_id": _id, "_lastUpdated": _last_updated}
"""Parameters that need no postings, see `careloom.store.sqlite.postings.KEPT_IN_VERSION`."""


_FAMILIES: Mapping[Kind, Callable[[Comparison, str, Context], Clause]] = {
    "token": _token,
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _number,
}


def _ranged(table: str, p: int, tests: Sql, context: Context) -> Clause:
    where = Sql("tenant = ? AND p = ?", (context.tenant, p)) + Sql("AND") + _bracketed(tests)
    source = Sql(f"SELECT vid FROM {table} INDEXED BY {by_value(table)} WHERE") + where
    return Clause(probe=_of_version(table, p, tests, context), source=source)


def _exists(table: str, where: Sql) -> Sql:
    return Sql(f"EXISTS (SELECT 1 FROM {table} WHERE {where.text} AND {table}.vid = v.vid)", where.values)


def _of_version(table: str, p: int, tests: Sql, context: Context) -> Sql:
    """Whether a value of the version itself passes the tests, by the index that leads from versions to values."""
    at = f"{table} INDEXED BY {table}_by_version WHERE tenant = ? AND {table}.vid = v.vid AND p = ?"
    return Sql(f"EXISTS (SELECT 1 FROM {at} AND ({tests.text}))", (context.tenant, p, *tests.values))


def _bracketed(part: Sql) -> Sql:
    return Sql(f"({part.text})", part.values)


def _tokens(comparison: Comparison) -> list[TokenOperand]:
    return [operand for operand in comparison.operands if isinstance(operand, TokenOperand)]


def _references(comparison: Comparison) -> list[ReferenceOperand]:
    return [operand for operand in comparison.operands if isinstance(operand, ReferenceOperand)]


def _strings(comparison: Comparison) -> list[StringOperand]:
    return [operand for operand in comparison.operands if isinstance(operand, StringOperand)]


def _uris(comparison: Comparison) -> list[UriOperand]:
    return [operand for operand in comparison.operands if isinstance(operand, UriOperand)]
