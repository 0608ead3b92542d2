"""Counts over a run: files, resources, findings by severity and by rule."""

from careloom.model.issues import Severity
from careloom.model.records import dataclass, field
from careloom.validation.batch.judgement import FAILING, FailOn, Judgement

SEVERITIES: tuple[Severity, ...] = ("fatal", "error", "warning", "information")


@dataclass(slots=True)
class RuleCount:
    """How often one rule was broken, and where first."""

    first: str
    errors: int = 0
    others: int = 0


@dataclass(slots=True)
class Tally:
    """The counts; grows with every judgement.

    Attributes:
        resources: Resources judged.
        invalid: Those with an error.
        failing: Those with a finding that makes the run fail, by the level it was made with.
        ignored: Findings kept silent by the ignore file.
        severities: Findings by severity.
        rules: Findings by rule.
    """

    fail_on: FailOn = "error"
    resources: int = 0
    invalid: int = 0
    failing: int = 0
    ignored: int = 0
    severities: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(SEVERITIES, 0))
    rules: dict[str, RuleCount] = field(default_factory=dict)

    def add(self, judgement: Judgement) -> None:
        """Count a judgement."""
        self.resources += judgement.count
        self.ignored += judgement.ignored
        if not judgement.findings:
            return
        self.invalid += judgement.fails("error")
        self.failing += judgement.fails(self.fail_on)
        for finding in judgement.findings:
            issue = finding.issue
            self.severities[issue.severity] += 1
            rule = issue.rule or issue.code
            count = self.rules.get(rule)
            if count is None:
                place = f"{judgement.file}:{issue.line}" if issue.line else judgement.file
                count = self.rules[rule] = RuleCount(place)
            if issue.severity in FAILING["error"]:
                count.errors += 1
            else:
                count.others += 1

    def merge(self, later: "Tally") -> None:
        """Add the counts of what was judged after."""
        self.resources += later.resources
        self.invalid += later.invalid
        self.failing += later.failing
        self.ignored += later.ignored
        for severity, number in later.severities.items():
            self.severities[severity] += number
        for rule, count in later.rules.items():
            known = self.rules.setdefault(rule, RuleCount(count.first))
            known.errors += count.errors
            known.others += count.others

    @property
    def verdict(self) -> str:
        """The counts of findings as words, ``2 errors, 1 warning``; empty when there are none."""
        told = [counted(count, severity) for severity, count in self.severities.items() if count]
        return ", ".join([*told, f"{self.ignored:,} ignored"] if self.ignored else told)


def counted(count: int, noun: str) -> str:
    """A number with its noun; what cannot be counted stays as it is."""
    plural = noun if count == 1 or noun in ("fatal", "information") else f"{noun}s"
    return f"{count:,} {plural}"
