"""Findings about data, as values, and the OperationOutcome that carries them."""

from collections.abc import Iterable
from typing import Any, Literal

from careloom.model.records import dataclass

Severity = Literal["fatal", "error", "warning", "information"]

ISSUE_LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
ISSUE_COLUMN = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"
ISSUE_SOURCE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-source"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: what is wrong, where, and by which rule.

    Attributes:
        severity: As in OperationOutcome.issue.severity.
        code: FHIR IssueType, for example ``structure`` or ``invariant``.
        diagnostics: Names the thing, what was expected and what was found.
        expression: FHIRPath of the element, ``Patient.name[0].given[1]``; empty for the whole document.
        rule: Key of the rule that raised it, ``cardinality`` or an invariant's key such as ``ele-1``.
        profile: Canonical URL of the profile being checked, with version if known.
        line: Line in the source text, from 1; 0 when unknown.
        column: Column in the source text, from 1; 0 when unknown.
    """

    severity: Severity
    code: str
    diagnostics: str
    expression: str = ""
    rule: str = ""
    profile: str = ""
    line: int = 0
    column: int = 0

    @property
    def is_error(self) -> bool:
        """Whether this finding alone makes a document invalid."""
        return self.severity in ("fatal", "error")

    def at(self, line: int, column: int) -> "Issue":
        """The same finding, with its place in the source text."""
        told = self.severity, self.code, self.diagnostics, self.expression, self.rule, self.profile
        return Issue(*told, line, column)


def has_errors(issues: Iterable[Issue]) -> bool:
    """Whether any finding is an error or fatal."""
    return any(issue.is_error for issue in issues)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """OperationOutcome that tells the findings; without any, one that says all is well.

    The rule goes to ``details.coding`` free of a system as ``details.text`` is for people,
    line and column to the HL7 extensions made for them, the profile to ``issue-source``.
    """
    told = [_issue_element(issue) for issue in issues]
    if not told:
        told = [{"severity": "information", "code": "informational", "diagnostics": "No issues."}]
    return {"resourceType": "OperationOutcome", "issue": told}


def _issue_element(issue: Issue) -> dict[str, Any]:
    extensions: list[dict[str, Any]] = []
    if issue.line:
        extensions.append({"url": ISSUE_LINE, "valueInteger": issue.line})
        extensions.append({"url": ISSUE_COLUMN, "valueInteger": issue.column})
    if issue.profile:
        extensions.append({"url": ISSUE_SOURCE, "valueString": issue.profile})
    element: dict[str, Any] = {"extension": extensions} if extensions else {}
    element |= {"severity": issue.severity, "code": issue.code}
    if issue.rule:
        element["details"] = {"coding": [{"code": issue.rule}], "text": issue.diagnostics}
    element["diagnostics"] = issue.diagnostics
    if issue.expression:
        element["expression"] = [issue.expression]
    return element
