"""What a server's answer is taken for: only a clear yes is in."""

from typing import Any

import pytest

from careloom.terminology.remote.answers import membership_answer

ISSUE_TYPE = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"


def answer(**values: Any) -> dict[str, Any]:
    keys = {bool: "valueBoolean", str: "valueString", dict: "resource"}
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name.replace("_", "-"), keys[type(value)]: value} for name, value in values.items()],
    }


def issues(code: str, type: str) -> dict[str, Any]:
    issue = {"severity": "error", "code": code, "details": {"coding": [{"system": ISSUE_TYPE, "code": type}]}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(result=True, display="Dog"), "in"),
        (answer(result=False, message="no"), "out"),
        (answer(result=False, issues=issues("code-invalid", "not-in-vs")), "out"),
        (answer(result=False, issues=issues("code-invalid", "invalid-code")), "out"),
        (answer(result=False, issues=issues("not-found", "not-found")), "unknown"),
        (answer(result=False, x_caused_by_unknown_system="http://x"), "unknown"),
        (answer(result="true"), "unknown"),
        (answer(display="Dog"), "unknown"),
        ({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "no idea"}]}, "unknown"),
        ({"resourceType": "Parameters", "parameter": "x"}, "unknown"),
        ({"parameter": [None, {"name": "result", "valueInteger": 1}]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_an_answer_is_read_with_suspicion(given: dict[str, Any], expected: str) -> None:
    assert expected == membership_answer(given, "x").result


def test_the_reason_is_told() -> None:
    outcome = {"issue": [{"diagnostics": "out of memory"}]}
    assert "x: the terminology server cannot tell: out of memory" == membership_answer(outcome, "x").message
