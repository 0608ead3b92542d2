"""Random small populations and random searches over the whole language, for the laws of search and of the stores.

``populations()`` gives resources of `TYPES` that refer to one another, each ``Type/id`` once.
``cases()`` gives a `Case`: the parameters of a request that is always valid, with the type, compartment and access
rules it is made under; ``query_of`` reads it. Value sets and code hierarchies are asked of `CODES`, which a registry
for these cases is made with::

    registry = SearchParameters(definitions, base_url=some.BASE_URL, codes=CODES)

Values are drawn from the small vocabularies of `tests.properties.strategies`, so that a search has a chance to find
something and to miss something nearly the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.properties import strategies as some

from careloom.model import parse_json
from careloom.search import Access, Query, SearchParameters, narrowed, parse_query
from careloom.search.conditions import EVERYTHING, NOTHING, Condition

Strategy = st.SearchStrategy

NOW = datetime(2020, 2, 10, tzinfo=UTC)

TYPES = ("Patient", "Observation", "Encounter", "Organization", "Location", "List", "Group")

ID_TYPES = (("http://types.example", "NH"), ("http://types.example", "MR"))

PARAMETERS: dict[str, dict[str, str]] = {
    **{type: dict(known) for type, known in some.PARAMETERS.items()},
    "Organization": {"name": "string", "identifier": "token", "active": "token", "partof": "reference"},
    "Location": {"name": "string", "status": "token", "organization": "reference", "partof": "reference"},
    "List": {"status": "token", "date": "date", "subject": "reference", "item": "reference"},
    "Group": {"actual": "token", "type": "token", "member": "reference", "code": "token"},
}
"""Simple parameters by type, with their kinds."""

LINKS: dict[str, dict[str, tuple[str, ...]]] = {
    "Patient": {"organization": ("Organization",), "link": ("Patient",)},
    "Observation": {"subject": ("Patient", "Group"), "patient": ("Patient",), "encounter": ("Encounter",)},
    "Encounter": {
        "subject": ("Patient", "Group"),
        "patient": ("Patient",),
        "service-provider": ("Organization",),
    },
    "Organization": {"partof": ("Organization",)},
    "Location": {"organization": ("Organization",), "partof": ("Location",)},
    "List": {"item": ("Patient", "Observation", "Encounter"), "subject": ("Patient", "Group")},
    "Group": {"member": ("Patient",)},
}
"""Reference parameters by type, with those of their targets that are in the populations."""

COMPOSITES: dict[str, tuple[str, ...]] = {
    "code-value-quantity": ("token", "quantity"),
    "code-value-concept": ("token", "token"),
    "code-value-string": ("token", "string"),
    "code-value-date": ("token", "date"),
    "component-code-value-quantity": ("token", "quantity"),
    "combo-code-value-concept": ("token", "token"),
    "combo-code-value-quantity": ("token", "quantity"),
}
"""Of Observation, with the kinds of their parts."""

COMPARTMENTS = (("Patient", "1"), ("Patient", "2"), ("Encounter", "1"))


_SETS = {
    "http://sets.example/some": [(some.SYSTEMS[0], "a"), (some.SYSTEMS[0], "b"), (some.SYSTEMS[1], "A")],
    "http://sets.example/one": [(some.SYSTEMS[1], "x,y")],
    "http://sets.example/none": [],
}
_ORDER = ("b", "a", "A")


class Codes:
    """A terminology of three value sets and one hierarchy: ``b`` above ``a`` above ``A`` in every system."""

    def value_set_codes(self, url: str) -> frozenset[tuple[str, str]] | None:
        """As in the port."""
        return frozenset(_SETS[url]) if url in _SETS else None

    def subsumed(self, system: str, code: str) -> frozenset[str]:
        """As in the port."""
        return frozenset(_ORDER[_ORDER.index(code) :]) if code in _ORDER else frozenset((code,))

    def subsuming(self, system: str, code: str) -> frozenset[str]:
        """As in the port."""
        return frozenset(_ORDER[: _ORDER.index(code) + 1]) if code in _ORDER else frozenset((code,))


CODES = Codes()


@dataclass(frozen=True)
class Case:
    """One request.

    Attributes:
        type: Resource type; empty for a search of the whole system.
        parameters: Names and values.
        compartment: Type and id of whose compartment is searched.
        rules: Access rules as searches: by type the parameters of what may be seen; None for all, empty for nothing.
        is_ruled: Whether access rules apply at all.
    """

    type: str
    parameters: list[tuple[str, str]]
    compartment: tuple[str, str] | None = None
    rules: dict[str, list[tuple[str, str]] | None] = field(default_factory=dict)
    is_ruled: bool = False


def query_of(case: Case, registry: SearchParameters, *more: tuple[str, str]) -> Query:
    """The query of a case, with more parameters."""
    query = parse_query(
        case.type,
        [*case.parameters, *more],
        registry,
        strict=True,
        now=lambda: NOW,
        compartment=case.compartment,
    )
    return narrowed(query, access_of(case, registry)) if case.is_ruled else query


def access_of(case: Case, registry: SearchParameters) -> Access:
    """The access rules of a case; of a type without a rule all may be seen."""
    return Access(
        tuple((type, _rule(type, rule, registry)) for type, rule in sorted(case.rules.items())), otherwise=EVERYTHING
    )


def _rule(type: str, rule: list[tuple[str, str]] | None, registry: SearchParameters) -> Condition:
    if rule is None:
        return NOTHING
    (condition,) = parse_query(type, rule, registry, strict=True, now=lambda: NOW).conditions
    return condition


# populations


def dense_world() -> list[dict[str, Any]]:
    """Two resources of each type, each of which refers to the first or the second of others by all its links."""
    return [_linked(type, id, other) for type in TYPES for id, other in (("1", "2"), ("2", "1"))]


def _linked(type: str, id: str, other: str) -> dict[str, Any]:
    subject, organization = {"reference": f"Patient/{id}"}, {"reference": f"Organization/{id}"}
    elements: dict[str, dict[str, Any]] = {
        "Patient": {
            "managingOrganization": organization,
            "link": [{"other": {"reference": f"Patient/{other}"}, "type": "seealso"}],
        },
        "Observation": {"subject": subject, "encounter": {"reference": f"Encounter/{other}"}},
        "Encounter": {"subject": {"reference": f"Group/{id}"}, "serviceProvider": organization},
        "Organization": {"partOf": {"reference": f"Organization/{other}"}},
        "Location": {"managingOrganization": organization, "partOf": {"reference": f"Location/{other}"}},
        "List": {"subject": subject, "entry": [{"item": {"reference": f"Observation/{other}"}}, {"item": subject}]},
        "Group": {"member": [{"entity": {"reference": f"Patient/{other}"}}]},
    }
    return {"resourceType": type, "id": id, "meta": {"lastUpdated": some.TIMES[0]}, **elements[type]}


@cache
def populations(min_size: int = 0, max_size: int = 14) -> Strategy[list[dict[str, Any]]]:
    """Resources that refer to one another, each ``Type/id`` once."""
    return st.lists(
        resources(),
        min_size=min_size,
        max_size=max_size,
        unique_by=lambda resource: (resource["resourceType"], resource["id"]),
    )


@cache
def resources(*types: str) -> Strategy[dict[str, Any]]:
    """A resource of one of the types, of all by default."""
    return st.one_of(*(_BUILDERS[type]() for type in types or TYPES))


def _patients() -> Strategy[dict[str, Any]]:
    links = st.lists(_refs("Patient/1", "Patient/2").map(lambda other: {"other": other, "type": "seealso"}), max_size=1)
    return _with(some.patients(), identifier=st.lists(_identifiers(), max_size=2), link=links, text=_narratives())


def _observations() -> Strategy[dict[str, Any]]:
    components = st.lists(
        st.builds(
            lambda code, value: {"code": code, **value},
            some._concepts(),
            st.one_of(
                some._quantities().map(lambda quantity: {"valueQuantity": quantity}),
                some._concepts().map(lambda concept: {"valueCodeableConcept": concept}),
            ),
        ),
        min_size=1,
        max_size=2,
    )
    return _with(some.observations(), component=components, text=_narratives())


def _encounters() -> Strategy[dict[str, Any]]:
    return _with(some.encounters(), text=_narratives())


def _organizations() -> Strategy[dict[str, Any]]:
    return some._resource(
        "Organization",
        name=st.sampled_from(some.TEXTS),
        active=st.booleans(),
        identifier=st.lists(_identifiers(), min_size=1, max_size=2),
        partOf=_refs("Organization/1", "Organization/2"),
    )


def _locations() -> Strategy[dict[str, Any]]:
    return some._resource(
        "Location",
        name=st.sampled_from(some.TEXTS),
        status=st.sampled_from(["active", "inactive"]),
        position=st.sampled_from(PLACES).map(lambda place: {"latitude": place[0], "longitude": place[1]}),
        managingOrganization=_refs("Organization/1", "Organization/2"),
        partOf=_refs("Location/1", "Location/2"),
    )


def _lists() -> Strategy[dict[str, Any]]:
    items = _refs("Patient/1", "Observation/1", "Observation/2", "Encounter/a-1").map(lambda item: {"item": item})
    return some._resource(
        "List",
        status=st.sampled_from(["current", "retired"]),
        date=st.sampled_from(some.DATES),
        subject=some._references(),
        entry=st.lists(items, min_size=1, max_size=2),
    )


def _groups() -> Strategy[dict[str, Any]]:
    members = _refs("Patient/1", "Patient/a-1", "Patient/2").map(lambda entity: {"entity": entity})
    return some._resource(
        "Group",
        type=st.just("person"),
        actual=st.booleans(),
        code=some._concepts(),
        member=st.lists(members, min_size=1, max_size=2),
    )


PLACES = parse_json(b"[[51.5,-0.12], [51.51,-0.13], [53.8,-1.55], [-33.9,151.2], [0,179.9], [0,-179.9], [90,0]]")
"""Latitude and longitude: London twice, Leeds, Sydney, both sides of the date line, a pole."""

_BUILDERS: dict[str, Callable[[], Strategy[dict[str, Any]]]] = {
    "Patient": _patients,
    "Observation": _observations,
    "Encounter": _encounters,
    "Organization": _organizations,
    "Location": _locations,
    "List": _lists,
    "Group": _groups,
}


def _with(resource: Strategy[dict[str, Any]], **elements: Strategy[Any]) -> Strategy[dict[str, Any]]:
    """The resource, with more elements in half of the cases."""
    more = st.one_of(st.just({}), st.fixed_dictionaries({}, optional=elements))
    return st.builds(lambda plain, added: {**plain, **added}, resource, more)


def _refs(*targets: str) -> Strategy[dict[str, Any]]:
    return st.sampled_from(targets).map(lambda target: {"reference": target})


def _identifiers() -> Strategy[dict[str, Any]]:
    typed = st.sampled_from(ID_TYPES).map(lambda type: {"type": {"coding": [{"system": type[0], "code": type[1]}]}})
    return st.builds(lambda plain, type: {**plain, **type}, some._identifiers(), typed | st.just({}))


def _narratives() -> Strategy[dict[str, Any]]:
    phrases = st.lists(st.sampled_from(some.TEXTS), min_size=1, max_size=3)
    return phrases.map(
        lambda texts: {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{"</p><p>".join(texts)}</p></div>',
        }
    )


# searches


def evenly(*forms: Strategy[Any]) -> Strategy[Any]:
    """One of some forms, each as likely as the next: `one_of` would favour those that have many forms themselves."""
    return st.sampled_from(forms).flatmap(lambda form: form)


@cache
def cases(*types: str, max_conditions: int = 3) -> Strategy[Case]:
    """A request of one of the types, of all by default; at times of the whole system or of a compartment."""
    wanted = types or TYPES
    typed = st.sampled_from(wanted).flatmap(lambda type: _typed(type, max_conditions))
    return evenly(typed, typed, typed, _of_compartment(max_conditions), _of_system(max_conditions), _ruled(typed))


def _typed(type: str, most: int) -> Strategy[Case]:
    parts = st.tuples(st.lists(criteria(type), max_size=most), sorts(type), includes(type))
    return parts.map(lambda parts: Case(type, [*parts[0], *parts[1], *parts[2]]))


def _of_compartment(most: int) -> Strategy[Case]:
    members = {"Patient": ("Observation", "Encounter", "Patient", "List", "Group"), "Encounter": ("Observation",)}

    def build(compartment: tuple[str, str]) -> Strategy[Case]:
        one = st.sampled_from(members[compartment[0]])
        typed = one.flatmap(lambda type: st.tuples(st.just(type), st.lists(criteria(type), max_size=most)))
        whole = st.tuples(st.just(""), st.lists(_common(), max_size=1))
        return evenly(typed, typed, whole).map(lambda parts: Case(parts[0], parts[1], compartment))

    return st.sampled_from(COMPARTMENTS).flatmap(build)


def _of_system(most: int) -> Strategy[Case]:
    named = st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True).map(",".join)
    types: Strategy[list[tuple[str, str]]] = st.one_of(st.just([]), named.map(lambda names: [("_type", names)]))
    return st.tuples(types, st.lists(_common(), max_size=most)).map(lambda parts: Case("", [*parts[0], *parts[1]]))


def _ruled(plain: Strategy[Case]) -> Strategy[Case]:
    """The same under access rules: some types cannot be seen, some in part."""
    return st.builds(
        lambda case, rules: Case(case.type, case.parameters, case.compartment, rules, is_ruled=True), plain, rules()
    )


@cache
def rules() -> Strategy[dict[str, list[tuple[str, str]] | None]]:
    """Access rules: of one to four types nothing may be seen, or what meets a condition."""

    def rule(type: str) -> Strategy[list[tuple[str, str]] | None]:
        return evenly(st.none(), simple(type).map(lambda one: [one]))

    wanted = st.lists(st.sampled_from(TYPES), min_size=1, max_size=4, unique=True)
    return wanted.flatmap(lambda types: st.fixed_dictionaries({type: rule(type) for type in types}))


@cache
def joining(*types: str) -> Strategy[Case]:
    """A request that looks at other resources than those it finds: by a join, a negated one, or an include."""

    def of(type: str) -> Strategy[Case]:
        loose = st.sampled_from([("_lastUpdated", "gt1990"), ("_id:missing", "false"), ("_tag:missing", "true")])
        joins = evenly(loosely_joined(type, loose), joined(type), chained_filters(type))
        return evenly(joins.map(lambda one: [one]), includes(type)).map(lambda found: Case(type, found))

    return st.sampled_from(types or TYPES).flatmap(of)


@cache
def criteria(type: str) -> Strategy[tuple[str, str]]:
    """One condition on a type: of any form."""
    own = [simple(type), modified(type), joined(type), filters(type), _full_text(), _common()]
    if type == "Observation":
        own.append(_composites())
    if type == "Location":
        own.append(_near())
    return evenly(*own)


@cache
def simple(type: str) -> Strategy[tuple[str, str]]:
    """A parameter with values or ``:missing``, ``:exact``, ``:contains``, ``:not``, ``:identifier``."""
    known = (PARAMETERS[type] | some.COMMON).items()
    return st.one_of(*(some.conditions(code, kind) for code, kind in known))


@cache
def modified(type: str) -> Strategy[tuple[str, str]]:
    """A parameter with one of the modifiers that ask a terminology, a hierarchy or another side of the element."""
    tokens = [code for code, kind in PARAMETERS[type].items() if kind == "token"]
    token = st.sampled_from(tokens or ["_tag"])
    sets = st.sampled_from(["some", "one", "none"]).map(lambda name: f"http://sets.example/{name}")
    coded = st.tuples(st.sampled_from(some.SYSTEMS), st.sampled_from(["a", "A", "b", "with space"])).map("|".join)
    words = some.values("string")
    forms = [
        _named(token, ["in", "not-in"], sets),
        _named(token, ["above", "below"], coded),
        _named(token, ["text"], words),
        _named(st.just("_profile"), ["above", "below"], st.sampled_from(_URLS)),
    ]
    if "identifier" in tokens:
        typed = st.tuples(st.sampled_from(ID_TYPES).map("|".join), st.sampled_from(some.CODES).map(some.escaped)).map(
            "|".join
        )
        forms.append(_named(st.just("identifier"), ["of-type"], typed))
    for code, targets in LINKS[type].items():
        forms.append(_named(st.just(code), list(targets), st.sampled_from(some.IDS)))
    return st.one_of(*forms)


_URLS = ("http://p.example/a", "http://p.example/", "http://p.example", "http://p.example/a/b", "http://q.example/a")


def _named(code: Strategy[str], modifiers: list[str], values: Strategy[str]) -> Strategy[tuple[str, str]]:
    name = st.tuples(code, st.sampled_from(modifiers)).map(":".join)
    return st.tuples(name, st.lists(values, min_size=1, max_size=2).map(",".join))


@cache
def joined(type: str, depth: int = 2) -> Strategy[tuple[str, str]]:
    """A chain with or without types, ``_has``, or one inside the other, or ``_list``."""

    def inner(other: str) -> Strategy[tuple[str, str]]:
        return simple(other) if depth <= 1 else evenly(simple(other), modified(other), joined(other, depth - 1))

    return evenly(_joined(type, inner), st.tuples(st.just("_list"), st.sampled_from(some.IDS)))


def loosely_joined(type: str, loose: Strategy[tuple[str, str]]) -> Strategy[tuple[str, str]]:
    """One or two joins with a condition at their end that most resources meet."""
    return _joined(type, lambda other: evenly(loose, _joined(other, lambda _: loose)))


def chained_filters(type: str) -> Strategy[tuple[str, str]]:
    """``_filter`` whose one test, perhaps negated, is behind a chain."""
    ends = ("_id pr true", "_lastUpdated gt 1990")
    tests = [f"{code}.{end}" for code, targets in LINKS[type].items() if len(targets) == 1 for end in ends]
    texts = [*tests, *(f"not ({test})" for test in tests)] or ["_id pr true"]
    return st.sampled_from(texts).map(lambda text: ("_filter", text))


def _joined(type: str, inner: Callable[[str], Strategy[tuple[str, str]]]) -> Strategy[tuple[str, str]]:
    """A chain or ``_has`` with something inside."""

    def behind(head: str, other: str) -> Strategy[tuple[str, str]]:
        return inner(other).map(lambda one: (head + one[0], one[1]))

    links = LINKS[type].items()
    typed = [behind(f"{code}:{target}.", target) for code, targets in links for target in targets]
    untyped = [behind(f"{code}.", targets[0]) for code, targets in links if len(targets) == 1]
    reverse = [
        behind(f"_has:{other}:{code}:", other)
        for other, links in LINKS.items()
        for code, targets in links.items()
        if type in targets
    ]
    return evenly(*(evenly(*forms) for forms in (typed, untyped, reverse) if forms))


def _common() -> Strategy[tuple[str, str]]:
    """A condition that every type can be asked."""
    return st.one_of(*(some.conditions(code, kind) for code, kind in some.COMMON.items()))


def _composites() -> Strategy[tuple[str, str]]:
    def one(code: str) -> Strategy[tuple[str, str]]:
        value = st.tuples(*(some.values(kind) for kind in COMPOSITES[code])).map("$".join)
        return st.tuples(st.just(code), st.lists(value, min_size=1, max_size=2).map(",".join))

    return st.sampled_from(sorted(COMPOSITES)).flatmap(one)


def _near() -> Strategy[tuple[str, str]]:
    distance = st.sampled_from(["", "|5", "|5|km", "|300|km", "|1|[mi_us]", "|5000|m", "|25000"])
    place = st.sampled_from(PLACES).map(lambda place: f"{place[0]}|{place[1]}")
    return st.tuples(st.just("near"), st.tuples(place, distance).map("".join))


def _full_text() -> Strategy[tuple[str, str]]:
    word = st.sampled_from(
        ["jones", "JOSE", "smith*", "strasse", '"high street"', "12", "o'neill", '"smith jones"', "j*"]
    )
    pair = st.tuples(word, st.sampled_from([" ", " AND ", " or ", " and not "]), word).map("".join)
    negated = word.map(lambda one: f"NOT ({one})")
    text = st.one_of(word, pair, negated, st.tuples(word, word).map(",".join))
    return st.tuples(st.sampled_from(["_text", "_content"]), text)


# _filter


@cache
def filters(type: str) -> Strategy[tuple[str, str]]:
    """``_filter`` with tests joined, negated and chained."""
    return filter_texts(type).map(lambda text: ("_filter", text))


@cache
def filter_texts(type: str, depth: int = 2) -> Strategy[str]:
    """A text of the grammar of ``_filter``."""
    test = st.one_of(*(_tests(code, kind) for code, kind in (PARAMETERS[type] | some.COMMON).items()))
    if depth <= 0:
        return test
    part = filter_texts(type, depth - 1)
    both = st.tuples(part, st.sampled_from([" and ", " or "]), part).map("".join)
    chained = [
        st.tuples(st.just(f"{code}."), filter_tests(targets[0])).map("".join)
        for code, targets in LINKS[type].items()
        if len(targets) == 1
    ]
    narrowed = [
        st.tuples(st.just(f"{code}["), filter_tests(targets[0]), st.just("]."), filter_tests(targets[0])).map("".join)
        for code, targets in LINKS[type].items()
        if len(targets) == 1
    ]
    return evenly(
        test,
        test,
        both,
        part.map(lambda text: f"not ({text})"),
        part.map(lambda text: f"({text})"),
        *chained,
        *narrowed,
    )


@cache
def filter_tests(type: str) -> Strategy[str]:
    """One test of a type."""
    return st.one_of(*(_tests(code, kind) for code, kind in (PARAMETERS[type] | some.COMMON).items()))


def _tests(code: str, kind: str) -> Strategy[str]:
    operators, values = _OPERANDS[kind]
    test = st.tuples(st.sampled_from(operators), values).map(" ".join)
    present = st.sampled_from(["pr true", "pr false"])
    terminology = st.sampled_from(
        ["in http://sets.example/some", "ni http://sets.example/one", f"ss {some.SYSTEMS[0]}|a"]
    )
    forms = [test, test, test, present] + ([terminology] if kind == "token" and not code.startswith("_") else [])
    return st.one_of(*forms).map(lambda rest: f"{code} {rest}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


_NUMERIC = ["eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb"]

_OPERANDS: dict[str, tuple[list[str], Strategy[str]]] = {
    "string": (
        ["eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"],
        st.sampled_from([text for text in some.TEXTS if text.strip("-")]).map(_quoted),
    ),
    "token": (
        ["eq", "ne"],
        st.sampled_from(["a", "A", "b", "male", "final", "true", "1", f"{some.SYSTEMS[0]}|a"]),
    ),
    "reference": (["eq", "ne", "re"], st.sampled_from(["1", "2", *some.TARGETS])),
    "date": ([*_NUMERIC, "po", "co"], st.sampled_from([*some.DATES, *some.TIMES])),
    "number": ([*_NUMERIC, "co"], st.sampled_from(some.NUMBERS)),
    "quantity": (
        _NUMERIC,
        st.tuples(st.sampled_from(some.NUMBERS), st.sampled_from(["", "|http://unitsofmeasure.org|mg", "||mg"])).map(
            "".join
        ),
    ),
    "uri": (["eq", "ne", "ss", "sb"], st.sampled_from(_URLS)),
}


# results


@cache
def sorts(type: str) -> Strategy[list[tuple[str, str]]]:
    """No ``_sort``, or one with up to three keys."""
    key = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(sorted(PARAMETERS[type] | some.COMMON))).map("".join)
    keys = st.lists(key, min_size=1, max_size=3, unique_by=lambda key: key.removeprefix("-"))
    return evenly(st.just([]), keys.map(lambda keys: [("_sort", ",".join(keys))]))


@cache
def includes(type: str) -> Strategy[list[tuple[str, str]]]:
    """None in most cases; up to three ``_include`` and ``_revinclude``, with ``*`` and ``:iterate``."""
    forwards = [f"{type}:{code}" for code in LINKS[type]] + [f"{type}:*"]
    backwards = [
        f"{other}:{code}" for other, links in LINKS.items() for code, targets in links.items() if type in targets
    ]
    iterated = [f"{other}:{code}" for other, links in LINKS.items() for code in links]
    one = st.one_of(
        st.tuples(st.just("_include"), st.sampled_from(forwards)),
        st.tuples(st.just("_include:iterate"), st.sampled_from(iterated)),
        *([st.tuples(st.just("_revinclude"), st.sampled_from(backwards))] if backwards else []),
    )
    return evenly(st.just([]), st.lists(one, min_size=1, max_size=3))
