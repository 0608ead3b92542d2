"""One finding a line, with everything that is known about it: for ``jq``, a log, a table."""

from collections.abc import Iterator

from careloom.model import serialize_json
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting.formats import Told


class NdjsonReporter:
    """Writes at once; says nothing of resources with no findings."""

    def __init__(self, told: Told) -> None:
        pass

    def take(self, judgement: Judgement) -> str:
        """A line for each finding."""
        return "".join(_line(judgement.file, finding) for finding in judgement.findings)

    def finish(self) -> Iterator[str]:
        """Nothing."""
        return iter(())


def _line(file: str, finding: Finding) -> str:
    issue = finding.issue
    told = {
        "file": file,
        "line": issue.line,
        "column": issue.column,
        "severity": issue.severity,
        "code": issue.code,
        "rule": issue.rule,
        "profile": issue.profile,
        "subject": finding.subject,
        "expression": issue.expression,
        "diagnostics": issue.diagnostics,
    }
    return serialize_json(told).decode() + "\n"
