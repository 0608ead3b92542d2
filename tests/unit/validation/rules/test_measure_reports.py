"""Measure reports against their Measure: populations, stratifiers, scores."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import concept, found

from careloom.definitions import Definitions
from careloom.model import ExactDecimal, Resource

MEASURE = "https://somewhere.test/Measure/m"
SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"
GROUP = "MeasureReport.group[0]"


def measure(scoring: str = "", **group: Any) -> Resource:
    criteria = {"language": "text/plain", "expression": "x"}
    populations = [{"code": concept(code), "criteria": criteria} for code in ("initial", "numerator")]
    fields = {"scoring": concept(scoring, system=SCORING)} if scoring else {}
    groups = [{"population": populations, **group}]
    return {"resourceType": "Measure", "url": MEASURE, "status": "active", "group": groups, **fields}


def report(*codes: str, type: str = "summary", **group: Any) -> Resource:
    populations = [{"code": concept(code), "count": 1} for code in codes]
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": type,
        "measure": MEASURE,
        "period": {"start": "2026"},
        "group": [{"population": populations, **group}],
    }


@pytest.mark.parametrize(
    ("codes", "places"),
    [
        (["initial", "numerator"], []),
        (["initial"], [GROUP]),
        (["initial", "numerator", "other"], [f"{GROUP}.population[2]"]),
        (["initial", "numerator", "initial"], [f"{GROUP}.population[2]"]),
    ],
    ids=["all", "one missing", "one unknown", "one twice"],
)
def test_a_group_has_each_population_of_the_measure_once(
    definitions: Definitions, codes: list[str], places: list[str]
) -> None:
    assert found(definitions, report(*codes), "measure", extra=[measure()]) == places


def test_a_stratifier_is_found_by_its_text_where_it_has_no_codings(definitions: Definitions) -> None:
    defined = measure(stratifier=[{"code": {"text": "by age"}}])
    right = report("initial", "numerator", stratifier=[{"code": [{"text": "by age"}]}])
    wrong = report("initial", "numerator", stratifier=[{"code": [{"text": "by sex"}]}])
    assert found(definitions, right, "measure", extra=[defined]) == []
    assert found(definitions, wrong, "measure", extra=[defined]) == [f"{GROUP}.stratifier[0]", GROUP]


def test_the_only_group_has_the_code_of_its_group_if_both_have_one(definitions: Definitions) -> None:
    resource = report("initial", "numerator", code=concept("b"))
    assert found(definitions, resource, "measure", extra=[measure(code=concept("a"))]) == [GROUP]


@pytest.mark.parametrize(
    ("scoring", "score", "places"),
    [
        ("proportion", {"value": ExactDecimal("0.5")}, []),
        ("proportion", {"value": 2}, [f"{GROUP}.measureScore.value"]),
        ("proportion", {"value": 1, "unit": "%"}, [f"{GROUP}.measureScore.unit"]),
        ("ratio", {"value": 7, "unit": "mg"}, []),
        ("ratio", {"unit": "mg"}, [f"{GROUP}.measureScore"]),
        ("continuous-variable", None, [GROUP]),
        ("", None, []),
    ],
)
def test_a_score_is_as_the_scoring_of_the_measure_has_it(
    definitions: Definitions, scoring: str, score: dict[str, Any] | None, places: list[str]
) -> None:
    fields: dict[str, Any] = {"measureScore": score} if score else {}
    resource = report("initial", "numerator", **fields)
    assert found(definitions, resource, "measure", extra=[measure(scoring)]) == places


def test_collected_data_have_no_score(definitions: Definitions) -> None:
    resource = report("initial", "numerator", type="data-collection", measureScore={"value": 1})
    assert f"{GROUP}.measureScore" in found(definitions, resource, "measure", extra=[measure("proportion")])


def test_a_list_of_subjects_has_as_many_as_are_counted(definitions: Definitions) -> None:
    resource = report("numerator", type="subject-list")
    listed = [{"item": {"display": "a"}}, {"item": {"display": "b"}}]
    people = {"resourceType": "List", "id": "l", "status": "current", "mode": "snapshot", "entry": listed}
    subjects = {"code": concept("initial"), "count": 1, "subjectResults": {"reference": "#l"}}
    resource["contained"] = [people]
    resource["group"][0]["population"].append(subjects)
    places = found(definitions, resource, "measure", extra=[measure()])
    assert places == [f"{GROUP}.population[0]", f"{GROUP}.population[1]"]


def test_a_measure_may_be_contained(definitions: Definitions) -> None:
    resource = {**report("initial"), "measure": "#m", "contained": [{**measure(), "id": "m"}]}
    assert found(definitions, resource, "measure") == [GROUP]


def test_the_only_group_of_a_measure_is_there_once(definitions: Definitions) -> None:
    grouped = measure(code=concept("g"))
    whole = report("initial", "numerator", code=concept("g"))
    assert found(definitions, whole, "measure", extra=[grouped]) == []
    twice = {**whole, "group": whole["group"] * 2}
    assert found(definitions, twice, "measure", extra=[grouped]) == ["MeasureReport.group[1]"]
    assert found(definitions, {**whole, "group": []}, "measure", extra=[grouped]) == ["MeasureReport"]
