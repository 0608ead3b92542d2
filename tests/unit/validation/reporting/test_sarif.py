"""The structure that SARIF 2.1.0 lays down: sections 3.13 (log), 3.14 (run), 3.19 (driver), 3.27 (result)."""

import json
from typing import Any

import pytest
from tests.unit.validation.reporting.builders import finding, judgement, report

from careloom.model.issues import Severity


def run_of(text: str) -> dict[str, Any]:
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    return dict(run)


def test_results_point_at_rules_that_are_there_once() -> None:
    findings = (finding(), finding(rule="display"), finding(), finding(rule="pat-1"))
    run = run_of(report("sarif", judgement(*findings)))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["binding", "display", "pat-1"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)


def test_a_result_has_message_place_and_snippet() -> None:
    (result,) = run_of(report("sarif", judgement(finding())))["results"]
    (location,) = result["locations"]
    assert result["message"] == {"text": "Patient.gender: wrong"}
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a.json"},
        "region": {"startLine": 3, "startColumn": 13, "snippet": {"text": '  "gender": "boy"'}},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Patient.gender"


@pytest.mark.parametrize(
    ("severity", "level"), [("fatal", "error"), ("error", "error"), ("warning", "warning"), ("information", "note")]
)
def test_severities_become_levels(severity: Severity, level: str) -> None:
    assert run_of(report("sarif", judgement(finding(severity))))["results"][0]["level"] == level


def test_a_finding_without_a_place_has_no_region() -> None:
    (result,) = run_of(report("sarif", judgement(finding(line=0))))["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_file_names_become_addresses() -> None:
    text = report("sarif", judgement(finding(), file="/x y/ä.json"))
    location = run_of(text)["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "file:///x%20y/%C3%A4.json"}


def test_nothing_found_is_a_run_without_results() -> None:
    run = run_of(report("sarif", judgement()))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
