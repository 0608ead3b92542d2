"""Elements of a differential: names of slices, and value sets."""

from typing import Any

import pytest
from tests.unit.validation.builders import BASE, judge, profile

from careloom.definitions import Definitions

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
SLICING = {
    "path": "Patient.identifier",
    "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
}


def found(definitions: Definitions, *elements: dict[str, Any], type: str = "Patient") -> list[tuple[str, str, str]]:
    issues = judge(definitions, profile(type, *elements))
    told = [(issue.severity, issue.rule, issue.expression) for issue in issues]
    return [one for one in told if one[1] in ("slice-name", "value-set", "element-type")]


def slice_of_identifier(id: str, name: str) -> dict[str, Any]:
    return {"id": f"Patient.identifier:{id}", "path": "Patient.identifier", "sliceName": name}


@pytest.mark.parametrize("id", ["nhs", "outer/nhs"])
def test_a_slice_named_as_in_its_id_is_fine(definitions: Definitions, id: str) -> None:
    assert found(definitions, SLICING, slice_of_identifier(id, id)) == []


def test_a_slice_with_two_names_is_an_error(definitions: Definitions) -> None:
    told = found(definitions, SLICING, slice_of_identifier("Nhs", "nhs"))
    assert told == [("error", "slice-name", "StructureDefinition.differential.element[1].sliceName")]


def bound(value_set: str, path: str = "Patient.gender") -> dict[str, Any]:
    return {"path": path, "binding": {"strength": "required", "valueSet": value_set}}


@pytest.mark.parametrize("value_set", [GENDER, f"{GENDER}|4.0.1", "http://snomed.info/sct?fhir_vs=isa/404684003"])
def test_a_value_set_that_is_there_is_fine(definitions: Definitions, value_set: str) -> None:
    assert found(definitions, bound(value_set)) == []


def test_a_value_set_that_is_nowhere_is_a_warning(definitions: Definitions) -> None:
    place = "StructureDefinition.differential.element[0].binding.valueSet"
    assert found(definitions, bound("http://example.org/ValueSet/none")) == [("warning", "value-set", place)]


def test_an_address_of_something_else_is_an_error(definitions: Definitions) -> None:
    assert [one[:2] for one in found(definitions, bound(BASE + "Patient"))] == [("error", "value-set")]


def test_a_value_set_on_what_has_no_codes_is_an_error(definitions: Definitions) -> None:
    parts = [
        {
            "id": "Extension.extension:kind",
            "path": "Extension.extension",
            "sliceName": "kind",
            "binding": {"strength": "required", "valueSet": GENDER},
        },
    ]
    told = found(definitions, *parts, type="Extension")
    assert told == [("error", "element-type", "StructureDefinition.differential.element[0].binding")]
