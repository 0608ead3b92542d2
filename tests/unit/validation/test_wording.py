"""Invariants as their authors mean them."""

import pytest
from tests.unit.validation.builders import errors, judge

from careloom.definitions import Definitions
from careloom.validation.wording import as_meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("answer is Boolean", "answer is boolean"),
        ("(value as String).length()", "(value as string).length()"),
        ("value.ofType( DateTime )", "value.ofType( dateTime )"),
        ("value is System.String", "value is System.String"),
        ("value is Quantity", "value is Quantity"),
        ("name = 'is Boolean'", "name = 'is Boolean'"),
        ("name = 'it\\'s' and value is Date", "name = 'it\\'s' and value is date"),
    ],
)
def test_a_primitive_type_is_that_of_fhir_unless_its_namespace_says_otherwise(written: str, meant: str) -> None:
    assert as_meant(written) == meant


def test_a_condition_on_an_answer_at_all_is_fine(definitions: Definitions) -> None:
    condition = {"question": "1", "operator": "exists", "answerBoolean": True}
    items = [{"linkId": "1", "type": "string"}, {"linkId": "2", "type": "string", "enableWhen": [condition]}]
    assert errors(judge(definitions, {"resourceType": "Questionnaire", "status": "draft", "item": items})) == []
