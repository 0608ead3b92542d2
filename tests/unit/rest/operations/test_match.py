"""$match: deterministic first, then weights; never too sure, and never of what the client may not see."""

import math
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.rest.desk import GRANT, Desk

from careloom.governance import parse_scopes
from careloom.model.nhs_number import UNVERIFIED
from careloom.model.resource import Resource
from careloom.rest.messages import FhirResponse
from careloom.rest.operations.matching import NHS_NUMBER, candidates, is_nhs_number, person, score, usual_table
from careloom.rest.operations.matching.candidates import mistaken_dates
from careloom.rest.operations.matching.comparison import agreements, is_near

NUMBER, OTHER_NUMBER = "9434765919", "9000000009"
ASHE: Resource = {
    "resourceType": "Patient",
    "id": "ashe",
    "identifier": [{"system": NHS_NUMBER, "value": NUMBER}],
    "name": [{"family": "Ashe", "given": ["Róisín", "Mary"]}],
    "birthDate": "1984-03-12",
    "gender": "female",
    "telecom": [{"system": "phone", "value": "07700 900123"}],
    "address": [{"postalCode": "LS1 4AP"}],
}


def like(**changes: Any) -> Resource:
    """Ashe as somebody else has her, without the number unless it is given."""
    known = {key: value for key, value in ASHE.items() if key not in ("id", "identifier")}
    return {key: value for key, value in {**known, **changes}.items() if value is not None}


def number(value: str) -> list[dict[str, str]]:
    return [{"system": NHS_NUMBER, "value": value}]


async def ask(desk: Desk, patient: Resource, *parts: dict[str, Any], **changes: Any) -> FhirResponse:
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}, *parts]}
    return await desk("POST", "Patient/$match", body, **changes)


def told(answer: FhirResponse) -> list[tuple[str, str]]:
    assert answer.resource is not None and answer.status == 200, answer.resource
    entries = [each for each in answer.resource.get("entry", []) if each["search"]["mode"] == "match"]
    return [(each["resource"]["id"], each["search"]["extension"][0]["valueCode"]) for each in entries]


def outcomes(answer: FhirResponse) -> str:
    assert answer.resource is not None
    entries = [each for each in answer.resource.get("entry", []) if each["search"]["mode"] == "outcome"]
    return " ".join(issue["diagnostics"] for each in entries for issue in each["resource"]["issue"])


@pytest.fixture
async def record(desk: Desk) -> Desk:
    stranger = {"resourceType": "Patient", "id": "stranger", "name": [{"family": "Okoye"}], "birthDate": "1950-01-01"}
    for resource in (ASHE, stranger):
        await desk("PUT", f"Patient/{resource['id']}", resource)
    return desk


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"resourceType": "Patient", "identifier": number("943 476 5919")}, [("ashe", "certain")]),
        (like(), [("ashe", "certain")]),
        (like(telecom=None, address=None), [("ashe", "probable")]),
        (like(birthDate="1984-12-03"), [("ashe", "probable")]),
        (like(birthDate="1984-03-21", telecom=None, address=None), [("ashe", "probable")]),
        (
            like(name=[{"family": "ASHE", "given": ["roisin"]}], address=[{"postalCode": "ls14ap"}]),
            [("ashe", "certain")],
        ),
        (like(name=[{"family": "Ashe", "given": ["Niamh"]}]), [("ashe", "probable")]),
        (like(name=[{"family": "Burke", "given": ["Róisín"]}]), [("ashe", "probable")]),
        (like(identifier=number(OTHER_NUMBER)), []),
        (like(name=[{"family": "Burke"}], birthDate="1951-07-30", identifier=number(NUMBER)), [("ashe", "probable")]),
        (like(telecom=[{"system": "phone", "value": "+447700900123"}], address=None), [("ashe", "certain")]),
        ({"resourceType": "Patient", "name": [{"family": "Ashe", "given": ["Róisín"]}]}, []),
    ],
    ids=[
        "number",
        "all-the-same",
        "no-address",
        "day-and-month-exchanged",
        "digits-exchanged",
        "spelled-otherwise",
        "twin",
        "married",
        "another-number",
        "mistyped-number",
        "phone-abroad",
        "name-alone",
    ],
)
async def test_match_is_as_sure_as_what_agrees(record: Desk, asked: Resource, expected: list[tuple[str, str]]) -> None:
    assert expected == told(await ask(record, asked))


