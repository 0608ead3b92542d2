"""Code systems as wholes: content, count, supplements, the value set of all codes."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import CODES, VALUES, code_system, found, value_set

from careloom.definitions import Definitions

MORE = "https://somewhere.test/CodeSystem/more"


def test_a_complete_code_system_has_as_many_concepts_as_it_counts(definitions: Definitions) -> None:
    nested = {"code": "red", "concept": [{"code": "dark-red"}]}
    assert found(definitions, code_system(nested, "blue", count=3), "content") == []
    assert found(definitions, code_system(nested, "blue", count=2), "content") == ["CodeSystem.count"]


def test_content_that_is_not_present_has_no_concepts(definitions: Definitions) -> None:
    resource = code_system("red", content="not-present")
    assert found(definitions, resource, "content") == ["CodeSystem.concept[0]"]


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"content": "supplement", "supplements": CODES}, []),
        ({"content": "complete", "supplements": CODES}, ["CodeSystem.content"]),
        ({"content": "supplement"}, ["CodeSystem.content"]),
        ({"content": "supplement", "supplements": CODES, "caseSensitive": True}, ["CodeSystem.caseSensitive"]),
    ],
)
def test_a_supplement_says_so_and_names_what_it_supplements(
    definitions: Definitions, fields: dict[str, Any], places: list[str]
) -> None:
    resource = code_system("red", url=MORE, **fields)
    assert found(definitions, resource, "supplement", extra=[code_system("red")]) == places


def test_a_supplement_has_no_codes_of_its_own(definitions: Definitions) -> None:
    resource = code_system("red", "pink", url=MORE, content="supplement", supplements=f"{CODES}|1.0")
    base = code_system("red", version="1.0")
    assert found(definitions, resource, "supplement", extra=[base]) == ["CodeSystem.concept[1]"]


@pytest.mark.parametrize(
    ("include", "places"),
    [
        ({"system": CODES}, []),
        ({"system": CODES, "concept": [{"code": "red"}]}, ["CodeSystem.valueSet"]),
        ({"system": MORE}, ["CodeSystem.valueSet"]),
    ],
)
def test_the_value_set_of_a_code_system_is_all_of_it(
    definitions: Definitions, include: dict[str, Any], places: list[str]
) -> None:
    resource = code_system("red", valueSet=VALUES)
    assert found(definitions, resource, "value-set", extra=[value_set(include)]) == places
