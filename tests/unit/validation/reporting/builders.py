"""Judgements as reporters get them, with defaults for what a test is not about."""

from datetime import UTC, datetime

from careloom.model.issues import Issue, Severity
from careloom.validation.batch.judgement import FailOn, Finding, Judgement
from careloom.validation.reporting import Format, Tally, Told, reporter

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def finding(
    severity: Severity = "error", *, rule: str = "binding", line: int = 3, message: str = "Patient.gender: wrong"
) -> Finding:
    issue = Issue(severity, "code-invalid", message, "Patient.gender", rule, "https://p.test/p", line, 13)
    return Finding(issue, "Patient/1", '  "gender": "boy"', 12)


def judgement(*findings: Finding, file: str = "a.json", line: int = 0, count: int = 1, ignored: int = 0) -> Judgement:
    return Judgement(file, findings, "Patient/1", line, count, ignored)


def report(format: Format, *judgements: Judgement, fail_on: FailOn = "error", summary_only: bool = False) -> str:
    """The whole text that a format makes of judgements."""
    tally = Tally(fail_on)
    writer = reporter(format, Told(tally, fail_on, AT, summary_only))
    text = ""
    for one in judgements:
        tally.add(one)
        text += writer.take(one)
    return text + "".join(writer.finish())
