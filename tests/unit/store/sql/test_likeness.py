import random
import re
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from itertools import islice, product
from typing import Any

import pytest
from tests.unit.store.sql.test_elements import Numbers, as_sets

from careloom.definitions import Definitions
from careloom.model import parse_json, serialize_json
from careloom.search import SearchParameters
from careloom.store.hashing import hasher
from careloom.store.sql import likeness as likenesses
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, always, never
from careloom.store.sql.likeness import Likeness
from careloom.synth import population

HASH = hasher(bytes(32))
SORT = {"code": "2", "display": "System Object"}


def event(*references: str, **more: Any) -> dict[str, Any]:
    entities = [{"what": {"reference": each}, "type": SORT, **more} for each in references]
    return {"resourceType": "AuditEvent", "entity": [*entities, {"what": {"identifier": {"value": "r-1"}}}]}


def rows(elements: Elements, resource: Any, numbers: Numbers, is_lasting: Any = always) -> Any:
    found = elements.found(resource, texts_of(resource)[0], numbers, is_lasting=is_lasting)
    return as_sets(found.whole), found.shape, found.frame


CASES = {
    "versions": ["Observation/1/_history/1", "Observation/2/_history/7", "Observation/3"],
    "patients": ["Patient/1", "Patient/2", "Patient/stand-in", "Patient/3"],
    "elsewhere": ["http://other/fhir/Patient/1", "Patient/1", "#a", "urn:uuid:1", "Patient/2"],
    "mixed": ["Patient/1", "Group/1", "Patient/1/_history/2", "Group/2", "Patient/9/_history/2"],
}


@pytest.mark.parametrize("references", CASES.values(), ids=CASES)
def test_rows_are_those_that_are_worked_out_each_time(registry: SearchParameters, references: list[str]) -> None:
    elements, numbers = Elements(registry, HASH), Numbers()
    for number in range(3):
        resource = event(*(each.replace("/1", f"/{number}a") for each in references))
        fresh = Elements(registry, HASH)
        assert rows(elements, resource, numbers) == rows(fresh, resource, numbers, never)


def counted(calls: list[Any], elements: Elements, numbers: Numbers) -> Any:
    def work_out(items: Any, hash_of: Any = None) -> Any:
        calls.append(items)
        part = {"resourceType": "AuditEvent", "entity": items}
        ways = elements._layout("AuditEvent").ways("entity")
        return elements._worked_out(part, ways, numbers, hash_of)

    return work_out


def share(likeness: Likeness, place: str, item: Any, work_out: Any, *, is_lasting: bool = True) -> Any:
    return likeness.share(place, serialize_json([item]), [item], work_out, is_lasting=is_lasting)


def test_the_third_of_a_kind_is_not_worked_out(registry: SearchParameters) -> None:
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH, UTC), list[Any]()
    work_out = counted(calls, elements, Numbers())
    for number in range(10):
        item = {"what": {"reference": f"Patient/{number}"}, "type": SORT}
        share(likeness, "AuditEvent.entity", item, work_out)
    assert len(calls) == 3, "the first, the second, and its stand-in"
    share(likeness, "AuditEvent.entity", {"what": {"reference": "Patient/1"}}, work_out)
    assert len(calls) == 4, "another kind"


def test_kinds_that_never_come_again_leave_those_that_do(
    registry: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likenesses, "MOST", 10)
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH, UTC), list[Any]()
    work_out = counted(calls, elements, Numbers())
    for number in range(100):
        for item in (
            {"what": {"reference": f"Patient/{number}"}},
            {"what": {"reference": "Patient/1"}, "name": str(number)},
        ):
            share(likeness, "AuditEvent.entity", item, work_out)
    assert len(calls) == 103, "each of the others once, and three for those that are alike"


