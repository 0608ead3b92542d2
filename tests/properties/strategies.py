"""Random small Patients, Observations and Encounters, and random searches that have a chance to find them.

Texts, codes, dates and references are drawn from small vocabularies in which each value has near relatives:
another case, another accent, another precision, another time zone, another base URL. A random query so meets values
that match and values that almost do.

``resources()`` gives resources with id and meta, ``queries()`` a `Search` with parameters that are always valid;
``sorts()`` and ``broken_parameters()`` give what their names say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st

from careloom.model import ExactDecimal

BASE_URL = "https://hub.example/fhir/"
TYPES = ("Patient", "Observation", "Encounter")

IDS = ("1", "2", "a-1", "A-1")
SYSTEMS = ("http://one.example", "http://two.example", "urn:oid:1.2")
CODES = ("a", "A", "b", "with space", "x,y", "p|q", "d$e", "back\\slash", "é")
WORDS = (
    "José",
    "JOSE",
    "jose",
    "O'Neill",
    "O\N{RIGHT SINGLE QUOTATION MARK}Neill",
    "Smith-Jones",
    "Smith",
    "Jones",
    "Ångström",
    "STRASSE",
    "Straße",
)
TEXTS = (*WORDS, "van der  Berg", "12, High Street", "\tHigh street ", "a,b|c$d\\e", "-", "東京")
DATES = ("2019", "2020", "2019-12", "2020-01", "2020-02", "2019-12-31", "2020-01-01", "2020-01-31", "2020-02-29")
TIMES = (
    "2020-01-01T00:00:00Z",
    "2019-12-31T23:59:59.999999Z",
    "2020-01-01T00:30:00+01:00",
    "2020-01-31T10:15:30.5Z",
    "2020-01-31T10:15:30Z",
    "2020-01-31T04:15:30-06:00",
)
NUMBERS = ("0", "-1", "1", "1.0", "1.05", "1.5", "99.5", "100", "100.0", "100.4", "1e2", "110", "0.1", "1E-3")
UNITS = (("http://unitsofmeasure.org", "mg", "mg"), ("http://unitsofmeasure.org", "g", "gram"), ("", "", "mg"))
TARGETS = ("Patient/1", "Patient/2", "Group/1", f"{BASE_URL}Patient/1", "http://other.example/fhir/Patient/1")
REFERENCES = (
    *TARGETS,
    "Patient/1/_history/3",
    f"{BASE_URL}Patient/2/_history/1",
    "urn:uuid:3a3a3a3a-0000-4000-8000-000000000001",
    "#contained",
)
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

PARAMETERS: dict[str, dict[str, str]] = {
    "Patient": {
        "name": "string",
        "family": "string",
        "given": "string",
        "address": "string",
        "address-city": "string",
        "identifier": "token",
        "gender": "token",
        "active": "token",
        "telecom": "token",
        "deceased": "token",
        "birthdate": "date",
        "death-date": "date",
        "general-practitioner": "reference",
        "organization": "reference",
    },
    "Observation": {
        "code": "token",
        "category": "token",
        "status": "token",
        "combo-code": "token",
        "value-concept": "token",
        "value-string": "string",
        "date": "date",
        "value-date": "date",
        "value-quantity": "quantity",
        "subject": "reference",
        "patient": "reference",
        "encounter": "reference",
    },
    "Encounter": {
        "class": "token",
        "status": "token",
        "type": "token",
        "identifier": "token",
        "date": "date",
        "length": "quantity",
        "subject": "reference",
        "patient": "reference",
        "service-provider": "reference",
    },
}
"""Parameters of each type that the resources here can be found by, with their kinds; ``COMMON`` goes with each."""

COMMON = {"_id": "token", "_lastUpdated": "date", "_tag": "token", "_profile": "uri"}


@dataclass(frozen=True)
class Search:
    """A search of one type: the parameters of a request, conditions and result parameters apart."""

    type: str
    conditions: list[tuple[str, str]]
    results: list[tuple[str, str]] = field(default_factory=list)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return self.conditions + self.results


@cache
def resources(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    """A resource of one of the types, of all three by default."""
    builders = {"Patient": patients, "Observation": observations, "Encounter": encounters}
    return st.one_of(*(builders[type]() for type in types or TYPES))


@cache
def patients() -> st.SearchStrategy[dict[str, Any]]:
    return _resource(
        "Patient",
        identifier=st.lists(_identifiers(), min_size=1, max_size=2),
        active=st.booleans(),
        name=st.lists(_human_names(), min_size=1, max_size=2),
        telecom=st.lists(_contact_points(), min_size=1, max_size=2),
        gender=st.sampled_from(["male", "female", "other"]),
        birthDate=st.sampled_from(DATES),
        deceasedBoolean=st.booleans(),
        deceasedDateTime=_date_times(),
        address=st.lists(_addresses(), min_size=1, max_size=2),
        generalPractitioner=st.lists(_references("Practitioner/1", "Organization/1"), min_size=1, max_size=2),
        managingOrganization=_references("Organization/1", "Organization/2"),
    ).map(_one_of_each_choice("deceased"))


@cache
def observations() -> st.SearchStrategy[dict[str, Any]]:
    value = {
        "valueQuantity": _quantities(),
        "valueCodeableConcept": _concepts(),
        "valueString": st.sampled_from(TEXTS),
        "valueDateTime": _date_times(),
        "valuePeriod": _periods(),
    }
    effective = {
        "effectiveDateTime": _date_times(),
        "effectivePeriod": _periods(),
        "effectiveInstant": st.sampled_from(TIMES),
        "effectiveTiming": st.builds(
            lambda events, bounds: {"event": events, "repeat": {"boundsPeriod": bounds}},
            st.lists(_date_times(), min_size=1, max_size=2),
            _periods(),
        ),
    }
    return _resource(
        "Observation",
        status=st.sampled_from(["final", "amended"]),
        category=st.lists(_concepts(), min_size=1, max_size=2),
        code=_concepts(),
        subject=_references(),
        encounter=_references("Encounter/1", "Encounter/2"),
        component=st.lists(st.fixed_dictionaries({"code": _concepts()}), min_size=1, max_size=2),
        **value,
        **effective,
    ).map(_one_of_each_choice("value", "effective"))


@cache
def encounters() -> st.SearchStrategy[dict[str, Any]]:
    return _resource(
        "Encounter",
        identifier=st.lists(_identifiers(), min_size=1, max_size=2),
        status=st.sampled_from(["finished", "in-progress"]),
        type=st.lists(_concepts(), min_size=1, max_size=2),
        subject=_references(),
        period=_periods(),
        length=_quantities(),
        serviceProvider=_references("Organization/1", "Organization/2"),
        **{"class": _codings()},
    )


@cache
def queries(*types: str, max_conditions: int = 3) -> st.SearchStrategy[Search]:
    """A valid search of one of the types, of all three by default, with conditions and at times a sort."""

    def of(type: str) -> st.SearchStrategy[Search]:
        parameters = (PARAMETERS[type] | COMMON).items()
        one = st.one_of(*(conditions(code, kind) for code, kind in parameters))
        return st.builds(Search, st.just(type), st.lists(one, max_size=max_conditions), sorts(type))

    return st.one_of(*(of(type) for type in types or TYPES))


@cache
def sorts(type: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """No ``_sort``, or one with up to three keys."""
    key = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(sorted(PARAMETERS[type] | COMMON))).map("".join)
    keys = st.lists(key, min_size=1, max_size=3, unique_by=lambda key: key.removeprefix("-"))
    return st.one_of(st.just([]), keys.map(lambda keys: [("_sort", ",".join(keys))]))


@cache
def conditions(code: str, kind: str) -> st.SearchStrategy[tuple[str, str]]:
    """One condition on a parameter: its name, perhaps with a modifier, and one to three alternatives."""
    plain = st.tuples(st.just(code), _alternatives(values(kind)))
    missing = st.tuples(st.just(f"{code}:missing"), st.sampled_from(["true", "false"]))
    return st.one_of(plain, plain, missing, *_MODIFIED[kind](code) if kind in _MODIFIED else ())


def values(kind: str) -> st.SearchStrategy[str]:
    """One alternative of a search value, escaped."""
    return _VALUES[kind]


@cache
def broken_parameters() -> st.SearchStrategy[tuple[str, str]]:
    """Any text for a name and a value, near to what is valid or far from it."""
    names = st.sampled_from(["name", "birthdate", "identifier", "general-practitioner", "_sort", "_count", "_include"])
    modified = st.tuples(names, st.sampled_from(["", ":", ":not", ":exact", ":missing", ":x", ".name"])).map("".join)
    pieces = st.sampled_from([*PREFIXES, *DATES, *TARGETS, ",", "|", "\\", "$", "-", "*", ":", " ", "\0", "\ud800"])
    return st.tuples(modified | st.text(), st.lists(pieces | st.text(max_size=5), max_size=5).map("".join))


def escaped(text: str) -> str:
    """The text with what has a meaning in search values escaped."""
    return "".join(f"\\{character}" if character in "\\,|$" else character for character in text)


# data types


def _identifiers() -> st.SearchStrategy[dict[str, Any]]:
    return _some({"system": st.sampled_from(SYSTEMS)}, {"value": st.sampled_from(CODES)})


def _codings() -> st.SearchStrategy[dict[str, Any]]:
    optional = {"system": st.sampled_from(SYSTEMS), "display": st.sampled_from(TEXTS)}
    return _some(optional, {"code": st.sampled_from(CODES)})


def _concepts() -> st.SearchStrategy[dict[str, Any]]:
    return _some(
        {"text": st.sampled_from(TEXTS)}, {"coding": st.lists(_codings(), min_size=1, max_size=2)}
    ) | st.fixed_dictionaries({"text": st.sampled_from(TEXTS)})


def _human_names() -> st.SearchStrategy[dict[str, Any]]:
    return _some(
        {
            "family": st.sampled_from(TEXTS),
            "given": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
            "text": st.sampled_from(TEXTS),
        },
        {"use": st.just("official")},
    )


def _addresses() -> st.SearchStrategy[dict[str, Any]]:
    return _some(
        {
            "line": st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2),
            "city": st.sampled_from(WORDS),
            "postalCode": st.sampled_from(["LS1 4AP", "ls14ap"]),
        },
        {"use": st.just("home")},
    )


def _contact_points() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"system": st.sampled_from(["phone", "email"]), "value": st.sampled_from(CODES)})


def _references(*targets: str) -> st.SearchStrategy[dict[str, Any]]:
    literal = {"reference": st.sampled_from(targets or REFERENCES)}
    logical = {"identifier": _identifiers(), "type": st.sampled_from(["Patient", "Group"])}
    return _some(logical, literal) | _some({"type": logical["type"]}, {"identifier": logical["identifier"]})


def _date_times() -> st.SearchStrategy[str]:
    return st.sampled_from(DATES + TIMES)


def _periods() -> st.SearchStrategy[dict[str, Any]]:
    return _some({"start": _date_times(), "end": _date_times()}, {})


def _quantities() -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.sampled_from(NUMBERS).map(ExactDecimal)
    unit = st.sampled_from(UNITS).map(
        lambda unit: {key: text for key, text in zip(("system", "code", "unit"), unit, strict=True) if text}
    )
    comparator = st.sampled_from([{}, {}, {"comparator": "<"}, {"comparator": ">="}])
    return st.builds(
        lambda number, unit, comparator: {"value": number, **unit, **comparator}, numbers, unit, comparator
    )


# resources


def _resource(type: str, /, **elements: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    meta = _some(
        {
            "tag": st.lists(_codings(), min_size=1, max_size=1),
            "profile": st.lists(st.sampled_from(["http://p.example/a", "http://p.example/b"]), min_size=1, max_size=1),
        },
        {"lastUpdated": st.sampled_from(TIMES)},
    )
    required = {"resourceType": st.just(type), "id": st.sampled_from(IDS), "meta": meta}
    return _some(elements, required)


def _some(
    optional: dict[str, st.SearchStrategy[Any]], required: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _one_of_each_choice(*names: str) -> Any:
    """Keeps the first of the keys that are types of one choice element: ``valueString`` beside ``valueQuantity``."""

    def keep(resource: dict[str, Any]) -> dict[str, Any]:
        kept: set[str] = set()
        result: dict[str, Any] = {}
        for key, value in resource.items():
            choice = next((name for name in names if key.startswith(name) and key[len(name) :][:1].isupper()), key)
            if choice not in kept:
                kept.add(choice)
                result[key] = value
        return result

    return keep


# search values


def _alternatives(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(value, min_size=1, max_size=3).map(",".join)


def _prefixed(texts: Sequence[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(PREFIXES), st.sampled_from(texts)).map("".join)


def _token_values() -> st.SearchStrategy[str]:
    codes = st.sampled_from([*CODES, "male", "female", "true", "false", "final", "finished", *IDS]).map(escaped)
    systems = st.sampled_from([*SYSTEMS, "http://hl7.org/fhir/administrative-gender"])
    return st.one_of(
        codes,
        st.tuples(systems, codes).map("|".join),
        codes.map(lambda code: f"|{code}"),
        systems.map(lambda system: f"{system}|"),
    )


def _string_values() -> st.SearchStrategy[str]:
    parts = [text[:length] for text in TEXTS for length in (1, 2, 4, len(text))]
    return st.sampled_from([part for part in dict.fromkeys(parts) if part.strip("-\t ")]).map(escaped)


def _quantity_values() -> st.SearchStrategy[str]:
    units = [
        "",
        "|http://unitsofmeasure.org|mg",
        "||mg",
        "||gram",
        "|http://unitsofmeasure.org|",
        "|http://x.example|g",
    ]
    return st.tuples(_prefixed(NUMBERS), st.sampled_from(units)).map("".join)


_VALUES: dict[str, st.SearchStrategy[str]] = {
    "token": _token_values(),
    "string": _string_values(),
    "reference": st.sampled_from([*IDS, *(target for target in REFERENCES if target != "#contained")]),
    "date": _prefixed([*DATES, *TIMES, "2020-01-31T10:15Z"]),
    "quantity": _quantity_values(),
    "uri": st.sampled_from(["http://p.example/a", "http://p.example/b", "http://p.example/"]),
}

_MODIFIED: dict[str, Any] = {
    "token": lambda code: [st.tuples(st.just(f"{code}:not"), _alternatives(values("token")))],
    "string": lambda code: [
        st.tuples(st.sampled_from([f"{code}:exact", f"{code}:contains"]), _alternatives(values("string")))
    ],
    "reference": lambda code: [st.tuples(st.just(f"{code}:identifier"), _alternatives(values("token")))],
}
