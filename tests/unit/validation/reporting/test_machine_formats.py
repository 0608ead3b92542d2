"""OperationOutcome and NDJSON: a line is a value, in the order of the input."""

import json

from tests.unit.validation.reporting.builders import finding, judgement, report


def test_every_resource_has_an_outcome_and_a_run_of_sound_ones_has_as_many() -> None:
    text = report("json", judgement(line=1, count=2), judgement(finding(line=3), line=3))
    outcomes = [json.loads(line) for line in text.splitlines()]
    assert [outcome["issue"][0]["severity"] for outcome in outcomes] == ["information", "information", "error"]
    assert outcomes[2]["issue"][0]["extension"][0]["valueInteger"] == 3


def test_every_finding_is_a_line_that_names_file_and_line() -> None:
    text = report("ndjson", judgement(line=1, count=2), judgement(finding(line=3), finding("warning", line=3), line=3))
    told = [json.loads(line) for line in text.splitlines()]
    assert [one["severity"] for one in told] == ["error", "warning"]
    assert told[0] == {
        "file": "a.json",
        "line": 3,
        "column": 13,
        "severity": "error",
        "code": "code-invalid",
        "rule": "binding",
        "profile": "https://p.test/p",
        "subject": "Patient/1",
        "expression": "Patient.gender",
        "diagnostics": "Patient.gender: wrong",
    }
