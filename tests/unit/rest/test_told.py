"""Which types an answer tells of."""

from typing import Any

import pytest
from tests.unit.rest.desk import entry, patient, transaction

from careloom.rest.told import types_told

OUTCOME = {"resourceType": "OperationOutcome", "issue": []}


def parameters(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": each} for each in resources]}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, set()),
        (OUTCOME, set()),
        (patient(), {"Patient"}),
        (parameters(patient(), OUTCOME), {"Patient"}),
        ({"resourceType": "Parameters"}, set()),
        ({"resourceType": "Bundle", "type": "searchset"}, set()),
        (transaction(entry("DELETE", "Condition/c")), {"Condition"}),
        (transaction(entry("POST", "Patient", patient())), {"Patient"}),
        ({"resourceType": "Bundle", "entry": [{"resource": transaction(entry("PUT", "Device/d"))}]}, {"Device"}),
    ],
    ids=["nothing", "outcome", "one", "parts", "no parts", "no entries", "deletion", "history", "bundle in a bundle"],
)
def test_types_are_those_of_what_is_held_or_named(answer: Any, told: set[str]) -> None:
    assert told == types_told(answer)
