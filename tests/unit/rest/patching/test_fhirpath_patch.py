from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError, MalformedError, TooCostlyError
from careloom.rest.patching import apply_fhirpath_patch

CASES = yaml.safe_load(Path(__file__).with_name("fhirpath.yaml").read_text("utf-8"))


def _parameters(operations: list[Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [_operation(*each) for each in operations]}


def _operation(kind: str, path: str, parts: dict[str, Any]) -> dict[str, Any]:
    told = {"type": {"valueCode": kind}, "path": {"valueString": path}, **parts}
    return {"name": "operation", "part": [{"name": name, **part} for name, part in told.items()]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_patch(case: dict[str, Any], definitions: Definitions) -> None:
    before = {"resourceType": "Patient", **case["from"]}
    kept = deepcopy(before)
    patch = _parameters(case["patch"])
    if "refused" in case:
        with pytest.raises((InvalidError, MalformedError)) as refused:
            apply_fhirpath_patch(before, patch, definitions.types)
        assert case["refused"] in str(refused.value)
    else:
        assert apply_fhirpath_patch(before, patch, definitions.types) == {"resourceType": "Patient", **case["to"]}
    assert before == kept


@pytest.mark.parametrize("body", [{"resourceType": "Parameters"}, {"resourceType": "Patient", "parameter": []}])
def test_what_is_no_patch_is_refused(body: dict[str, Any], definitions: Definitions) -> None:
    with pytest.raises(MalformedError, match="at least one parameter 'operation'"):
        apply_fhirpath_patch({"resourceType": "Patient"}, body, definitions.types)


def test_more_operations_than_are_taken_are_refused(definitions: Definitions) -> None:
    many = _parameters([["delete", "Patient.birthDate", {}]] * 101)
    with pytest.raises(TooCostlyError):
        apply_fhirpath_patch({"resourceType": "Patient"}, many, definitions.types)
