"""Slicing in definitions: in ways that FHIR knows, of what may repeat, with one name for a slice."""

from typing import Any

import pytest
from tests.unit.validation.builders import profile
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions


def slicing(rules: str = "open", type: str = "value") -> dict[str, Any]:
    return {"discriminator": [{"type": type, "path": "system"}], "rules": rules}


@pytest.mark.parametrize(
    ("path", "sliced", "is_fine"),
    [
        ("Patient.identifier", slicing(), True),
        ("Patient", slicing(), False),
        ("Patient.identifier", slicing(type="expression"), False),
        ("Patient.identifier", slicing(rules="shut"), False),
    ],
    ids=["right", "the whole", "unknown discriminator", "unknown rules"],
)
def test_a_differential_slices_in_ways_that_fhir_knows(
    definitions: Definitions, path: str, sliced: dict[str, Any], is_fine: bool
) -> None:
    places = found(definitions, profile("Patient", {"path": path, "slicing": sliced}), "differential")
    assert places == ([] if is_fine else ["StructureDefinition"])


SLICING = {"path": "Patient.identifier", "slicing": slicing()}


def slice_of_identifier(id: str, name: str) -> dict[str, Any]:
    return {"id": f"Patient.identifier:{id}", "path": "Patient.identifier", "sliceName": name}


@pytest.mark.parametrize("id", ["nhs", "outer/nhs"])
def test_a_slice_named_as_in_its_id_is_fine(definitions: Definitions, id: str) -> None:
    assert found(definitions, profile("Patient", SLICING, slice_of_identifier(id, id)), "slice-name") == []


def test_a_slice_with_two_names_is_an_error(definitions: Definitions) -> None:
    resource = profile("Patient", SLICING, slice_of_identifier("Nhs", "nhs"))
    assert found(definitions, resource, "slice-name") == ["StructureDefinition.differential.element[1].sliceName"]
