"""One finding a line, with everything that is known about it: for ``jq``, a log, a table."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from careloom.model import serialize_json
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting.formats import Page, Style, Told


class NdjsonReporter:
    """Writes at once; says nothing of resources with no findings."""

    def __init__(self, told: Told) -> None:
        pass

    def take(self, page: Page) -> str:
        """The lines."""
        return page.text

    def finish(self) -> Iterator[str]:
        """Nothing."""
        return iter(())


def said(judgement: Judgement, style: Style) -> str:
    """A line for each finding."""
    return "".join([_line(judgement.file, finding) for finding in judgement.findings])


def _line(file: str, finding: Finding) -> str:
    issue = finding.issue
    kind = _members(
        ("severity", issue.severity), ("code", issue.code), ("rule", issue.rule), ("profile", issue.profile)
    )
    told = _members(("expression", issue.expression), ("diagnostics", issue.diagnostics))
    place = f'"file":{_text(file)},"line":{issue.line},"column":{issue.column}'
    return f'{{{place},{kind},"subject":{_written(finding.subject)},{told}}}\n'


@lru_cache(maxsize=2_000)
def _members(*members: tuple[str, str]) -> str:
    """Members as an object has them; most lines tell of the same few things in the same few elements."""
    return _written(dict(members))[1:-1]


def _written(value: Any) -> str:
    return serialize_json(value).decode()


_text = lru_cache(maxsize=100)(_written)
