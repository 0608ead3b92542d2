"""SARIF 2.1.0, which code hosts show beside the source lines.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from careloom import __version__
from careloom.model import serialize_json
from careloom.model.issues import Issue, Severity
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting.explanations import explanation
from careloom.validation.reporting.formats import Page, Told
from careloom.validation.reporting.spool import Spool

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Severity, str] = {"fatal": "error", "error": "error", "warning": "warning", "information": "note"}


class SarifReporter:
    """Keeps the results until the rules, which stand before them, are known."""

    def __init__(self, told: Told) -> None:
        self._results = Spool()
        self._rules: dict[str, int] = {}

    def take(self, page: Page) -> str:
        """Nothing yet."""
        for judgement in page.judgements:
            self._take(judgement)
        return ""

    def finish(self) -> Iterator[str]:
        """The whole document, a result a line."""
        driver = {"name": "Careloom", "semanticVersion": __version__, "rules": list(map(_rule, self._rules))}
        yield f'{{"$schema":"{_SCHEMA}","version":"2.1.0","runs":[{{'
        yield f'"tool":{_json({"driver": driver})},"columnKind":"unicodeCodePoints","results":[\n'
        yield from self._results.read()
        yield "\n]}]}\n"

    def _take(self, judgement: Judgement) -> None:
        for finding in judgement.findings:
            rule = finding.issue.rule or finding.issue.code
            separator = ",\n" if self._rules else ""
            index = self._rules.setdefault(rule, len(self._rules))
            self._results.put(separator + _json(_result(judgement.file, finding, rule, index)))


def _rule(key: str) -> dict[str, Any]:
    known = explanation(key)
    return {
        "id": key,
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.meaning},
        "help": {"text": known.fix},
    }


def _result(file: str, finding: Finding, rule: str, index: int) -> dict[str, Any]:
    issue = finding.issue
    properties = {"code": issue.code, "profile": issue.profile, "subject": finding.subject}
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": _LEVELS[issue.severity],
        "message": {"text": issue.diagnostics or rule},
        "locations": [_location(file, finding)],
        "properties": {name: value for name, value in properties.items() if value},
    }


def _location(file: str, finding: Finding) -> dict[str, Any]:
    issue = finding.issue
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if issue.line:
        place["region"] = _region(issue, finding.excerpt)
    location: dict[str, Any] = {"physicalLocation": place}
    if issue.expression:
        location["logicalLocations"] = [{"fullyQualifiedName": issue.expression, "kind": "element"}]
    return location


def _region(issue: Issue, excerpt: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": issue.line, "startColumn": max(issue.column, 1)}
    return region | {"snippet": {"text": excerpt}} if excerpt else region


def _uri(file: str) -> str:
    path = Path(file)
    encoded = quote(path.as_posix(), errors="replace")
    return f"file://{encoded}" if path.is_absolute() else encoded


def _json(value: Any) -> str:
    return serialize_json(value).decode()
