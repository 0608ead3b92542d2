"""Differentials that nobody can make a snapshot from."""

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
