"""What is said of resources, small enough to travel between processes: the source text stays behind, excerpts come."""

from collections.abc import Iterator
from typing import Literal

from careloom.model.issues import Issue, Severity
from careloom.model.records import dataclass

FailOn = Literal["error", "warning"]

FAILING: dict[FailOn, frozenset[Severity]] = {
    "error": frozenset(["fatal", "error"]),
    "warning": frozenset(["fatal", "error", "warning"]),
}
"""Severities of findings that make a run fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue, with what a person needs to see of the source.

    Attributes:
        issue: Line and column are those of the file.
        subject: The resource it is about, ``Patient/1``, ``Patient/1 (entry 3)``; empty when that cannot be read.
        excerpt: The line of the source, or the part of it around the place; printable; empty when there is no place.
        caret: Offset of the place in the excerpt.
    """

    issue: Issue
    subject: str = ""
    excerpt: str = ""
    caret: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of one resource, or of several in a row with nothing to say about.

    Attributes:
        file: As it was named.
        findings: In the order of the walk.
        subject: ``Patient/1``, ``Patient``; empty when that cannot be read, and for several resources.
        line: Where it begins, from 1; 0 for a file that holds one resource.
        count: Resources that this tells of; other than one only where there is no finding.
        ignored: Findings that the ignore file kept silent.
    """

    file: str
    findings: tuple[Finding, ...] = ()
    subject: str = ""
    line: int = 0
    count: int = 1
    ignored: int = 0

    @property
    def is_record(self) -> bool:
        """Whether it is one line of many rather than a file of its own."""
        return self.line > 0

    @property
    def issues(self) -> Iterator[Issue]:
        """What the findings say."""
        return (finding.issue for finding in self.findings)

    @property
    def is_valid(self) -> bool:
        """Whether there is no error."""
        return not self.fails("error")

    def fails(self, level: FailOn) -> bool:
        """Whether there is a finding of that severity or worse."""
        failing = FAILING[level]
        return any(finding.issue.severity in failing for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of one task.

    Attributes:
        judgements: In the order of the source.
        size: Bytes of the source that it stands for.
        used: Which entries of the ignore file had an effect.
    """

    judgements: tuple[Judgement, ...]
    size: int
    used: frozenset[int] = frozenset()
