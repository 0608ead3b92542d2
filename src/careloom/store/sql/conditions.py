"""From the conditions of a query to SQL.

Every condition can test a version that something else has found: its ``probe`` seeks one key. Most can also find
versions by themselves: their ``source`` scans the postings. A source that is one run of a key comes out newest first;
`careloom.store.sql.plan` picks the one to begin with. What fits what is said by `careloom.search`; this is the same in
SQL.

A reference is followed by joining ``ref.target`` to ``version.rid``, both of them the hash of ``Type/id``, and what is
asked of the resource at its other end is a probe there. The other way round, what is found at the other end leads back.
"""

from collections.abc import Callable, Mapping
from typing import Any

from careloom.model.errors import NotSupportedError
from careloom.model.records import replace
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
from careloom.search.operands import CompositeOperand, Part
from careloom.store.sql.clauses import Clause, Context, either, nothing, together
from careloom.store.sql.families import FAMILIES, referring, shaped
from careloom.store.sql.intervals import instant_around
from careloom.store.sql.judged import JUDGED, phrase, settled, words_aside
from careloom.store.sql.keys import address_hash, parameter_name, type_atom
from careloom.store.sql.postings import KEPT_IN_VERSION
from careloom.store.sql.text import Sql, all_of, any_of, bracketed, one_of


def clause(condition: Condition, type: str, context: Context) -> Clause:
    """A condition on resources of a type, as SQL; what SQL says too widely is marked to be judged.

    Raises:
        NotSupportedError: A kind of parameter that has no postings.
        TooCostlyError: Too many values, or more candidates than can be looked at.
    """
    return _CLAUSES[condition.__class__](condition, type, context)


def exact_clause(condition: Condition, type: str, context: Context) -> Clause:
    """The same with nothing left to judge, as it must be inside another condition."""
    found = clause(condition, type, context)
    return settled(found, condition, type, context) if found.is_judged else found


# leaves


def _comparison(comparison: Comparison, type: str, context: Context) -> Clause:
    if not comparison.operands:
        return nothing()
    if comparison.key in _IN_VERSION:
        return _IN_VERSION[comparison.key](comparison, type, context)
    if comparison.modifier == "text":
        return words_aside(comparison, type, context)
    if comparison.kind == "composite":
        return either([_composite(comparison, key, type, context) for key in _composites(comparison, type, context)])
    family = FAMILIES.get(comparison.kind) or JUDGED.get(comparison.kind)
    if family is None:
        raise NotSupportedError(f"{type}?{comparison.parameter}: {comparison.kind} parameters are not searched by")
    return family(comparison, type, context)


def _composites(comparison: Comparison, type: str, context: Context) -> tuple[str, ...]:
    """The composites that are looked for: one that others cover is each of them."""
    return context.covers.elements(type, comparison.parameter)


def _composite(comparison: Comparison, code: str, type: str, context: Context) -> Clause:
    """A composite by rows of its own, or over a whole resource by those of its parts; judged in both cases."""
    codes = context.covers.parts(type, code)
    if not codes:
        return JUDGED["composite"](replace(comparison, parameter=code), type, context)
    ways = [
        _and(And(tuple(map(_compared, codes, operand.parts))), type, context)
        for operand in comparison.operands
        if isinstance(operand, CompositeOperand)
    ]
    return replace(either(ways), is_judged=True)


def _compared(code: str, part: Part) -> Comparison:
    return Comparison(code, part.kind, (part.operand,))


def _phrase(condition: Phrase, type: str, context: Context) -> Clause:
    return phrase(condition, context)


def _missing(condition: Missing, type: str, context: Context) -> Clause:
    """The shape of a version says which parameters it has elements for."""
    if condition.parameter in KEPT_IN_VERSION:
        return nothing() if condition.missing else Clause(Sql("1 = 1"))
    codes = context.covers.elements(type, condition.parameter)
    if any(context.covers.parts(type, code) for code in codes):
        return Clause(Sql("1 = 1"), is_judged=True)
    atoms = [str(context.number(parameter_name(type, code))) for code in codes]
    return shaped(type_atom(context.number(type)), atoms, context, has=not condition.missing)


def _is_type(condition: IsType, type: str, context: Context) -> Clause:
    return Clause(Sql("1 = 1" if type in condition.types else "1 = 0"))


def _in_compartment(condition: InCompartment, type: str, context: Context) -> Clause:
    """What refers to the holder of the compartment by one of the parameters that say so, and the holder itself."""
    holder = address_hash(context.hash_of, condition.reference)
    codes = sorted(context.registry.compartments(type).get(condition.compartment, ()))
    numbers = sorted({p for code in codes for p in context.numbers(type, code)})
    ways = [referring(numbers, [holder], context)] if numbers else []
    if type == condition.compartment:
        ways.append(_of_resources([holder], context))
    return either(ways)


def _ids(comparison: Comparison, type: str, context: Context) -> Clause:
    """The id is the other half of what the resource is known by."""
    asked: list[Any] = [operand for operand in comparison.operands if not operand.system]  # type: ignore[union-attr]
    if any(operand.code is None for operand in asked):
        return Clause(Sql("1 = 1"))
    rids = sorted({address_hash(context.hash_of, f"{type}/{operand.code}") for operand in asked})
    if not rids:
        return nothing()
    return _of_resources(rids, context)


def _of_resources(rids: list[int], context: Context) -> Clause:
    """The versions of some resources."""
    listed = one_of("rid", rids)
    superseded = context.dialect.by("version", "superseded", "a")
    newest = Sql("SELECT vid FROM head WHERE tenant = ? AND", (context.tenant,)) + listed
    older = Sql(f"SELECT vid FROM {superseded} WHERE valid_to IS NOT NULL AND tenant = ? AND", (context.tenant,))
    return Clause(one_of(f"{context.alias}.rid", rids), newest + Sql("UNION ALL") + older + listed, reason="ids")