def test_nothing_is_remembered_of_numbers_that_may_be_undone(registry: SearchParameters) -> None:
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH, UTC), list[Any]()
    work_out = counted(calls, elements, Numbers())
    for number in range(3):
        item = {"what": {"reference": f"Patient/{number}"}}
        share(likeness, "AuditEvent.entity", item, work_out, is_lasting=False)
    assert len(calls) == 3


def test_what_depends_on_more_than_the_address_is_worked_out_each_time(registry: SearchParameters) -> None:
    elements, likeness, numbers = Elements(registry, HASH), Likeness(HASH, UTC), Numbers()
    seen: list[Any] = []

    def work_out(items: Any, hash_of: Any) -> Any:
        seen.append(items)
        made = counted([], elements, numbers)(items, hash_of)
        text = items[0]["what"]["reference"]
        return type(made)((*made.rows, ("str", [(1, text, 2)])), made.words, made.atoms)

    items = [{"what": {"reference": f"Patient/{number}"}} for number in range(4)]
    shares = [share(likeness, "AuditEvent.entity", each, work_out) for each in items]
    assert [dict(each.rows)["str"][0][1] for each in shares] == [f"Patient/{number}" for number in range(4)]


DATED: dict[str, list[Any]] = {
    "days": ["2026-11-22", "2001-02-03", "2026-02-30", "1850-01-01"],
    "years and months": ["2026", "2001", "2026-11", "2001-02", "20", ""],
    "moments": [
        "2026-11-22T10:15:30Z",
        "2001-02-03T04:05:06+10:00",
        "2026-11-22T10:15:30+01:00",
        "2026-11-22T25:00:00Z",
    ],
    "parts of seconds": ["2026-11-22T10:15:30.5Z", "2026-11-22T10:15:30.25Z", "2026-11-22T10:15:30.123456Z"],
    "leap seconds": ["2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "2016-12-31T23:59:60Z"],
}
PERIODS = [
    {"start": "2026-11-22", "end": "2026-11-24"},
    {"start": "2026-11-23", "end": "2026-11-23"},
    {"start": "2026-11-24", "end": "2026-11-22"},
    {"start": "2001-02-03", "end": "2012-11-10"},
    {"start": "2026-11-22"},
    {"end": "2026-11-22"},
    {"start": None, "end": "2026-11-22"},
    {"start": "2026-11-22", "end": "2026-11-22T10:00:00Z"},
]


def observed(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "code": {"text": "pulse"}, **elements}


@pytest.mark.parametrize("dates", DATED.values(), ids=DATED)
def test_so_are_those_of_dates(registry: SearchParameters, dates: list[str]) -> None:
    resources = [observed(effectiveDateTime=date, issued=date, valueString=date) for date in dates]
    for date in dates:
        resources.append(
            {"resourceType": "Patient", "birthDate": date, "deceasedDateTime": date, "address": [{"city": date}]}
        )
    compare(registry, resources)


def test_so_are_those_of_periods(registry: SearchParameters) -> None:
    compare(registry, [observed(effectivePeriod=period) for period in PERIODS])
    compare(registry, [{"resourceType": "Encounter", "period": period} for period in PERIODS])


def test_a_period_that_ends_before_it_begins_teaches_nothing_wrong(registry: SearchParameters) -> None:
    wrong = [{"start": f"2026-11-0{day}", "end": f"2026-10-0{day}"} for day in (1, 2, 3)]
    right = [{"start": f"2026-11-0{day}", "end": f"2026-12-0{day}"} for day in (1, 2, 3)]
    turned = [dict(reversed(each.items())) for each in (*wrong, *right)]
    for periods in ([*wrong, *right], turned, [{**each, "start": "2026-11"} for each in (*wrong, *right)]):
        compare(registry, [observed(effectivePeriod=period) for period in periods])


def test_so_are_those_of_single_references(registry: SearchParameters) -> None:
    leads = ["Patient/1", "Patient/2", "Group/1", "Patient/2/_history/1", "Patient/3/_history/2", "Patient/stand-in"]
    compare(registry, [observed(subject={"reference": to}, encounter={"reference": to}) for to in leads])
    compare(registry, [observed(subject={"reference": to, "display": to}) for to in leads])
    compare(registry, [observed(performer=[{"reference": to}]) for to in leads])


PLACES = [
    {"location": {"reference": "Location/1", "display": "W1"}, "status": "active", "period": {"start": "2026-11-22"}},
    {"location": {"reference": "Location/2", "display": "W1"}, "status": "active", "period": {"start": "2026-11-23"}},
    {"location": {"reference": "Location/3", "display": "W1"}, "status": "active", "period": {"start": "2026-11-24"}},
    {"location": {"reference": "Location/3", "display": "W2"}, "status": "active", "period": {"start": "2026-11-24"}},
    {"location": {"reference": "Location/4", "display": "W1"}, "period": {"start": "2026-11-24", "end": "2026-11-26"}},
    {"location": {"reference": "Location/5", "display": "W1"}, "period": {"start": "2026-11-25", "end": "2026-11-26"}},
    {"location": {"reference": "Location/6", "display": "W1"}, "period": {"start": "2026-11-26", "end": "2026-11-22"}},
    {"location": {"reference": "Location/7", "display": "W1"}, "period": {"start": "2026-11-21", "end": "2026-11-21"}},
    {"location": {"reference": "http://other/Location/7", "display": "W1"}, "period": {"start": "2026-11-21"}},
    {"location": {"reference": "Location/8", "display": "W1"}, "period": {"start": "yesterday"}, "status": "active"},
    {"location": {"display": "W1"}, "period": {"start": "2026-11-21"}},
    {"location": {"reference": "Location/stand-in0", "display": "W1"}, "period": {"start": "2001-02-03"}},
]


def test_so_are_those_of_what_has_a_reference_and_a_period(registry: SearchParameters) -> None:
    compare(registry, [{"resourceType": "Encounter", "location": [place]} for place in PLACES])
    compare(registry, [{"resourceType": "Encounter", "location": PLACES[n:]} for n in range(len(PLACES))])


def test_so_are_those_of_two_references_side_by_side(registry: SearchParameters) -> None:
    both = [("1", "2"), ("3", "4"), ("5", "5"), ("6", "7"), ("stand-in0", "stand-in1"), ("8", "8"), ("9", "1")]
    actors = [{"actor": {"reference": f"Patient/{a}"}, "other": {"reference": f"Patient/{b}"}} for a, b in both]
    compare(registry, [{"resourceType": "Appointment", "participant": [each]} for each in actors])
    several = [
        {"individual": {"reference": f"Practitioner/{a}"}, "period": {"start": "2026", "end": "2027"}} for a, _ in both
    ]
    compare(registry, [{"resourceType": "Encounter", "participant": [each]} for each in several])


VALUES = ["V0100000060", "V0100000061", "v0100000061", "V0200000060", "9990070326", "9990070059", "1234567", "7654321"]
VALUES += ["ABC/12345", "ABC/54321", "short", "12", "34", "ABCDEFG", "QRSTUVW", "abcdefg", "Zwölf12", "a" * 41, ""]


def test_so_are_those_of_identifiers(registry: SearchParameters) -> None:
    kinds: list[dict[str, Any]] = [
        {"system": "urn:a"},
        {"system": "urn:b", "use": "official"},
        {"system": "urn:a", "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "Number 9990070326"}},
        {"system": "urn:a", "period": {"start": "2026-11-22"}},
        {"system": "urn:a", "assigner": {"reference": "Organization/1"}},
        {"system": "urn:v0100000060"},
        {},
    ]
    for type, key, kind in product(("Patient", "Encounter", "Observation"), ("identifier", "telecom"), kinds):
        compare(registry, [{"resourceType": type, key: [{**kind, "value": value}]} for value in VALUES])
    for kind in kinds:
        every = [{**kind, "value": value} for value in VALUES]
        compare(registry, [{"resourceType": "Patient", "identifier": every[n : n + 3]} for n in range(len(every))])


def test_of_many_numbers_few_are_worked_out(registry: SearchParameters) -> None:
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH, UTC), list[Any]()
    ways, numbers = elements._layout("Patient").ways("identifier"), Numbers()

    def work_out(items: Any, hash_of: Any) -> Any:
        calls.append(items)
        return elements._worked_out({"resourceType": "Patient", "identifier": items}, ways, numbers, hash_of)

    for number in range(100):
        item = {"system": "urn:a", "value": f"V{number:07}"}
        found = share(likeness, "Patient.identifier", item, work_out)
        assert found.words == {f"v{number:07}": None}
    assert len(calls) == 3


def test_so_are_those_of_telephones(registry: SearchParameters) -> None:
    for system in ("phone", "email", "Phone"):
        many = [{"system": system, "value": value, "use": "home"} for value in ("01324108288", "01135101295", *VALUES)]
        compare(registry, [{"resourceType": "Patient", "telecom": [each]} for each in many])


def compare(registry: SearchParameters, resources: list[Any]) -> None:
    """What is found of each after the others is what is found of it alone."""
    elements, numbers = Elements(registry, HASH), Numbers()
    for resource in [*resources, *reversed(resources)]:
        assert rows(elements, resource, numbers) == rows(Elements(registry, HASH), resource, numbers, never), resource


CHOOSY = {
    "reference": ("subject", "Observation.subject.where(reference = 'Patient/7')", {"reference": "Patient/{}"}),
    "date": (
        "effectivePeriod",
        "Observation.effective.where(start = '2026-01-07')",
        {"start": "2026-01-0{}", "end": "2027"},
    ),
}


@pytest.mark.parametrize("case", CHOOSY)
def test_a_parameter_that_chooses_by_them_is_gone_along_each_time(definitions: Definitions, case: str) -> None:
    key, expression, value = CHOOSY[case]
    mine = {
        "resourceType": "SearchParameter",
        "url": "https://hub.example/fhir/SearchParameter/choosy",
        "name": "Choosy",
        "status": "active",
        "description": "for the test",
        "code": "choosy",
        "base": ["Observation"],
        "type": "reference" if case == "reference" else "date",
        "expression": expression,
    }
    registry = SearchParameters(definitions.with_resources([mine]), base_url="https://hub.example/fhir/")
    assert registry.of("Observation")["choosy"].branches
    filled = [{name: text.format(n) for name, text in value.items()} for n in (1, 2, 3, 7, 4, 7)]
    compare(registry, [observed(**{key: each}) for each in filled])


UNITS: list[dict[str, Any]] = [
    {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg"},
    {"system": "http://unitsofmeasure.org", "code": "[degF]"},
    {"system": "http://unitsofmeasure.org", "code": "1"},
    {"system": "http://unitsofmeasure.org", "code": "nonsense"},
    {"system": "urn:other", "code": "mg"},
    {"unit": "beats/minute"},
    {},
]
AMOUNTS = [
    *(Decimal(each) for each in ("36.7", "-1.25", "98.6", "0.10", "7919.25", "12345678.5", "0.00001", "1e3")),
    *(Decimal("7919.25"), Decimal("1234567.8901"), 0, 72, 80, -3, 10**30),
]


@pytest.mark.parametrize("unit", UNITS)
def test_so_are_those_of_numbers(registry: SearchParameters, unit: dict[str, Any]) -> None:
    amounts = [{"value": each, **unit} for each in AMOUNTS]
    pulse = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    compare(registry, [observed(valueQuantity=each) for each in amounts])
    compare(registry, [observed(valueQuantity={**each, "comparator": "<"}) for each in amounts])
    compare(registry, [observed(valueRange={"low": each, "high": amounts[0]}) for each in amounts])
    compare(registry, [observed(component=[{"code": pulse, "valueQuantity": each}]) for each in amounts])
    pairs = [{"origin": each, "data": "-3 0 E 4 U"} for each in amounts]
    compare(registry, [observed(valueSampledData=each) for each in pairs])
    compare(registry, [{"resourceType": "Invoice", "totalNet": {**each, "currency": "GBP"}} for each in amounts])


def test_so_are_those_of_times_of_which_the_first_and_the_last_count(registry: SearchParameters) -> None:
    bounds = [{"start": f"20{year}-01-01", "end": f"20{year + 1}-01-01"} for year in (20, 21, 22, 30, 31, 10, 11)]
    timings = [{"event": ["2025-06-01", "2026-06-01"], "repeat": {"boundsPeriod": each}} for each in bounds]
    compare(registry, [{"resourceType": "ServiceRequest", "occurrenceTiming": each} for each in timings])


def test_so_are_those_of_years_where_no_date_stood_before(registry: SearchParameters) -> None:
    texts = ["Aa1", "1234567", "today", "later", "2012", "20120"]
    compare(registry, [{"resourceType": "Condition", "recordedDate": each, "recorder": each} for each in texts])


def test_so_are_those_of_texts_that_look_like_marks(registry: SearchParameters) -> None:
    odd = [
        '":"2026-01-01',
        '"value":"abcdef"',
        "2026-01-01/_history/1",
        "Patient/1",
        '\\":"Patient/1"',
        "a\u00e9",
        "\\",
    ]
    for text in odd:
        identified = [{"system": "urn:a", "value": each, "assigner": {"display": text}} for each in VALUES[:5]]
        compare(registry, [{"resourceType": "Patient", "identifier": [each]} for each in identified])
        compare(
            registry, [{"resourceType": "Patient", "identifier": [{"value": text + value}]} for value in VALUES[:5]]
        )
        compare(registry, [observed(subject={"reference": text, "display": each}) for each in VALUES[:5]])


def test_so_are_those_of_records_whose_ids_dates_and_numbers_are_others(registry: SearchParameters) -> None:
    for number, record in enumerate(islice(population(5), 0, 400, 8)):
        chance = random.Random(number)
        text = serialize_json(record).decode()
        compare(registry, [parse_json(otherwise(text, chance)) for _ in range(6)])


def otherwise(text: str, chance: random.Random) -> str:
    """A record with something else where it has an address, a date, or a value."""
    return CHANGED.sub(lambda found: chance.choice(OTHERS)(chance) if chance.random() < 0.4 else found[0], text)


CHANGED = re.compile(r'(?<=":)"(?:Patient|Encounter)/[^"]*"|(?<=":)"[0-9]{4}-[^"]*"|(?<="value":)[^,}]*')
OTHERS: list[Callable[[random.Random], str]] = [
    lambda chance: f"{chance.randint(-99, 99)}",
    lambda chance: f"{chance.uniform(0, 200):.2f}",
    lambda chance: f'"{chance.choice(["Patient", "Group"])}/{chance.randint(1, 3)}-x"',
    lambda chance: f'"Encounter/{chance.randint(1, 3)}/_history/{chance.randint(1, 2)}"',
    lambda chance: f'"20{chance.randint(10, 30)}-0{chance.randint(1, 9)}-{chance.randint(10, 32)}"',
    lambda chance: f'"20{chance.randint(10, 30)}-0{chance.randint(1, 9)}"',
    lambda chance: f'"20{chance.randint(10, 30)}"',
    lambda chance: f'"20{chance.randint(10, 30)}-01-01T0{chance.randint(0, 9)}:00:00+01:00"',
    lambda chance: f'"20{chance.randint(10, 30)}-01-01T0{chance.randint(0, 9)}:00:00.{chance.randint(1, 999)}Z"',
    lambda chance: f'"Aa{chance.randint(1, 99999)} b"'[: chance.randint(3, 9)].rstrip('"') + '"',
]
