"""Properties of concepts: declared once, as the specification means them, used as declared."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import code_system, found

from careloom.definitions import Definitions
from careloom.validation.rules.concept_properties import STANDARD

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
