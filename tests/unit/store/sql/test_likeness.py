from typing import Any

import pytest
from tests.unit.store.sql.test_elements import Numbers, as_sets

from careloom.search import SearchParameters
from careloom.store.hashing import hasher
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, always, never
from careloom.store.sql.likeness import Likeness

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
    def work_out(item: Any) -> Any:
        calls.append(item)
        part = {"resourceType": "AuditEvent", "entity": [item]}
        ways = elements._layout("AuditEvent").ways("entity")
        return elements._worked_out(part, ways, numbers)

    return work_out


def test_the_second_of_a_kind_is_not_worked_out(registry: SearchParameters) -> None:
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH), list[Any]()
    work_out = counted(calls, elements, Numbers())
    for number in range(10):
        item = {"what": {"reference": f"Patient/{number}"}, "type": SORT}
        likeness.share(("AuditEvent", "entity"), item, work_out, is_lasting=True)
    assert len(calls) == 2, "the first, and its stand-in"
    likeness.share(("AuditEvent", "entity"), {"what": {"reference": "Patient/1"}}, work_out, is_lasting=True)
    assert len(calls) == 4, "another kind"


def test_nothing_is_remembered_of_numbers_that_may_be_undone(registry: SearchParameters) -> None:
    elements, likeness, calls = Elements(registry, HASH), Likeness(HASH), list[Any]()
    work_out = counted(calls, elements, Numbers())
    for number in range(3):
        item = {"what": {"reference": f"Patient/{number}"}}
        likeness.share(("AuditEvent", "entity"), item, work_out, is_lasting=False)
    assert len(calls) == 3


def test_what_depends_on_more_than_the_address_is_worked_out_each_time(registry: SearchParameters) -> None:
    elements, likeness, numbers = Elements(registry, HASH), Likeness(HASH), Numbers()
    seen: list[Any] = []

    def work_out(item: Any) -> Any:
        seen.append(item)
        share = counted([], elements, numbers)(item)
        text = item["what"]["reference"]
        return type(share)((*share.rows, ("str", [(1, text, 2)])), share.words, share.atoms)

    items = [{"what": {"reference": f"Patient/{number}"}} for number in range(4)]
    shares = [likeness.share(("AuditEvent", "entity"), each, work_out, is_lasting=True) for each in items]
    assert [dict(share.rows)["str"][0][1] for share in shares] == [f"Patient/{number}" for number in range(4)]