async def test_likeliest_comes_first_and_as_many_as_asked_for(record: Desk) -> None:
    await record("PUT", "Patient/twin", {**like(name=[{"family": "Ashe", "given": ["Niamh"]}]), "id": "twin"})
    answer = await ask(record, like())
    assert [("ashe", "certain"), ("twin", "probable")] == told(answer)
    one = await ask(record, like(), {"name": "count", "valueInteger": 1})
    assert one.resource is not None
    assert ([("ashe", "certain")], 2) == (told(one), one.resource["total"])


async def test_only_a_certain_match_without_another_is_told_where_that_is_asked(record: Desk) -> None:
    only = {"name": "onlyCertainMatches", "valueBoolean": True}
    assert [("ashe", "certain")] == told(await ask(record, like(), only))
    assert [] == told(await ask(record, like(telecom=None, address=None), only))
    await record("PUT", "Patient/double", {**like(), "id": "double"})
    answer = await ask(record, like(), only)
    assert ([], True) == (told(answer), "2 matches are certain" in outcomes(answer))


async def test_number_with_a_wrong_digit_does_not_count_and_is_told(record: Desk) -> None:
    answer = await ask(record, like(identifier=number("9434765918")))
    assert [("ashe", "certain")] == told(answer)
    assert "no NHS number" in outcomes(answer)


def test_number_that_was_sent_as_an_nhs_number_and_is_none_is_nobody_s() -> None:
    slip = {"resourceType": "Patient", "identifier": [{"system": UNVERIFIED, "value": "9434765918"}]}
    assert not person(slip).identifiers


async def test_search_that_finds_too_many_is_passed_over_and_told(
    record: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST", 1)
    await record("PUT", "Patient/twin", {**like(name=[{"family": "Burke"}]), "id": "twin"})
    answer = await ask(record, like(telecom=None, address=None))
    assert [("ashe", "probable")] == told(answer)
    assert "the search by birthdate finds too many" in outcomes(answer)


async def test_locality_may_have_weights_of_its_own(record: Desk) -> None:
    sterner = replace(usual_table(), population=60_000_000)
    answer = await ask(record.with_hub(matching=sterner), like(telecom=None, address=None))
    assert [("ashe", "possible")] == told(answer)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"resourceType": "Patient", "gender": "female"}, "a whole name expected"),
        ({"resourceType": "Person"}, "resource: a Patient expected"),
    ],
    ids=["nothing", "person"],
)
async def test_what_nobody_can_be_found_by_is_refused(record: Desk, asked: Resource, message: str) -> None:
    answer = await ask(record, asked)
    assert answer.resource is not None
    assert (400, True) == (answer.status, message in answer.resource["issue"][0]["diagnostics"])


async def test_right_to_search_is_needed(record: Desk) -> None:
    reader = replace(GRANT, scopes=parse_scopes("system/Patient.r"))
    assert 403 == (await ask(record, like(), grant=reader)).status


@pytest.mark.parametrize(
    ("number", "expected"), [(NUMBER, True), ("9434765918", False), ("943476591", False), ("4010232137", True)]
)
def test_nhs_number_is_told_by_its_last_digit(number: str, expected: bool) -> None:
    assert expected is is_nhs_number(number)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("smith", "smyth", True), ("smith", "smtih", True), ("smith", "smit", True), ("smith", "smytt", False)],
)
def test_texts_are_near_by_one_mistake(one: str, other: str, expected: bool) -> None:
    assert expected is is_near(one, other) is is_near(other, one)


def test_dates_that_may_have_been_meant_are_dates() -> None:
    dates = mistaken_dates("1984-03-12")
    assert {"1984-03-12", "1984-12-03", "1984-03-21", "1948-03-12", "1994-03-12"} <= set(dates)
    assert "1984-13-12" not in dates and len(set(dates)) == len(dates) < 100


def test_score_is_the_probability_that_the_weights_say() -> None:
    table = usual_table()
    asked, held = person(like(telecom=None, address=None)), person(ASHE)
    bits = sum(table.weights[field][agreement] for field, agreement in agreements(asked, held).items())
    odds = 2**bits / table.population
    assert math.isclose(odds / (1 + odds), score(asked, held, table))
