"""The ports of an evaluation, and conditions."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.fhirpath.conftest import Evaluate

from careloom.definitions import TypeModel
from careloom.fhirpath import Environment, compile_expression
from careloom.model.errors import InvalidError, MalformedError

ORGANIZATION = {"resourceType": "Organization", "id": "acute", "name": "Acute"}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "gender": "male",
    "managingOrganization": {"reference": "Organization/acute"},
}


def test_references_are_resolved_by_the_caller(evaluate: Evaluate) -> None:
    known = {"Organization/acute": ORGANIZATION}
    assert evaluate("managingOrganization.resolve().name", PATIENT, resolve=known.get) == ["Acute"]


def test_a_reference_nobody_resolves_leads_nowhere(evaluate: Evaluate) -> None:
    assert evaluate("managingOrganization.resolve()", PATIENT) == []


def test_contained_resources_are_found_without_the_caller(evaluate: Evaluate) -> None:
    patient = {**PATIENT, "contained": [ORGANIZATION], "managingOrganization": {"reference": "#acute"}}
    assert evaluate("managingOrganization.resolve().name", patient) == ["Acute"]


def test_membership_of_a_value_set_is_asked_of_the_caller(evaluate: Evaluate) -> None:
    asked = []

    def member_of(value: Any, url: str) -> bool:
        asked.append((value, url))
        return True

    assert evaluate("gender.memberOf('http://vs')", PATIENT, member_of=member_of) == [True]
    assert asked == [("male", "http://vs")]


def test_membership_that_nobody_knows_is_empty(evaluate: Evaluate) -> None:
    assert evaluate("gender.memberOf('http://vs')", PATIENT, member_of=lambda value, url: None) == []


def test_conformance_to_another_type_needs_no_profile(evaluate: Evaluate) -> None:
    assert evaluate("conformsTo('http://hl7.org/fhir/StructureDefinition/Organization')", PATIENT) == [False]
    assert evaluate("conformsTo('http://profile')", PATIENT, conforms_to=lambda value, url: True) == [True]


def test_the_present_is_one_instant_of_the_callers_clock(evaluate: Evaluate) -> None:
    ticks = iter(datetime(2026, 3, 1, 9, minute, tzinfo=UTC) for minute in range(60))
    found = evaluate("now() | today() | timeOfDay() | now()", now=lambda: next(ticks))
    assert [str(value) for value in found] == ["2026-03-01T09:00:00.000Z", "2026-03-01", "09:00:00.000"]


def test_trace_tells_the_caller_and_changes_nothing(evaluate: Evaluate) -> None:
    told: list[tuple[str, list[Any]]] = []
    assert evaluate("gender.trace('g', length())", PATIENT, trace=lambda *call: told.append(call)) == ["male"]
    assert told == [("g", [4])]


def test_variables_come_from_the_caller(evaluate: Evaluate) -> None:
    assert evaluate("%limit + %many.count()", variables={"limit": 3, "many": [1, 2]}) == [5]


def test_the_resource_of_an_element_is_what_the_caller_says(types: TypeModel) -> None:
    compiled = compile_expression("%resource.gender & %rootResource.id", types=types, context_type="HumanName")
    env = Environment(resource=PATIENT, root_resource={"resourceType": "Patient", "id": "root"})
    assert compiled.evaluate({"family": "x"}, env) == ["maleroot"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("true", True), ("false", False), ("{}", False), ("gender", True), ("gender = 'male'", True), ("active", False)],
)
def test_a_condition_holds_if_there_is_one_item_that_is_not_false(
    types: TypeModel, expression: str, expected: bool
) -> None:
    assert compile_expression(expression, types=types, context_type="Patient").is_true(PATIENT) is expected


def test_several_items_are_no_condition(types: TypeModel) -> None:
    with pytest.raises(InvalidError, match="one item expected, 2 found"):
        compile_expression("1 | 2", types=types).is_true(PATIENT)


@pytest.mark.parametrize("text", ["Patient" + ".name" * 10_000, "1" + " + 1" * 10_000, "1" + "[0]" * 10_000])
def test_a_chain_without_end_is_refused(types: TypeModel, text: str) -> None:
    with pytest.raises(MalformedError, match="nested too deeply"):
        compile_expression(text, types=types, context_type="Patient")


def test_a_long_list_of_alternatives_is_not_deep(types: TypeModel) -> None:
    text = " or ".join(f"gender = 'x{number}'" for number in range(2_000))
    assert not compile_expression(text, types=types, context_type="Patient").is_true(PATIENT)


def test_a_result_known_while_compiling_belongs_to_whoever_asks(evaluate: Evaluate, types: TypeModel) -> None:
    expression = compile_expression("1 | 2", types=types)
    expression.evaluate(None).clear()
    assert expression.evaluate(None) == [1, 2]


def test_what_goes_on_from_a_constant_is_not_taken_for_it(evaluate: Evaluate) -> None:
    assert evaluate("'male'.trace('known').length()") == [4]
    assert evaluate("iif('male' = %resource.gender, 'same', 'other')", PATIENT) == ["same"]


@pytest.mark.parametrize(
    ("expression", "count"), [("1 | 1.0 | 1.00 | 2", 2), ("true | 1", 2), ("'1' | 1", 2), ("1 'cm' | 0.01 'm'", 1)]
)
def test_values_that_are_equal_count_once_whatever_their_class(evaluate: Evaluate, expression: str, count: int) -> None:
    assert len(evaluate(expression)) == count
