"""Structure definitions: how they stand to their base, and elements in order."""

from typing import Any

import pytest
from tests.unit.validation.builders import BASE, profile
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions


@pytest.mark.parametrize(
    "fields",
    [{"kind": "complex-type"}, {"derivation": "specialization"}],
    ids=["a constraint of another kind", "a specialization without a type of its own"],
)
def test_a_definition_goes_with_its_base(definitions: Definitions, fields: dict[str, Any]) -> None:
    assert found(definitions, profile("Patient", {"path": "Patient.name", "min": 1}), "derivation") == []
    resource = profile("Patient", {"path": "Patient.name", "min": 1}, baseDefinition=BASE + "Patient", **fields)
    assert found(definitions, resource, "derivation") == ["StructureDefinition"]


def test_what_has_a_base_says_how_it_is_derived(definitions: Definitions) -> None:
    resource = profile("Patient", {"path": "Patient.name", "min": 1})
    del resource["derivation"]
    assert found(definitions, resource, "derivation") == ["StructureDefinition"]


@pytest.mark.parametrize(
    ("paths", "is_fine"),
    [
        (["Patient.gender", "Patient.birthDate", "Patient.contact", "Patient.contact.name"], True),
        (["Patient.birthDate", "Patient.gender"], False),
        (["Patient.contact.gender", "Patient.contact.name"], False),
    ],
)
def test_elements_come_in_the_order_of_the_base(definitions: Definitions, paths: list[str], is_fine: bool) -> None:
    resource = profile("Patient", *({"path": path, "mustSupport": True} for path in paths))
    places = found(definitions, resource, "element-order")
    assert places == ([] if is_fine else ["StructureDefinition.differential.element[1]"])


def test_slices_of_one_element_come_in_any_order(definitions: Definitions) -> None:
    slicing = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    slices = [
        {"id": f"Patient.identifier:{name}", "path": "Patient.identifier", "sliceName": name} for name in ("b", "a")
    ]
    resource = profile("Patient", {"path": "Patient.identifier", "slicing": slicing}, *slices)
    assert found(definitions, resource, "element-order") == []


@pytest.mark.parametrize("type", ["ValueSet", "CodeSystem", "Questionnaire"])
@pytest.mark.parametrize(
    ("url", "is_fine"), [("https://somewhere.test/x", True), ("urn:oid:1.2.3", True), ("x", False)]
)
def test_a_definition_has_an_absolute_address(definitions: Definitions, type: str, url: str, is_fine: bool) -> None:
    resource = {"resourceType": type, "url": url, "status": "draft", "content": "complete"}
    assert found(definitions, resource, "canonical-url") == ([] if is_fine else [f"{type}.url"])
