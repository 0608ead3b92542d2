from decimal import Decimal
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.validation import Validator
from careloom.validation.quick.recurrent import OPTIONS, exact, text_of

Observation = dict[str, Any]
LOINC = {"system": "http://loinc.org", "code": "718-7", "display": "Haemoglobin"}
SNOMED = {"system": "http://snomed.info/sct", "code": "38082009", "display": "Haemoglobin"}


@pytest.fixture(scope="module")
def tiers(definitions: Definitions) -> tuple[Validator, Validator]:
    return Validator(definitions), Validator(definitions, quick=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"value": ExactDecimal("1.0")}, {"value": 1.0}),
        ({"value": ExactDecimal("1.0")}, {"value": "1.0"}),
        ({"value": ExactDecimal("1.0")}, {"value": ExactDecimal("1.00")}),
        ({"value": True}, {"value": 1}),
        ({"value": None}, {"value": "null"}),
        ({"value": Decimal(1)}, {"value": 1}),
    ],
)
def test_values_that_are_not_alike_have_texts_that_are_not(one: Any, other: Any) -> None:
    assert text_of(one, exact, OPTIONS) != text_of(other, exact, OPTIONS)


def test_what_is_no_json_has_no_text() -> None:
    with pytest.raises(TypeError):
        text_of({"value": object()}, exact, OPTIONS)


def test_what_cannot_be_checked_is_told_of_each_document_in_its_place(tiers: tuple[Validator, Validator]) -> None:
    quick, slow = tiers
    documents = [
        _observation(code={"coding": [LOINC]}),
        _observation(code={"coding": [LOINC]}),
        _observation(code={"coding": [LOINC]}, method={"coding": [LOINC]}),
        _observation(method={"coding": [LOINC, SNOMED]}, code={"coding": [LOINC]}),
        _observation(method={"coding": [LOINC, SNOMED]}, code={"coding": [SNOMED]}),
        _observation(code={"coding": [LOINC, SNOMED]}),
    ]

    told = [slow.validate(one) for one in documents * 2]

    assert any(issue.expression == "Observation.code.coding[1].system" for issue in told[-1])
    assert told == [quick.validate(one) for one in documents * 2]


def test_an_id_that_comes_twice_is_told_though_the_concept_has_been_met(tiers: tuple[Validator, Validator]) -> None:
    quick, slow = tiers
    concept = {"id": "c", "coding": [LOINC]}
    documents = [_observation(code=concept), _observation(code=concept), _observation(code=concept, method=concept)]

    assert [slow.validate(one) for one in documents] == [quick.validate(one) for one in documents]
    assert any(issue.rule == "id" for issue in quick.validate(documents[-1]))


def test_a_concept_that_is_right_in_one_place_is_judged_in_another(tiers: tuple[Validator, Validator]) -> None:
    quick, slow = tiers
    status = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
    conditions = [
        {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, **rest}
        for rest in ({"clinicalStatus": status}, {"clinicalStatus": status}, {"verificationStatus": status})
    ]

    assert [slow.validate(one) for one in conditions] == [quick.validate(one) for one in conditions]
    assert any(issue.rule == "binding" for issue in quick.validate(conditions[-1]))


def _observation(**rest: Any) -> Observation:
    return {"resourceType": "Observation", "status": "final", **rest}
