"""What ``_include`` and ``_revinclude`` bring beside the matches of a page: decided here for every store.

A store says how to read what a reference leads to and how to find what a query matches. What comes back is held to
the access rules of the query, each resource to the rule of its own type, and bounded in number and in rounds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, product
from typing import Generic, TypeVar

from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass, replace
from careloom.search.conditions import EVERYTHING, And, Comparison, Condition, Narrowing, Or
from careloom.search.operands import ReferenceOperand, TokenOperand, UriOperand
from careloom.search.query import Access, Include, Query
from careloom.search.registry import SearchParameters
from careloom.search.results import ANY
from careloom.search.values import IndexValues, ReferenceValue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A resource as a store hands it over.

    Attributes:
        reference: ``Type/id``.
        values: Its index values, of the reference parameters at least.
        item: What the store has of it.
        url: Its canonical URL; empty where it has none.
    """

    reference: str
    values: IndexValues
    item: T
    url: str = ""


Find = Callable[[Query], Iterable[Found[T]]]
"""All matches of a type-level query in the snapshot of the page, as a store finds them."""


def included(query: Query, matches: Iterable[Found[T]], registry: SearchParameters, find: Find[T]) -> list[T]:
    """What the query includes with the matches of one page: each resource once, none of the matches.

    Args:
        query: Its includes, revincludes and access rules count.
        matches: Those of the page.
        registry: Search parameters.
        find: Finds what a query matches.

    Raises:
        TooCostlyError: More resources than the limits allow.
    """
    if not (query.includes or query.revincludes):
        return []
    latest = list(matches)
    seen = {each.reference for each in latest}
    brought: list[T] = []
    for round in range(registry.limits.rounds):
        queries = _queries(_of_round(query, first=round == 0), latest, registry, query.access)
        latest = []
        for each in chain.from_iterable(map(find, queries)):
            if each.reference not in seen:
                seen.add(each.reference)
                latest.append(each)
                brought.append(each.item)
                _hold(len(brought), registry.limits.included)
        if not latest:
            break
    return brought


def followed(query: Query, type: str, registry: SearchParameters) -> frozenset[str]:
    """The codes of the reference parameters that the includes follow from resources of a type."""
    named = {include.parameter for include in query.includes if include.source == type}
    if ANY not in named:
        return frozenset(named)
    return frozenset(code for code, each in registry.of(type).items() if each.kind == "reference")


def _hold(number: int, limit: int) -> None:
    if number > limit:
        raise TooCostlyError(f"_include, _revinclude: at most {limit} resources are included with a page")


def _of_round(query: Query, *, first: bool) -> Query:
    """All includes go on from the matches, and those with ``:iterate`` from what was included."""
    if first:
        return query
    return replace(
        query,
        includes=tuple(each for each in query.includes if each.iterate),
        revincludes=tuple(each for each in query.revincludes if each.iterate),
    )


def _queries(query: Query, found: list[Found[T]], registry: SearchParameters, access: Access | None) -> Iterator[Query]:
    """One query for each type that is wanted in one round."""
    wanted: dict[str, list[Condition]] = {}
    for type, ids in _referred_to(query.includes, found).items():
        operands = tuple(TokenOperand(None, id) for id in ids)
        wanted.setdefault(type, []).append(Comparison("_id", "token", operands))
    for type, condition in _with_urls(query.includes, found, registry):
        wanted.setdefault(type, []).append(condition)
    for include in query.revincludes:
        for type, condition in _referring(include, found, registry):
            wanted.setdefault(type, []).append(condition)
    for type, conditions in wanted.items():
        rule = access.of(type) if access else EVERYTHING
        narrowing = () if rule == EVERYTHING else (Narrowing(rule),)
        one = conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
        yield Query(type=type, conditions=(one, *narrowing), access=access)


def _referred_to(includes: tuple[Include, ...], found: list[Found[T]]) -> Mapping[str, Mapping[str, None]]:
    """By type, the ids of what is held here and referred to by the parameters that are included."""
    wanted: dict[str, dict[str, None]] = {}
    for include in includes:
        for each in found:
            if include.source == each.values.type:
                for reference in _references(include, each.values):
                    if reference.id and include.target in ("", reference.type):
                        wanted.setdefault(reference.type, {})[reference.id] = None
    return wanted


def _with_urls(
    includes: tuple[Include, ...], found: list[Found[T]], registry: SearchParameters
) -> Iterator[tuple[str, Condition]]:
    """By type, the condition of having a canonical URL, in the version named, that is included."""
    wanted: dict[tuple[str, str], None] = {}
    for include, each in product(includes, found):
        if include.source != each.values.type:
            continue
        for code, references in each.values.references.items():
            parameter = registry.of(include.source).get(code)
            if parameter and parameter.is_canonical and include.parameter in (ANY, code):
                targets = [type for type in parameter.targets if include.target in ("", type)]
                wanted |= dict.fromkeys(product(targets, _urls(references)))
    for type, url in wanted:
        if registry.of(type).keys() >= _URL_PARAMETERS:
            yield type, _has_url(url)


def _urls(references: Iterable[ReferenceValue]) -> list[str]:
    """The canonical URLs in some values, where each that names a version stands without it, too."""
    targets = [reference.target for reference in references]
    versioned = {target.partition("|")[0] for target in targets if "|" in target}
    return [target for target in targets if target not in versioned]


def _has_url(canonical: str) -> Condition:
    url, _, version = canonical.partition("|")
    by_url = Comparison("url", "uri", (UriOperand(url),))
    return And((by_url, Comparison("version", "token", (TokenOperand(None, version),)))) if version else by_url


_URL_PARAMETERS = frozenset({"url", "version"})
"""By what a type is found that canonical URLs lead to."""


def _references(include: Include, values: IndexValues) -> Iterable[ReferenceValue]:
    if include.parameter == ANY:
        return chain.from_iterable(values.references.values())
    return values.references.get(include.parameter, ())


def _referring(include: Include, found: list[Found[T]], registry: SearchParameters) -> Iterator[tuple[str, Condition]]:
    """By type that refers, the condition that it refers to one of what was found."""
    by_type: dict[str, list[Found[T]]] = {}
    for each in found:
        by_type.setdefault(each.values.type, []).append(each)
    sources = sorted(registry.resource_types()) if include.source == ANY else [include.source]
    for source in sources:
        conditions: list[Condition] = []
        for code, parameter in registry.of(source).items():
            if parameter.kind != "reference" or not parameter.is_searchable or include.parameter not in (ANY, code):
                continue
            targets = [
                target
                for type in parameter.targets
                if include.target in ("", type)
                for each in by_type.get(type, ())
                for target in (each.reference, *([each.url] if each.url and parameter.is_canonical else []))
            ]
            if targets:
                operands = tuple(ReferenceOperand(target, (target,)) for target in targets)
                conditions.append(Comparison(code, "reference", operands))
        if conditions:
            yield source, conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
