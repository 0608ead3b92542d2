"""Findings, and the OperationOutcome that tells them."""

from careloom.model import Issue, has_errors, operation_outcome
from careloom.model.errors import DefinitionError, StaleVersionError


def test_an_outcome_without_findings_says_all_is_well() -> None:
    assert ["information"] == [issue["severity"] for issue in operation_outcome([])["issue"]]


def test_an_issue_is_told_with_place_rule_and_profile() -> None:
    issue = Issue(
        "error", "structure", "Patient.name: at least 1 expected, 0 found", "Patient", "cardinality", "http://p"
    )
    told = operation_outcome([issue.at(3, 7)])["issue"][0]
    assert ["Patient"] == told["expression"]
    assert [3, 7] == [extension["valueInteger"] for extension in told["extension"][:2]]
    assert "cardinality" == told["details"]["coding"][0]["code"]


def test_warnings_are_no_errors() -> None:
    assert not has_errors([Issue("warning", "invariant", "…")])
    assert has_errors([Issue("warning", "invariant", "…"), Issue("fatal", "structure", "…")])


def test_an_error_is_told_under_its_own_code() -> None:
    assert "conflict" == StaleVersionError("If-Match: version 2 expected, 3 found").issues[0].code


def test_a_definition_error_names_profile_and_element() -> None:
    error = DefinitionError("max 2 exceeds 1", url="http://example.org/p", element="Patient.name")
    assert "http://example.org/p element Patient.name: max 2 exceeds 1" == str(error)
