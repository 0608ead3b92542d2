from dataclasses import replace
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.validation import Validator
from careloom.validation.library import Library
from careloom.validation.quick.settled import Settling
from careloom.validation.schema import Constraint, Element, Limit, Required

CORE = "http://hl7.org/fhir/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"
CODE = Element("Quantity.code", "code", required=(Required("fixed", "code", "mm"),))


@pytest.fixture(scope="module")
def library(definitions: Definitions) -> Library:
    return Library(definitions)


@pytest.fixture(scope="module")
def tiers(definitions: Definitions) -> tuple[Validator, Validator]:
    return Validator(definitions), Validator(definitions, quick=False)


def test_the_components_of_a_blood_pressure_are_settled_by_their_codes(library: Library) -> None:
    root = library.schema(f"{CORE}bp").root

    assert {"valueQuantity", "component"} == {key for key, _ in Settling(library).keys(root, "Observation")}


@pytest.mark.parametrize(
    ("element", "is_settled"),
    [
        (Element("Quantity", "value", children={"code": CODE}), True),
        (
            Element("Quantity", "value", children={"comparator": Element("Quantity.comparator", "comparator", max=0)}),
            True,
        ),
        (Element("Quantity", "value", limits=(Limit("maxValue", "Quantity", {"value": 3}),)), False),
        (Element("Quantity", "value", required=(Required("pattern", "Quantity", {"value": 3}),)), False),
        (Element("Quantity", "value", constraints=(Constraint("x-1", "error", "x", "value > 3"),)), False),
        (Element("Quantity", "value", children={"value": replace(CODE, name="value")}), False),
        (
            Element(
                "Quantity", "value", children={"extension": Element("Quantity.extension", "extension", is_list=True)}
            ),
            False,
        ),
    ],
)
def test_a_quantity_is_settled_by_its_unit_unless_more_is_said(
    library: Library, element: Element, is_settled: bool
) -> None:
    assert is_settled == (Settling(library).by_codes(element, "Quantity") is not None)


@pytest.mark.parametrize(
    ("expression", "is_settled"),
    [("value.exists() or dataAbsentReason.exists()", True), ("value > 3", False), ("code.coding.count() = 1", False)],
)
def test_an_invariant_of_a_part_leaves_it_settled_if_its_keys_decide(
    library: Library, expression: str, is_settled: bool
) -> None:
    element = Element("Observation.component", "component", constraints=(Constraint("x-1", "error", "x", expression),))

    assert is_settled == (Settling(library).by_codes(element, "Observation.component") is not None)


def test_blood_pressures_are_judged_alike_whatever_was_judged_before(tiers: tuple[Validator, Validator]) -> None:
    quick, slow = tiers
    usual = [_component(SYSTOLIC), _component(DIASTOLIC)]
    pressures = [
        _pressure(components)
        for components in (
            *([usual] * 4),
            list(reversed(usual)),
            [_component(SYSTOLIC)],
            [*usual, _component("8478-0")],
            [*usual, _component(SYSTOLIC)],
            [_component(SYSTOLIC), _component(DIASTOLIC, "kPa")],
            [_component(SYSTOLIC), _component(DIASTOLIC) | {"valueQuantity": {"value": 80, "unit": "mm"}}],
            [_component(SYSTOLIC), {"code": usual[1]["code"], "dataAbsentReason": {"text": "refused"}}],
            [_component(SYSTOLIC), {"code": usual[1]["code"]}],
            [_component(SYSTOLIC), _component(DIASTOLIC) | {"interpretation": [{"text": "high"}]}],
            usual,
        )
    ]

    told = [slow.validate(one) for one in pressures * 2]

    assert told == [quick.validate(one) for one in pressures * 2]
    assert [4, 4] == [sum(not any(issue.is_error for issue in told[index]) for index in (0, 1, 4, 13))] * 2
    assert all(any(issue.is_error for issue in told[index]) for index in (5, 7, 8, 9, 11))


def _component(code: str, unit: str = "mm[Hg]") -> dict[str, Any]:
    quantity = {"value": ExactDecimal("80.0"), "unit": "mmHg", "system": UCUM, "code": unit}
    return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": quantity}


def _pressure(components: list[dict[str, Any]]) -> dict[str, Any]:
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [category]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-03-01",
        "component": components,
    }
