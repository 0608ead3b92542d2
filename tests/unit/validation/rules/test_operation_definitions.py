"""Operation definitions: parameters agree with the profiles on Parameters that are named."""

from typing import Any

import pytest
from tests.unit.validation.builders import profile
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions
from careloom.model import Resource

INPUT = "https://somewhere.test/StructureDefinition/input"


def operation(**parameter: Any) -> Resource:
    given = {"name": "at", "use": "in", "min": 1, "max": "1", "type": "dateTime", **parameter}
    return {
        "resourceType": "OperationDefinition",
        "name": "O",
        "status": "active",
        "kind": "operation",
        "code": "o",
        "system": True,
        "type": False,
        "instance": False,
        "inputProfile": INPUT,
        "parameter": [given],
    }


def input_profile() -> Resource:
    slicing = {"discriminator": [{"type": "value", "path": "name"}], "rules": "open"}
    path, id = "Parameters.parameter", "Parameters.parameter:at"
    return profile(
        "Parameters",
        {"path": path, "slicing": slicing},
        {"id": id, "path": path, "sliceName": "at", "min": 1, "max": "1"},
        {"id": f"{id}.name", "path": f"{path}.name", "fixedString": "at"},
        {"id": f"{id}.value[x]", "path": f"{path}.value[x]", "min": 1, "type": [{"code": "dateTime"}]},
        url=INPUT,
    )


@pytest.mark.parametrize(
    ("parameter", "is_fine"),
    [
        ({}, True),
        ({"min": 0}, False),
        ({"max": "*"}, False),
        ({"type": "string"}, False),
        ({"use": "out", "min": 0}, True),
    ],
)
def test_a_parameter_agrees_with_its_profile(
    definitions: Definitions, parameter: dict[str, Any], is_fine: bool
) -> None:
    places = found(definitions, operation(**parameter), "operation", extra=[input_profile()])
    assert places == ([] if is_fine else ["OperationDefinition.parameter[0]"])


def test_the_profile_is_there_and_is_on_parameters(definitions: Definitions) -> None:
    assert found(definitions, operation(), "operation") == ["OperationDefinition.inputProfile"]
    on_patient = profile("Patient", {"path": "Patient"}, url=INPUT)
    assert found(definitions, operation(), "operation", extra=[on_patient]) == ["OperationDefinition.inputProfile"]
