"""Invariants of profiles, those that were written to do harm included."""

import pytest
from tests.unit.validation.builders import PROFILE, errors, judge, patient, profile

from careloom.definitions import Definitions
from careloom.fhirpath.environment import Scope
from careloom.model.issues import Issue

CROWD = patient(name=[{"family": f"f{number}"} for number in range(400)])
ENDLESS = "name.select(%resource.name.select(%resource.name.select(%resource.name.count()))).exists()"


def with_invariant(definitions: Definitions, expression: str, *, severity: str = "error") -> list[Issue]:
    constraint = {"key": "x-1", "severity": severity, "human": "Nobody may know.", "expression": expression}
    made = profile("Patient", {"path": "Patient", "constraint": [constraint]})
    return judge(definitions, CROWD, extra=[made], profiles=[PROFILE])


def test_an_invariant_that_costs_too_much_is_a_warning(
    definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scope, "steps_left", 100_000)
    (issue,) = with_invariant(definitions, ENDLESS)
    assert (issue.severity, issue.code, issue.expression, issue.rule) == ("warning", "too-costly", "Patient", "x-1")
    assert "x-1 could not be checked" in issue.diagnostics


def test_an_invariant_with_a_hostile_pattern_is_answered(definitions: Definitions) -> None:
    issues = with_invariant(definitions, "('" + "a" * 60 + "!').matches('^(a+)+$')")
    assert errors(issues) == ["Patient: x-1: Nobody may know."]
