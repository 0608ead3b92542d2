"""Paths over plain JSON: lists, choices, and what stands beside a primitive."""

from typing import Any

import pytest
from tests.unit.fhirpath.conftest import Evaluate

from careloom.definitions import TypeModel
from careloom.fhirpath import Node, compile_expression
from careloom.model import parse_json
from careloom.model.errors import InvalidError

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Acute"}],
    "name": [
        {"use": "official", "given": ["Ada", None], "_given": [None, {"extension": [{"url": "u", "valueCode": "c"}]}]},
        {"_family": {"id": "f"}},
    ],
    "birthDate": "1974-12-25",
    "_birthDate": {"extension": [{"url": "time", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
    "deceasedBoolean": False,
    "contact": [{"gender": "female"}],
}


def observation(**value: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", **value}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name.use", ["official"]),
        ("Patient.name.use", ["official"]),
        ("Resource.id", ["p"]),
        ("Observation.id", []),
        ("contact.gender", ["female"]),
        ("deceased", [False]),
        ("contained.id", ["o"]),
        ("contained.name", ["Acute"]),
        ("contained.ofType(Organization).name", ["Acute"]),
        ("name.given.count()", [2]),
        ("name.given.select(hasValue())", [True, False]),
        ("name.given.extension('u').value", ["c"]),
        ("name.family.exists()", [True]),
        ("name.family.hasValue()", [False]),
        ("name.family.id", ["f"]),
        ("birthDate.extension('time').value", ["1974-12-25T14:35:45-05:00"]),
        ("birthDate.extension('other')", []),
        ("birthDate.children().count()", [1]),
        ("descendants().where($this is code)", ["official", "female", "c"]),
        ("children().given.first()", ["Ada"]),
        ("nothing", []),
    ],
)
def test_a_path_leads_to_its_elements(evaluate: Evaluate, expression: str, expected: list[Any]) -> None:
    assert sorted(map(str, expected)) == sorted(map(str, evaluate(expression, PATIENT)))


@pytest.mark.parametrize(
    ("value", "expression", "expected"),
    [
        ({"valueQuantity": {"value": 5, "unit": "mg"}}, "value.unit", ["mg"]),
        ({"valueQuantity": {"value": 5}}, "value.ofType(Quantity).value", [5]),
        ({"valueQuantity": {"value": 5}}, "(value as Period).start", []),
        ({"valueString": "x"}, "value", ["x"]),
        ({"valueString": "x"}, "value.unit", []),
        ({"valueString": "x"}, "value is string", [True]),
        ({"_valueString": {"id": "i"}}, "value.exists()", [True]),
        ({"_valueString": {"id": "i"}}, "value.id", ["i"]),
        ({"component": [{"valueString": "a"}, {"valueQuantity": {"value": 1}}]}, "component.value as string", ["a"]),
        ({"valueQuantity": {"value": 5}}, "valueQuantity", []),
    ],
)
def test_a_choice_is_what_the_data_chose(
    evaluate: Evaluate, value: dict[str, Any], expression: str, expected: list[Any]
) -> None:
    assert expected == evaluate(expression, observation(**value))


def test_results_know_their_types(types: TypeModel) -> None:
    compiled = compile_expression("name.use | birthDate | deceased | 1", types=types, context_type="Patient")
    assert ["code", "date", "boolean", "System.Integer"] == [
        node.type_name for node in compiled.evaluate_typed(PATIENT)
    ]


def test_without_a_type_any_resource_and_any_node_will_do(types: TypeModel) -> None:
    compiled = compile_expression("use | id", types=types)
    name = Node({"use": "usual"}, "HumanName")
    assert (["p"], ["usual"]) == (compiled.evaluate(PATIENT), compiled.evaluate(name))


def test_an_element_is_evaluated_by_its_own_type(types: TypeModel) -> None:
    compiled = compile_expression("given.count() + %resource.name.count()", types=types, context_type="HumanName")
    assert compiled.evaluate({"given": ["a"]}) == [1]


def test_a_list_where_one_value_belongs_is_an_error(evaluate: Evaluate) -> None:
    with pytest.raises(InvalidError, match="birthDate: one value expected, 2 found"):
        evaluate("birthDate", {"resourceType": "Patient", "birthDate": ["2001", "2002"]})


@pytest.mark.parametrize("name", ["text", 5, True, None, ["x"], [None], {"given": 3}])
def test_malformed_data_does_not_break_a_path(evaluate: Evaluate, name: Any) -> None:
    assert evaluate("name.given.first().exists()", {"resourceType": "Patient", "name": name}) in ([True], [False])


@pytest.mark.parametrize("contained", ["x", [None], [1], {"resourceType": "Patient"}, [{"resourceType": "Nothing"}]])
def test_malformed_contained_resources_lead_nowhere(evaluate: Evaluate, contained: Any) -> None:
    patient = {"resourceType": "Patient", "contained": contained, "managingOrganization": {"reference": "#x"}}
    assert evaluate("contained.name | contained.descendants() | managingOrganization.resolve()", patient) == []


def test_decimals_keep_their_digits(evaluate: Evaluate) -> None:
    data = parse_json('{"resourceType": "Observation", "valueQuantity": {"value": 1.50}}')
    assert evaluate("(value as Quantity).value.toString()", data) == ["1.50"]


def test_data_is_never_changed(evaluate: Evaluate) -> None:
    data = {"resourceType": "Patient", "name": [{"given": ["a", "b"]}, {"given": ["c"]}]}
    evaluate("name.given.combine('x').aggregate($total | $this, {}).sort() | name.repeat($this).given", data)
    assert data == {"resourceType": "Patient", "name": [{"given": ["a", "b"]}, {"given": ["c"]}]}
