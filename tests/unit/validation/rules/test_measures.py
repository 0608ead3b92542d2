"""Measures: criteria whose logic is somewhere."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions
from careloom.model import Resource

LOGIC = "https://somewhere.test/Library/logic"
LIBRARY = {
    "resourceType": "Library",
    "url": LOGIC,
    "name": "Logic",
    "status": "active",
    "type": {"text": "logic-library"},
}
AT = "Measure.group[0].population[0].criteria"


def measure(expression: str, language: str = "text/cql.identifier", **fields: Any) -> Resource:
    criteria = {"language": language, "expression": expression}
    group = {"population": [{"criteria": criteria}]}
    return {"resourceType": "Measure", "status": "active", "group": [group], **fields}


@pytest.mark.parametrize(("expression", "places"), [("Logic.Initial", []), ("Initial", []), ("Other.Initial", [AT])])
def test_a_criterion_is_in_one_of_the_libraries(definitions: Definitions, expression: str, places: list[str]) -> None:
    assert found(definitions, measure(expression, library=[LOGIC]), "measure", extra=[LIBRARY]) == places


def test_the_name_of_a_criterion_needs_a_library_and_cql_as_such_should_have_one(definitions: Definitions) -> None:
    assert found(definitions, measure("Initial"), "measure") == [AT]
    assert found(definitions, measure("Initial", "text/cql"), "measure") == []
    assert found(definitions, measure("Initial", "text/cql"), "measure", severity="warning") == [AT]


def test_of_a_library_that_is_not_here_nothing_is_said(definitions: Definitions) -> None:
    assert found(definitions, measure("Other.Initial", library=[LOGIC]), "measure") == []


def test_several_groups_need_codes_to_be_told_apart(definitions: Definitions) -> None:
    resource = {"resourceType": "Measure", "status": "active", "group": [{"description": "a"}, {"code": {"text": "b"}}]}
    assert found(definitions, resource, "measure", severity="warning") == ["Measure.group[0]"]
