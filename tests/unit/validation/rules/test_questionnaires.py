"""Questionnaires: initial values are answers to their question."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions


@pytest.mark.parametrize(
    ("type", "value", "is_fine"),
    [
        ("integer", {"valueInteger": 1}, True),
        ("integer", {"valueString": "1"}, False),
        ("text", {"valueString": "x"}, True),
        ("url", {"valueUri": "https://somewhere.test"}, True),
        ("dateTime", {"valueDate": "2026-01-01"}, False),
    ],
)
def test_an_initial_value_is_of_the_type_of_its_question(
    definitions: Definitions, type: str, value: dict[str, Any], is_fine: bool
) -> None:
    inner = {"linkId": "a.1", "type": type, "initial": [value]}
    item = {"linkId": "a", "type": "group", "item": [inner]}
    resource = {"resourceType": "Questionnaire", "status": "active", "item": [item]}
    places = found(definitions, resource, "initial")
    assert places == ([] if is_fine else ["Questionnaire.item[0].item[0].initial[0].value"])
