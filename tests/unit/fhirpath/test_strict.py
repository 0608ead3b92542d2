"""What a strict compilation refuses, and a lenient one lets pass."""

from typing import Any

import pytest
from tests.unit.fhirpath.conftest import Evaluate

from careloom.definitions import TypeModel
from careloom.fhirpath import compile_expression
from careloom.model.errors import InvalidError

PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"use": "usual"}, {"use": "old"}]}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("name.suffix", "HumanName has no element suffix, at line 1, column 6"),
        ("Observation.value", "Patient has no element Observation"),
        ("deceasedBoolean", "Patient has no element deceasedBoolean"),
        ("deceased.unit", "boolean or dateTime has no element unit"),
        ("contact.where(use = 'x')", "Patient.contact has no element use"),
        ("children().first()", "first() has no meaning for a collection without order"),
        ("descendants()[0]", "an index has no meaning"),
        ("children().given.skip(1)", "skip() has no meaning"),
        ("iif('x', 1)", "iif() expects a condition, System.String given"),
        ("name.startsWith('x')", "startsWith() expects System.String, HumanName given"),
        ("active.length()", "length() expects System.String, boolean given"),
        ("gender.substring('1')", "substring() expects System.Integer, System.String given"),
    ],
)
def test_what_cannot_be_is_refused(types: TypeModel, expression: str, message: str) -> None:
    with pytest.raises(InvalidError) as raised:
        compile_expression(expression, types=types, context_type="Patient", strict=True)
    assert message in str(raised.value)
    compile_expression(expression, types=types, context_type="Patient")


@pytest.mark.parametrize(
    "expression",
    [
        "name.given.first().substring(1).length() > 3",
        "contained.name",
        "contained.first().name",
        "extension('u').value.code",
        "children().count() + descendants().where($this is string).distinct().count()",
        "managingOrganization.resolve().name",
        "%resource.name.given | %context.name.family",
        "iif(active, 1, 2)",
        "Resource.id | DomainResource.contained.id",
        "repeat(contact).gender",
        "name.select(given | family).sort().first()",
    ],
)
def test_what_may_be_is_accepted(types: TypeModel, expression: str) -> None:
    compile_expression(expression, types=types, context_type="Patient", strict=True)


def test_as_on_several_items_is_an_error_only_where_strict(evaluate: Evaluate) -> None:
    assert evaluate("name.as(HumanName).use", PATIENT) == ["usual", "old"]
    with pytest.raises(InvalidError, match="one item expected by 'as', 2 found"):
        evaluate("name.as(HumanName).use", PATIENT, strict=True)
