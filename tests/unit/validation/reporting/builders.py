"""Judgements as reporters get them, with defaults for what a test is not about."""

from datetime import UTC, datetime

from careloom.model.issues import Issue, Severity
from careloom.validation.batch.judgement import Batch, FailOn, Finding, Judgement
from careloom.validation.reporting import Format, Style, Tally, Told, page_of, reporter

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
    tally, style = Tally(fail_on), Style(format, fail_on, summary_only)
    writer = reporter(format, Told(tally, AT, summary_only))
    text = ""
    for one in judgements:
        page = page_of(Batch((one,), 0), style)
        tally.merge(page.tally)
        text += writer.take(page)
    return text + "".join(writer.finish())
