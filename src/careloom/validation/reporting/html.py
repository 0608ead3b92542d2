"""A report to read in a browser: one file without script, in plain words, grouped by resource.

Made for someone who knows the patient rather than the format: first what is wrong and what to do about it, then the
source line, and only then rule, profile and place, for whoever mends it.
"""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from careloom.model.issues import Severity
from careloom.validation.batch.excerpts import printable
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting.explanations import explanation
from careloom.validation.reporting.formats import Page, Told
from careloom.validation.reporting.spool import Spool
from careloom.validation.reporting.tally import SEVERITIES, counted

MOST_FINDINGS = 5_000
"""Findings shown; a page with more would not open in a browser. How many are left out is said."""

_WORDS: dict[Severity, str] = {
    "fatal": "Cannot be read",
    "error": "Must be put right",
    "warning": "Worth a look",
    "information": "For information",
}


class HtmlReporter:
    """Keeps the findings until the sums, which stand before them, are known."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._body = Spool()
        self._shown = 0
        self._left_out = 0

    def take(self, page: Page) -> str:
        """Nothing yet."""
        for judgement in page.judgements:
            self._take(judgement)
        return ""

    def finish(self) -> Iterator[str]:
        """The whole page."""
        yield _HEAD.format(style=files(__package__).joinpath("report.css").read_text("utf-8"))
        yield from self._summary()
        yield from self._body.read()
        if self._left_out:
            yield f'<p class="more">{counted(self._left_out, "further finding")} not shown here; '
            yield "<code>--format ndjson</code> lists them all.</p>\n"
        yield "</main>\n</body>\n</html>\n"

    def _summary(self) -> Iterator[str]:
        tally = self._told.tally
        sound = tally.resources - tally.invalid
        yield f"<p>{counted(tally.resources, 'resource')} checked on {self._told.at:%d %B %Y at %H:%M %Z}: "
        yield f"<strong>{sound:,} in order</strong>, <strong>{tally.invalid:,} with errors</strong>.</p>\n"
        yield '<table>\n<thead><tr><th scope="col">Finding</th><th scope="col">How many</th></tr></thead>\n<tbody>\n'
        for severity in SEVERITIES:
            badge = f'<span class="badge {severity}">{_WORDS[severity]}</span>'
            yield f"<tr><td>{badge}</td><td>{tally.severities[severity]:,}</td></tr>\n"
        if tally.ignored:
            yield f"<tr><td>Known and set aside by the ignore file</td><td>{tally.ignored:,}</td></tr>\n"
        yield "</tbody>\n</table>\n"
        if not any(tally.severities.values()):
            yield "<p>Nothing was found that would need attention.</p>\n"

    def _take(self, judgement: Judgement) -> None:
        if self._shown >= MOST_FINDINGS:
            self._left_out += len(judgement.findings)
            return
        self._shown += len(judgement.findings)
        subjects: dict[str, list[Finding]] = {}
        for finding in judgement.findings:
            subjects.setdefault(finding.subject, []).append(finding)
        for subject, findings in subjects.items():
            self._body.put(_section(judgement, subject, findings))


def _section(judgement: Judgement, subject: str, findings: list[Finding]) -> str:
    place = f"{judgement.file}, line {judgement.line}" if judgement.is_record else judgement.file
    parts = [
        '<section class="resource">\n',
        f"<h2>{_text(subject or 'A text that is not a resource')}</h2>\n",
        f'<p class="place">in {_text(place)}</p>\n<ol>\n',
        *map(_finding, findings),
        "</ol>\n</section>\n",
    ]
    return "".join(parts)


def _finding(finding: Finding) -> str:
    issue = finding.issue
    known = explanation(issue.rule)
    return (
        f'<li class="{issue.severity}">\n<span class="badge {issue.severity}">{_WORDS[issue.severity]}</span>\n'
        f"<h3>{_text(known.title)}</h3>\n<p>{_text(issue.diagnostics)}</p>\n{_source(finding)}"
        f'<p class="fix"><strong>What to do:</strong> {_text(known.fix)}</p>\n'
        f"<dl>{_details(finding)}</dl>\n</li>\n"
    )


def _source(finding: Finding) -> str:
    """The line of the source, with the character at the place marked."""
    if not finding.excerpt:
        return ""
    before, rest = finding.excerpt[: finding.caret], finding.excerpt[finding.caret :]
    marked = f"<mark>{_text(rest[:1]) or ' '}</mark>"
    number = f'<span class="number">{finding.issue.line}</span> '
    return f"<pre>{number}{_text(before)}{marked}{_text(rest[1:])}</pre>\n"


def _details(finding: Finding) -> str:
    issue = finding.issue
    place = f"line {issue.line}, column {issue.column}" if issue.line else ""
    rows = {"Element": issue.expression, "Place": place, "Rule": issue.rule or issue.code, "Profile": issue.profile}
    return "".join(f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in rows.items() if value)


def _text(text: str) -> str:
    return escape(printable(text))


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Validation report</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>Validation report</h1>
"""
