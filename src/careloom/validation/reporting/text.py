"""Text for people: a line a file, below it each finding with its line of the source and a caret.

Of a file of many resources only those with findings are told, and at its end how many there were.
"""

from collections.abc import Iterator

from careloom.model.issues import Issue
from careloom.validation.batch.excerpts import printable
from careloom.validation.batch.judgement import Finding, Judgement
from careloom.validation.reporting.formats import Page, Style, Told
from careloom.validation.reporting.tally import Tally, counted


class TextReporter:
    """Writes at once; the tallies of the file at hand are all it keeps."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._files = 0
        self._invalid_files = 0
        self._records = ""
        self._tally = Tally()

    def take(self, page: Page) -> str:
        """The lines about the resources of a page, after those that end the file before."""
        before = ""
        if not page.has_records:
            before = self._end_of_file()
            self._count_file(not page.tally.invalid)
        elif page.file != self._records:
            before = self._end_of_file()
            self._records, self._tally = page.file, Tally()
        self._tally.merge(page.tally)
        return before + page.text

    def finish(self) -> Iterator[str]:
        """The end of the last file, and of the run when there was more than one or only the sum is wanted."""
        yield self._end_of_file()
        if self._told.summary_only:
            yield from _summary(self._told.tally, self._files)
        elif self._files > 1:
            yield _total(self._told.tally, self._files, self._invalid_files)

    def _end_of_file(self) -> str:
        if not self._records:
            return ""
        name, tally, self._records = self._records, self._tally, ""
        self._count_file(not tally.invalid)
        if self._told.summary_only:
            return ""
        sound = "all valid" if tally.resources and not tally.invalid else f"{tally.invalid:,} not valid"
        return f"{printable(name)}: {counted(tally.resources, 'resource')}, {sound}{_in_brackets(tally)}\n"

    def _count_file(self, is_valid: bool) -> None:
        self._files += 1
        self._invalid_files += not is_valid


def said(judgement: Judgement, style: Style) -> str:
    """The lines about a resource, unless it is one of many and sound."""
    if style.summary_only or (judgement.is_record and not judgement.findings):
        return ""
    return as_text(judgement)


def as_text(judgement: Judgement) -> str:
    """A judgement for people: a line with the verdict, then each finding."""
    tally = Tally()
    tally.add(judgement)
    place = f"{judgement.file}:{judgement.line}" if judgement.is_record else judgement.file
    verdict = "not valid" if tally.invalid else "valid"
    lines = [f"{printable(place)}: {verdict}{_in_brackets(tally)}"]
    for finding in judgement.findings:
        issue = finding.issue
        lines.append(f"  {issue.severity}: {printable(issue.diagnostics)}{_rule(issue)}")
        if finding.excerpt:
            lines.extend(_excerpt(judgement.file, finding))
    return "\n".join(lines) + "\n"


def _in_brackets(tally: Tally) -> str:
    return f" ({tally.verdict})" if tally.verdict else ""


def _rule(issue: Issue) -> str:
    told = [printable(part) for part in (issue.rule, issue.profile) if part]
    return f"  [{', '.join(told)}]" if told else ""


def _excerpt(file: str, finding: Finding) -> list[str]:
    """The place, the line of the source around it, and a caret under it."""
    number = str(finding.issue.line)
    margin = " " * len(number)
    return [
        f"    {margin}--> {printable(file)}:{number}:{finding.issue.column}",
        f"    {number} | {finding.excerpt}",
        f"    {margin} | {' ' * finding.caret}^",
    ]


def _total(tally: Tally, files: int, invalid: int) -> str:
    verdict = f"{invalid:,} not valid" if invalid else "all valid"
    return f"{counted(files, 'file')}: {verdict}{_in_brackets(tally)}\n"


def _summary(tally: Tally, files: int) -> Iterator[str]:
    """The sums, and the rules with the most errors first."""
    sound = tally.resources - tally.invalid
    yield f"{counted(files, 'file')}, {counted(tally.resources, 'resource')}: "
    yield f"{sound:,} valid, {tally.invalid:,} not valid{_in_brackets(tally)}\n"
    if not tally.rules:
        return
    width = max(map(len, tally.rules))
    yield f"\n  {'errors':>9}  {'others':>9}  {'rule':<{width}}  first at\n"
    for rule, count in sorted(tally.rules.items(), key=lambda item: (-item[1].errors, -item[1].others, item[0])):
        yield f"  {count.errors:>9,}  {count.others:>9,}  {printable(rule):<{width}}  {printable(count.first)}\n"
