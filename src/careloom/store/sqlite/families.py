"""Comparisons by the table their values lie in: hashes, texts, intervals."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from careloom.search.query import (
    Comparison,
    Kind,
    Operand,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.store.sqlite.clauses import Clause, Context, Run
from careloom.store.sqlite.intervals import DATES, NUMBERS, IntervalFamily, arms, around, by_value
from careloom.store.sqlite.postings import ANY_SYSTEM, code_hash, exact_hash, parameter_name, system_hash
from careloom.store.sqlite.sql import Sql, all_of, any_of, one_of

Kept = TypeVar("Kept", bound=Operand)

_MOST_ARMS = 100
"""A condition with more runs than this looks at all values of its parameter: SQLite joins at most 500 selects."""

_LAST_CHARACTER = "\U0010ffff"


# found by a hash


def _token(comparison: Comparison, type: str, context: Context) -> Clause:
    hashes: dict[str | None, set[int]] = {}
    for operand in _operands(comparison, TokenOperand):
        hashes.setdefault(_system_beside(operand), set()).update(_token_hashes(operand, type, comparison.key, context))
    seeks = [_of_system(system, sorted(hashes[system]), context) for system in hashes]
    return _hashed("tok", seeks, context)


def _system_beside(operand: TokenOperand) -> str | None:
    """The system to look for beside the hash of a code; None for any, and where the hash is of the system itself."""
    return None if operand.code is None else operand.system


def _token_hashes(operand: TokenOperand, type: str, key: str, context: Context) -> set[int]:
    """Where the rows of a code are; without a code those of the system, and of a system that is not known."""
    if operand.code is None:
        return {system_hash(context.hash_of, type, key, system) for system in (operand.system, None)}
    return {code_hash(context.hash_of, type, key, operand.code)}


def _of_system(system: str | None, hashes: list[int], context: Context) -> Sql:
    if system is None:
        return one_of("h", hashes)
    return one_of("h", hashes) + Sql("AND") + one_of("sys", (context.number(system), ANY_SYSTEM))


def _reference(comparison: Comparison, type: str, context: Context) -> Clause:
    targets = {target for operand in _operands(comparison, ReferenceOperand) for target in operand.targets}
    hashes = sorted(context.hash_of(type, comparison.key, target) for target in targets)
    return _hashed("ref", [one_of("h", hashes)], context)


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
    tests = any_of(_STRINGS[comparison.modifier](operand, context) for operand in _operands(comparison, StringOperand))
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
    uris = one_of("text", sorted({operand.uri for operand in _operands(comparison, UriOperand)}))
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
    if len(found) > _MOST_ARMS:
        found = [(by_value(family.table), all_of((at, any_of(tests))))]
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


# what they share


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


def _operands(comparison: Comparison, kind: type[Kept]) -> list[Kept]:
    """The alternatives, which are all of one kind."""
    return [operand for operand in comparison.operands if isinstance(operand, kind)]


FAMILIES: Mapping[Kind, Callable[[Comparison, str, Context], Clause]] = {
    "token": _token,
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _number,
}
"""By kind of parameter; those that are missing have no postings."""