def _last_updated(comparison: Comparison, type: str, context: Context) -> Clause:
    return Clause(any_of(instant_around(operand, context.alias) for operand in comparison.operands))


_IN_VERSION: Mapping[str, Callable[[Comparison, str, Context], Clause]] = {"_id": _ids, "_lastUpdated": _last_updated}
"""Those of `careloom.store.sql.postings.KEPT_IN_VERSION`."""


# joined


def _not(condition: Not, type: str, context: Context) -> Clause:
    probe = exact_clause(condition.condition, type, context).probe
    return Clause(Sql(f"NOT ({probe.text})", probe.values))


def _and(condition: And, type: str, context: Context) -> Clause:
    """Found by the first part that finds by one run of a key, else by the first that finds at all."""
    parts = [exact_clause(each, type, context) for each in condition.conditions]
    finding = [part for part in parts if part.source is not None]
    best = next((part for part in finding if part.run), finding[0] if finding else None)
    probe = all_of(part.probe for part in parts)
    if best is None:
        return Clause(probe)
    return Clause(probe, best.source, covers=best.covers and len(parts) == 1, reason=best.reason)


def _or(condition: Or, type: str, context: Context) -> Clause:
    return either([exact_clause(each, type, context) for each in condition.conditions])


def _inner(condition: Written | Narrowing, type: str, context: Context) -> Clause:
    return clause(condition.condition, type, context)


# along references


def _chain(chain: Chain, type: str, context: Context) -> Clause:
    there = context.deeper()
    p = one_of("r.p", context.numbers(type, chain.parameter))
    ends = [(target.type, exact_clause(target.condition, target.type, there)) for target in chain.targets]
    fits = any_of(all_of([there.living(name), end.probe]) for name, end in ends)
    at = f"{context.dialect.by('ref', 'version', 'r')} {context.dialect.in_order} {_version_of(there, 'r.target')}"
    here = Sql(f"r.tenant = ? AND r.vid = {context.alias}.vid AND", (context.tenant,)) + p
    tests = here + Sql("AND") + bracketed(fits)
    probe = Sql(f"EXISTS (SELECT 1 FROM {at} WHERE {tests.text}{context.dialect.apart})", tests.values)
    sources = [_leading_to(p, name, end, there) for name, end in ends if end.source is not None]
    reason = f"{chain.parameter} of {' + '.join(dict.fromkeys(end.reason for _, end in ends))}"
    return Clause(probe, together(sources) if len(sources) == len(ends) else None, reason=reason)


def _leading_to(p: Sql, type: str, end: Clause, there: Context) -> Sql:
    """The versions that refer to what is found at the other end."""
    assert end.source is not None
    holds = all_of([there.living(type), *([] if end.covers else [end.probe])])
    join = there.dialect.in_order
    text = (
        f"SELECT r.vid FROM ({end.source.text}) AS d "
        f"{join} version AS {there.alias} ON {there.alias}.tenant = ? AND {there.alias}.vid = d.vid "
        f"{join} ref AS r ON r.tenant = ? AND r.target = {there.alias}.rid AND {p.text} WHERE {holds.text}"
    )
    return Sql(text, (*end.source.values, there.tenant, there.tenant, *p.values, *holds.values))


def _has(has: Has, type: str, context: Context) -> Clause:
    there = context.deeper()
    p = one_of("r.p", context.numbers(has.type, has.parameter))
    end = exact_clause(has.condition, has.type, there)
    holds = all_of([there.living(has.type), end.probe])
    join = context.dialect.in_order
    probe = Sql(
        f"EXISTS (SELECT 1 FROM ref AS r {join} version AS {there.alias} "
        f"ON {there.alias}.tenant = ? AND {there.alias}.vid = r.vid "
        f"WHERE r.tenant = ? AND r.target = {context.alias}.rid AND {p.text} AND {holds.text}{context.dialect.apart})",
        (context.tenant, context.tenant, *p.values, *holds.values),
    )
    return Clause(probe, _led_to(p, type, has, end, context), reason=f"{has.type}.{has.parameter} of {end.reason}")


def _led_to(p: Sql, type: str, has: Has, end: Clause, context: Context) -> Sql | None:
    """The versions that are referred to by what is found at the other end."""
    if end.source is None:
        return None
    there = context.deeper()
    holds = all_of([there.living(has.type), *([] if end.covers else [end.probe]), context.living(type)])
    join = context.dialect.in_order
    text = (
        f"SELECT {context.alias}.vid FROM ({end.source.text}) AS d "
        f"{join} version AS {there.alias} ON {there.alias}.tenant = ? AND {there.alias}.vid = d.vid "
        f"{join} {context.dialect.by('ref', 'version', 'r')} ON r.tenant = ? AND r.vid = d.vid AND {p.text} "
        f"{join} {_version_of(context, 'r.target')} WHERE {holds.text}"
    )
    return Sql(text, (*end.source.values, context.tenant, context.tenant, *p.values, *holds.values))


def _version_of(context: Context, rid: str) -> str:
    """The versions of the resource that a hash stands for."""
    alias = context.alias
    return f"version AS {alias} ON {context.dialect.versions_of(alias, 'r.tenant', rid)}"


_CLAUSES: Mapping[type, Callable[[Any, str, Context], Clause]] = {
    Comparison: _comparison,
    Phrase: _phrase,
    Missing: _missing,
    IsType: _is_type,
    InCompartment: _in_compartment,
    Not: _not,
    And: _and,
    Or: _or,
    Chain: _chain,
    Has: _has,
    Written: _inner,
    Narrowing: _inner,
}
