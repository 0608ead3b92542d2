"""Responses against their Questionnaire: which items, how many, when they are asked, and what may be answered."""

from typing import Any

import pytest
from tests.unit.validation.builders import judge

from careloom.definitions import Definitions
from careloom.model import ExactDecimal

URL = "https://somewhere.test/Questionnaire/q"
EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
STATUS = "http://hl7.org/fhir/observation-status"
UCUM = "http://unitsofmeasure.org"

Item = dict[str, Any]


def asked(link_id: str, type: str = "string", **fields: Any) -> Item:
    return {"linkId": link_id, "type": type, **fields}


def answered(link_id: str, *values: Item, **fields: Any) -> Item:
    return {"linkId": link_id, "answer": list(values), **fields}


def extension(name: str, **value: Any) -> Item:
    return {"extension": [{"url": EXTENSIONS + name, **value}]}


def status(code: str, **fields: Any) -> Item:
    return {"valueCoding": {"system": STATUS, "code": code, **fields}}


def mass(value: int, code: str, system: str = UCUM) -> Item:
    return {"value": value, "system": system, "code": code}


def faults(
    definitions: Definitions, questions: list[Item], answers: list[Item], state: str = "completed", **fields: Any
) -> list[str]:
    """Where a response goes against its Questionnaire."""
    questionnaire = {"resourceType": "Questionnaire", "url": URL, "status": "active", "item": questions, **fields}
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": state}
    issues = judge(definitions, response | ({"item": answers} if answers else {}), extra=[questionnaire])
    return [issue.expression.removeprefix("QuestionnaireResponse.") for issue in issues if issue.is_error]


A = {"valueString": "a"}
YES = {"valueBoolean": True}
NO = {"valueBoolean": False}
WHEN_YES = [{"question": "1", "operator": "=", "answerBoolean": True}]


@pytest.mark.parametrize(
    ("state", "is_fine"),
    [("completed", False), ("amended", False), ("in-progress", True), ("stopped", True), ("entered-in-error", True)],
)
def test_only_what_is_finished_must_be_complete(definitions: Definitions, state: str, is_fine: bool) -> None:
    assert (faults(definitions, [asked("1", required=True)], [], state) == []) is is_fine


@pytest.mark.parametrize(
    ("question", "answers", "places"),
    [
        (asked("1", repeats=True), [answered("1", A), answered("1", A)], []),
        (asked("1"), [answered("1", A), answered("1", A)], ["item[1]"]),
        (asked("1", text="How?"), [answered("1", A, text="How?")], []),
        (asked("1", text="How?"), [answered("1", A, text="Why?")], ["item[0]"]),
        (asked("1", repeats=True, **extension("questionnaire-maxOccurs", valueInteger=2)), [answered("1", A, A)], []),
        (
            asked("1", repeats=True, **extension("questionnaire-maxOccurs", valueInteger=1)),
            [answered("1", A, A)],
            ["item[0]"],
        ),
        (
            asked("1", repeats=True, **extension("questionnaire-minOccurs", valueInteger=2)),
            [answered("1", A)],
            ["item[0]"],
        ),
    ],
    ids=["repeats", "once", "same words", "other words", "as many as it may", "too many", "too few"],
)
def test_an_item_is_there_as_often_and_in_the_words_that_it_is_asked(
    definitions: Definitions, question: Item, answers: list[Item], places: list[str]
) -> None:
    assert faults(definitions, [question], answers) == places


@pytest.mark.parametrize(
    ("first", "second", "places"), [(YES, YES, []), (YES, NO, ["item[1].item[1]"]), (NO, YES, ["item[0].item[1]"])]
)
def test_in_a_group_that_repeats_a_condition_looks_at_the_group_itself(
    definitions: Definitions, first: Item, second: Item, places: list[str]
) -> None:
    group = asked("g", "group", repeats=True, item=[asked("1", "boolean"), asked("2", enableWhen=WHEN_YES)])
    given = [{"linkId": "g", "item": [answered("1", each), answered("2", A)]} for each in (first, second)]
    assert faults(definitions, [group], given) == places


@pytest.mark.parametrize(
    ("inner", "outer", "is_enabled"),
    [("boolean", "group", True), ("boolean", "string", True)],
    ids=["from a group", "from beside"],
)
def test_a_condition_finds_its_question_further_out(
    definitions: Definitions, inner: str, outer: str, is_enabled: bool
) -> None:
    asking = asked("2", enableWhen=WHEN_YES)
    questions = [asked("1", inner), asked("g", "group", item=[asking]) if outer == "group" else asking]
    given = [answered("1", NO), {"linkId": "g", "item": [answered("2", A)]} if outer == "group" else answered("2", A)]
    assert bool(faults(definitions, questions, given)) is is_enabled


