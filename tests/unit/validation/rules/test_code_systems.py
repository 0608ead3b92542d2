"""Code systems: content, supplements, the value set of all codes, properties of concepts."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import CODES, VALUES, code_system, found, value_set

from careloom.definitions import Definitions
from careloom.validation.rules.code_systems import STANDARD

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


COLOUR = {"code": "colour", "uri": "https://somewhere.test/colour", "type": "string"}


@pytest.mark.parametrize(
    ("declared", "places"),
    [
        ([COLOUR, {"code": "inactive", "uri": f"{STANDARD}inactive", "type": "boolean"}], []),
        ([COLOUR, {**COLOUR, "uri": "https://somewhere.test/other"}], ["CodeSystem.property[1]"]),
        ([COLOUR, {**COLOUR, "code": "other"}], ["CodeSystem.property[1]"]),
        ([{"code": "inactive", "uri": f"{STANDARD}inactive", "type": "code"}], ["CodeSystem.property[0]"]),
        ([{"code": "inactive", "uri": f"{STANDARD}notSelectable", "type": "boolean"}], ["CodeSystem.property[0]"]),
        ([{"code": "hue", "uri": f"{STANDARD}hue", "type": "code"}], ["CodeSystem.property[0]"]),
    ],
    ids=["right", "code twice", "uri twice", "other type", "code of another standard property", "not standard"],
)
def test_properties_are_declared_once_and_standard_ones_as_the_standard_has_them(
    definitions: Definitions, declared: list[dict[str, Any]], places: list[str]
) -> None:
    assert found(definitions, code_system("red", property=declared), "property") == places


@pytest.mark.parametrize(
    ("value", "places"),
    [({"valueString": "x"}, []), ({"valueInteger": 1}, ["CodeSystem.concept[0].concept[0].property[0]"])],
)
def test_a_property_has_a_value_of_its_declared_type(
    definitions: Definitions, value: dict[str, Any], places: list[str]
) -> None:
    inner = {"code": "dark-red", "property": [{"code": "colour", **value}]}
    resource = code_system({"code": "red", "concept": [inner]}, property=[COLOUR])
    assert found(definitions, resource, "property") == places


def test_a_property_that_is_not_declared_is_told_as_a_warning(definitions: Definitions) -> None:
    resource = code_system({"code": "red", "property": [{"code": "hue", "valueString": "x"}]})
    assert found(definitions, resource, "property", severity="warning") == ["CodeSystem.concept[0].property[0]"]
    assert found(definitions, resource, "property") == []


@pytest.mark.parametrize(("parent", "is_fine"), [("red", True), ("pink", False)])
def test_a_parent_is_a_concept_of_the_same_code_system(definitions: Definitions, parent: str, is_fine: bool) -> None:
    declared = {"code": "parent", "uri": f"{STANDARD}parent", "type": "code"}
    child = {"code": "dark red", "property": [{"code": "parent", "valueCode": parent}]}
    places = found(definitions, code_system("red", child, property=[declared]), "property")
    assert places == ([] if is_fine else ["CodeSystem.concept[1].property[0]"])
