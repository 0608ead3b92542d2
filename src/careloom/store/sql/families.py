"""Comparisons by the table their values lie in: hashes, texts, intervals."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import TypeVar

from careloom.model.errors import TooCostlyError
from careloom.search.conditions import Comparison
from careloom.search.kinds.uri import parents
from careloom.search.operands import (
    Kind,
    Operand,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.store.sql.clauses import Clause, Context, Round, Run, Walk, either, nothing, sought
from careloom.store.sql.intervals import DATES, NUMBERS, IntervalFamily, arms, around
from careloom.store.sql.keys import (
    ANY_SYSTEM,
    address_hash,
    canonical_name,
    code_hash,
    exact_hash,
    parameter_name,
    system_atom,
    type_atom,
)
from careloom.store.sql.text import Sql, all_of, any_of, bracketed, one_of

Kept = TypeVar("Kept", bound=Operand)

_MOST_ARMS = 100
"""A condition with more runs than this looks at all values of its parameter: SQLite joins at most 500 selects."""

ROUNDS = (Round(2_000, 16_000), Round(8_000, 64_000), Round(32_000, 256_000))
"""Of values in a range, which lie in one index, as those gone through do: the first takes a millisecond or two."""

_LAST_CHARACTER = "\U0010ffff"
_SLASHES = 3


# found by a hash


def _token(comparison: Comparison, type: str, context: Context) -> Clause:
    asked = operands(comparison, TokenOperand)
    keys = context.covers.keys(type, comparison.key)
    by_system: dict[str | None, set[int]] = {}
    for operand in asked:
        if operand.code is not None:
            hashes = {code_hash(context.hash_of, type, key, operand.code) for key in keys}
            by_system.setdefault(operand.system, set()).update(hashes)
    seeks = [_of_system(system, sorted(hashes), context) for system, hashes in by_system.items()]
    is_one = [len(hashes) for hashes in by_system.values()] == [1]
    ways = [hashed("tok", seeks, context, type, keys, is_one=is_one)] if seeks else []
    systems = [operand.system for operand in asked if operand.code is None and operand.system is not None]
    if systems:
        ways.append(_of_systems(systems, type, comparison.key, context))
    return either(ways)


def _of_system(system: str | None, hashes: list[int], context: Context) -> Sql:
    if system is None:
        return one_of("h", hashes)
    return one_of("h", hashes) + Sql("AND") + one_of("sys", (context.number(system), ANY_SYSTEM))


def _of_systems(systems: list[str], type: str, key: str, context: Context) -> Clause:
    """``system|``: the shape of a version says which systems its tokens are of."""
    numbers = [*(context.number(system) for system in systems), ANY_SYSTEM]
    atoms = [system_atom(p, number) for p in context.numbers(type, key) for number in numbers]
    return shaped(type_atom(context.number(type)), atoms, context)


def shaped(type: str, atoms: list[str], context: Context, *, has: bool = True) -> Clause:
    """Versions of a type whose shape has some of the atoms, or else none of them."""
    some = any_of(Sql("text LIKE ?", (f"%,{atom},%",)) for atom in atoms)
    compared = context.dialect.compared
    tests = [Sql("tenant = ?", (context.tenant,)), compared("text", ">=", ","), compared("text", "<", "-")]
    of_type = Sql("SELECT id FROM name WHERE") + all_of([*tests, Sql("text LIKE ?", (f"%,{type},%",))])
    shapes = of_type + Sql("AND" if has else "AND NOT") + bracketed(some)
    within = Sql(f"shape IN ({shapes.text})", shapes.values)
    return Clause(
        probe=Sql(f"{context.alias}.{within.text}", within.values),
        source=Sql(
            f"SELECT vid FROM {context.dialect.by('version', 'shape', 'a')} WHERE tenant = ? AND {within.text}",
            (context.tenant, *within.values),
        ),
        reason="shape",
    )


def _reference(comparison: Comparison, type: str, context: Context) -> Clause:
    targets = {target for operand in operands(comparison, ReferenceOperand) for target in operand.targets}
    hashes = sorted(address_hash(context.hash_of, target) for target in targets)
    return referring(context.numbers(type, comparison.key), hashes, context)


def referring(numbers: list[int], targets: list[int], context: Context) -> Clause:
    """Versions with a reference under one of some parameters to one of the targets."""
    is_one = len(targets) == 1 and (len(numbers) == 1 or context.dialect.has_targets_in_order)
    return hashed("ref", [one_of("target", targets) + Sql("AND") + one_of("p", numbers)], context, is_one=is_one)


def hashed(
    table: str, seeks: list[Sql], context: Context, type: str = "", keys: Sequence[str] = (), *, is_one: bool
) -> Clause:
    """Versions with a row under one of some keys of a table.

    Args:
        table: With the hashes.
        seeks: The alternatives.
        context: Where the condition is put into SQL.
        type: Of the versions, if the parameter has frames.
        keys: Under which it has them.
        is_one: Whether there is one alternative, of which an index has the rows in the order of their vid.
    """
    bound, most = sum(len(each.values) for each in seeks), context.dialect.most_values // 4
    if bound > most:
        raise TooCostlyError(f"a condition with {bound} values: at most {most} are searched by")
    of_tenant = Sql("tenant = ?", (context.tenant,))
    rows = context.dialect.by(table, "value", "a")
    found = sought(rows, of_tenant, seeks)
    source = context.of_frames_too(type, keys, found)
    is_run = source is found and is_one
    return Clause(
        probe=_exists(table, of_tenant, seeks, context, context.vids(type, keys)),
        source=source,
        run=_run_of(table, rows, of_tenant + Sql("AND") + bracketed(seeks[0]), context) if is_run else None,
        reason=table,
    )


def _run_of(table: str, rows: str, key: Sql, context: Context) -> Run:
    return Run(table, rows, key, context.dialect.blocks.get(table, ""))


# found by a text


def _string(comparison: Comparison, type: str, context: Context) -> Clause:
    test = _STRINGS[comparison.modifier]
    seeks = [test(operand, context) for operand in operands(comparison, StringOperand)]
    tests = any_of(seeks)
    numbers = context.numbers(type, comparison.key)
    keys = context.covers.keys(type, comparison.key)
    key = Sql("tenant = ? AND", (context.tenant,)) + one_of("p", numbers)
    of_version = all_of([one_of(context.dialect.hidden("p"), numbers), tests])
    found = sought(context.dialect.by("str", "value", "a"), key, seeks if comparison.modifier in _SOUGHT else [tests])
    source = context.of_frames_too(type, keys, found)
    return Clause(
        probe=_of_version("str", of_version, context, context.vids(type, keys)),
        source=source,
        walk=_walk("str", of_version, context) if source is found else None,
        reason="str, a range",
    )


def _starts_with(operand: StringOperand, context: Context) -> Sql:
    """From the prefix up to the first text that is past all that begin with it."""
    return starting("folded", operand.folded, context)


def starting(column: str, prefix: str, context: Context) -> Sql:
    """Whether a column begins with a text, as a range of its index."""
    start = prefix.rstrip(_LAST_CHARACTER)
    if not start:
        return Sql(f"substr({column}, 1, CAST(? AS INTEGER)) = ?", (len(prefix), prefix))
    compared = context.dialect.compared
    return all_of((compared(column, ">=", prefix), compared(column, "<", start[:-1] + _next_character(start[-1]))))


def _next_character(character: str) -> str:
    return "\ue000" if character == "\ud7ff" else chr(ord(character) + 1)


def _exactly(operand: StringOperand, context: Context) -> Sql:
    hashed = Sql("exact = ?", (exact_hash(context.hash_of, operand.exact),))
    return all_of((context.dialect.compared("folded", "=", operand.folded), hashed))


def _inside(operand: StringOperand, context: Context) -> Sql:
    return Sql(context.dialect.inside("folded"), (operand.folded,))


def _ends_with(operand: StringOperand, context: Context) -> Sql:
    """An empty end is at the end of every text."""
    size = len(operand.folded)
    tail = "length(folded) >= ? AND substr(folded, length(folded) - CAST(? AS INTEGER) + 1) = ?"
    return Sql(tail, (size, size, operand.folded))


def _ordered(sign: str) -> Callable[[StringOperand, Context], Sql]:
    return lambda operand, context: context.dialect.compared("folded", sign, operand.folded) + Sql("AND exact <> 0")


_STRINGS: Mapping[str, Callable[[StringOperand, Context], Sql]] = {
    "": _starts_with,
    "exact": _exactly,
    "contains": _inside,
    "equals": _ordered("="),
    "ends-with": _ends_with,
    "gt": _ordered(">"),
    "lt": _ordered("<"),
    "ge": _ordered(">="),
    "le": _ordered("<="),
}

_SOUGHT = ("", "exact", "equals")
"""Those that are few rows of an index; the others look at all texts of a parameter, once is enough."""


def _uri(comparison: Comparison, type: str, context: Context) -> Clause:
    p = one_of("p", context.numbers(type, comparison.key))
    asked = sorted({operand.uri for operand in operands(comparison, UriOperand)})
    seeks = _URIS[comparison.modifier](asked, context)
    key = Sql("tenant = ? AND", (context.tenant,)) + p
    rows = context.dialect.by("uri", "value", "a")
    is_run = len(asked) == 1 and not comparison.modifier
    return Clause(
        probe=_exists("uri", key, seeks, context, context.vids(type, ())),
        source=sought(rows, key, seeks),
        run=Run("uri", rows, key + Sql("AND") + bracketed(seeks[0])) if is_run else None,
        reason="uri",
    )


def _any(uris: list[str], context: Context) -> list[Sql]:
    return [any_of(context.dialect.compared("text", "=", uri) for uri in uris)]


def _below(uris: list[str], context: Context) -> list[Sql]:
    """Equal but for a closing slash, or going on after one."""
    bare = sorted({uri.rstrip("/") for uri in uris})
    return [*_any(sorted({*bare, *uris}), context), *(starting("text", f"{uri}/", context) for uri in bare)]


def _above(uris: list[str], context: Context) -> list[Sql]:
    """The URI itself and all that it goes on from, each with or without slashes at its end."""
    found = {parent + "/" * slashes for uri in uris for parent in parents(uri) for slashes in range(_SLASHES)}
    return _any(sorted(found), context)


_URIS: Mapping[str, Callable[[list[str], Context], list[Sql]]] = {
    "": _any,
    "below": _below,
    "above": _above,
}


# found by an interval


def _date(comparison: Comparison, type: str, context: Context) -> Clause:
    return _interval(DATES, comparison, type, context)


def _number(comparison: Comparison, type: str, context: Context) -> Clause:
    return _interval(NUMBERS, comparison, type, context)


def _interval(family: IntervalFamily, comparison: Comparison, type: str, context: Context) -> Clause:
    tests: list[tuple[int, Sql]] = []
    found: list[tuple[str, Sql]] = []
    for key, operand in product(context.covers.keys(type, comparison.key), comparison.operands):
        p, asked, unit = _asked_of(operand, parameter_name(type, key), context)
        at = Sql("tenant = ? AND p = ?", (context.tenant, p))
        tests.append((p, all_of((around(family, asked), *unit))))
        found += [(arm.index, all_of((at, arm.where, *unit))) for arm in arms(family, asked)]
    if len(found) > _MOST_ARMS:
        found = [("value", all_of((Sql("tenant = ?", (context.tenant,)), _under("p", tests))))]
    selects = [
        Sql(f"SELECT vid FROM {context.dialect.by(family.table, index, 'a')} WHERE") + where for index, where in found
    ]
    source = Sql(" UNION ALL ".join(each.text for each in selects), tuple(v for each in selects for v in each.values))
    of_version = _under(context.dialect.hidden("p"), tests)
    return Clause(
        probe=_of_version(family.table, of_version, context),
        source=source if selects else nothing().source,
        walk=_walk(family.table, of_version, context),
        reason=f"{family.table}, a range",
    )


def _under(column: str, tests: Iterable[tuple[int, Sql]]) -> Sql:
    """Whether a row passes one of some tests, each of them of rows under a parameter."""
    return any_of(all_of((Sql(f"{column} = ?", (p,)), test)) for p, test in tests)


def _asked_of(operand: Operand, name: str, context: Context) -> tuple[int, Operand, list[Sql]]:
    """Under which parameter the rows are, what interval is asked for there, and what their unit must be."""
    if not isinstance(operand, QuantityOperand):
        return context.number(name), operand, []
    if operand.canonical is not None:
        low, high = operand.canonical.low, operand.canonical.high
        asked = QuantityOperand(operand.text, operand.prefix, low, high)
        unit = Sql("unit = ?", (context.number(operand.canonical.unit),))
        return context.number(canonical_name(name)), asked, [unit]
    return context.number(name), operand, _unit(operand, context)


def _unit(operand: QuantityOperand, context: Context) -> list[Sql]:
    code = [] if operand.code is None else [context.number(operand.code)]
    if operand.system is None:
        return [Sql("(code = ? OR unit = ?)", (each, each)) for each in code]
    return [Sql("sys = ?", (context.number(operand.system),)), *(Sql("code = ?", (each,)) for each in code)]


# what they share


def _exists(table: str, key: Sql, seeks: Sequence[Sql], context: Context, vids: Sequence[str]) -> Sql:
    """Whether one of some versions has a row under a key that passes one of some tests, each of them a seek."""
    lying, of_versions = context.dialect.lying(table, vids)
    rows = Sql(f"EXISTS (SELECT 1 FROM {lying} WHERE") + key + Sql("AND")
    end = Sql(f"AND {of_versions}{context.dialect.apart})")
    return any_of(rows + bracketed(seek) + end for seek in seeks)


def _of_version(table: str, tests: Sql, context: Context, vids: Sequence[str] = ()) -> Sql:
    """Whether a value of the version itself passes the tests, by the index that leads from versions to values."""
    _, of_version = context.dialect.lying(table, vids or context.vids("", ()))
    tenant = context.dialect.hidden("tenant")
    rows = f"{context.dialect.by(table, 'version', 'a')} WHERE {tenant} = ? AND {of_version}"
    text = f"EXISTS (SELECT 1 FROM {rows} AND ({tests.text}){context.dialect.apart})"
    return Sql(text, (context.tenant, *tests.values))


def _walk(table: str, tests: Sql, context: Context) -> Walk:
    """The values of all versions, one version after the other."""
    of_tenant = Sql(f"{context.dialect.hidden('tenant')} = ?", (context.tenant,))
    run = Run(table, context.dialect.by(table, "version", "a"), of_tenant)
    return Walk(run, tests, ROUNDS)


def operands(comparison: Comparison, kind: type[Kept]) -> list[Kept]:
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
"""By kind of parameter; composites, places and texts are in `careloom.store.sql.judged`."""