@pytest.mark.parametrize(
    ("type", "expected", "given", "is_enabled"),
    [
        ("choice", {"answerCoding": {"code": "final"}}, status("final"), True),
        ("choice", {"answerCoding": {"system": STATUS, "code": "final"}}, {"valueCoding": {"code": "final"}}, False),
        ("quantity", {"answerQuantity": mass(1, "kg")}, {"valueQuantity": mass(1000, "g")}, True),
        ("quantity", {"answerQuantity": mass(1, "kg")}, {"valueQuantity": mass(2, "kg")}, False),
        (
            "dateTime",
            {"answerDateTime": "2020-01-01T00:00:00Z"},
            {"valueDateTime": "2020-01-01T01:00:00+01:00"},
            True,
        ),
    ],
    ids=["no system asked for", "no system given", "other unit", "other number", "other zone"],
)
def test_equality_is_that_of_the_type(
    definitions: Definitions, type: str, expected: Item, given: Item, is_enabled: bool
) -> None:
    condition = [{"question": "1", "operator": "=", **expected}]
    questions = [asked("1", type), asked("2", enableWhen=condition)]
    assert (faults(definitions, questions, [answered("1", given), answered("2", A)]) == []) is is_enabled


@pytest.mark.parametrize(
    ("question", "value", "is_fine"),
    [
        (asked("1", "choice", answerOption=[status("final")]), status("final"), True),
        (asked("1", "choice", answerOption=[{"valueCoding": {"code": "final"}}]), status("final"), False),
        (asked("1", "open-choice", answerOption=[{"valueDate": "2020"}]), {"valueDate": "2021"}, False),
        (asked("1", "open-choice", answerOption=[{"valueDate": "2020"}]), {"valueString": "later"}, True),
        (asked("1", "choice", answerValueSet=STATUS.replace("fhir/", "fhir/ValueSet/")), status("final"), True),
        (
            asked("1", "choice", answerValueSet=STATUS.replace("fhir/", "fhir/ValueSet/")),
            {"valueCoding": {"code": "final"}},
            True,
        ),
        (
            asked("1", "choice", answerValueSet=STATUS.replace("fhir/", "fhir/ValueSet/")),
            {"valueCoding": {"display": "Final"}},
            False,
        ),
    ],
    ids=["offered", "of no system", "another date", "own words", "in the set", "code alone", "display alone"],
)
def test_a_choice_is_one_of_those_offered(definitions: Definitions, question: Item, value: Item, is_fine: bool) -> None:
    assert (faults(definitions, [question], [answered("1", value)]) == []) is is_fine


def test_an_option_that_excludes_the_others_stands_alone(definitions: Definitions) -> None:
    none = {**status("final"), **extension("questionnaire-optionExclusive", valueBoolean=True)}
    question = asked("1", "choice", repeats=True, answerOption=[status("amended"), none])
    assert faults(definitions, [question], [answered("1", status("final"))]) == []
    both = [answered("1", status("amended"), status("final"))]
    assert faults(definitions, [question], both) == ["item[0].answer[1]"]


@pytest.mark.parametrize(
    ("type", "limit", "value", "is_fine"),
    [
        ("string", extension("regex", valueString="[a-z]+"), {"valueString": "abc"}, True),
        ("string", extension("regex", valueString="[a-z]+"), {"valueString": "abc1"}, False),
        (
            "dateTime",
            extension("minValue", valueDateTime="2020-01-01T00:00:00Z"),
            {"valueDateTime": "2020-01-01T00:30:00+01:00"},
            False,
        ),
        ("decimal", extension("maxValue", valueInteger=5), {"valueDecimal": ExactDecimal("5.5")}, False),
        ("attachment", extension("mimeType", valueCode="image/png"), {"valueAttachment": {"title": "a"}}, False),
        ("reference", {}, {"valueReference": {"reference": "https://somewhere.test/7"}}, True),
        (
            "quantity",
            extension("questionnaire-unitValueSet", valueCanonical="http://hl7.org/fhir/ValueSet/age-units"),
            {"valueQuantity": mass(1, "a")},
            True,
        ),
        (
            "quantity",
            extension("questionnaire-unitValueSet", valueCanonical="http://hl7.org/fhir/ValueSet/age-units"),
            {"valueQuantity": mass(1, "kg")},
            False,
        ),
    ],
)
def test_an_answer_keeps_within_the_limits_of_its_question(
    definitions: Definitions, type: str, limit: Item, value: Item, is_fine: bool
) -> None:
    assert (faults(definitions, [asked("1", type, **limit)], [answered("1", value)]) == []) is is_fine


def test_a_quantity_of_another_system_cannot_be_held_against_the_least(definitions: Definitions) -> None:
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-minQuantity"
    question = asked("1", "quantity", extension=[{"url": url, "valueQuantity": mass(1, "kg")}])
    ours, other = mass(2, "kg"), mass(2, "kg", "https://somewhere.test/units")
    assert faults(definitions, [question], [answered("1", {"valueQuantity": ours})]) == []
    assert faults(definitions, [question], [answered("1", {"valueQuantity": other})]) == ["item[0].answer[0].value"]
