"""A report as a page shows it: the source with its issues on their lines, and the issues with what explains them."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from careloom.definitions import Definitions
from careloom.model.issues import Issue, Severity
from careloom.model.records import dataclass
from careloom.validation import Report
from careloom.validation.reporting.explanations import Explanation, explanation
from careloom.web.elements import ElementView, element
from careloom.web.mark import Mark

MOST_ISSUES = 200
"""Issues shown; who has more has one cause for most of them."""

MOST_LINES = 2_000
"""Lines of a source that is shown whole; of a longer one, those around its issues are."""

_AROUND = 6
"""Lines shown on either side of an issue in a long source."""

_LONGEST_LINE = 4_000
_LONGEST_MESSAGE = 1_000
"""Characters that are shown of a line, and of what is said of it."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<[^\s<>]+|[^\s,\[\]{}<>]+|\S')
_MARKS: Mapping[Severity, Mark] = {
    "fatal": Mark("red", "✗", "Fatal"),
    "error": Mark("red", "✗", "Error"),
    "warning": Mark("yellow", "▲", "Warning"),
    "information": Mark("blue", "●", "Information"),
}


@dataclass(frozen=True, slots=True)
class IssueView:
    """An issue with what explains it.

    Attributes:
        number: As the page counts it, from 1, in the order of the source.
        explained: What its rule asks for; None for an issue without a rule.
        element: The element's definition, where it has one.
    """

    number: int
    issue: Issue
    mark: Mark
    message: str
    expression: str
    rule: str
    profile: str
    explained: Explanation | None
    element: ElementView | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line; one that an issue is about is marked."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the source."""

    number: int
    pieces: tuple[Piece, ...]
    issues: tuple[IssueView, ...]

    @property
    def colour(self) -> str:
        """That of the worst issue on it; empty without any."""
        found = {view.mark.colour for view in self.issues}
        return next((colour for colour in ("red", "yellow", "blue") if colour in found), "")


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines that are not shown, first and last."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is shown of a report.

    Attributes:
        mark: The verdict.
        issues: The first `MOST_ISSUES`.
        left_out: How many more there are.
        rows: The source, or what is shown of it.
    """

    mark: Mark
    issues: tuple[IssueView, ...]
    left_out: int
    rows: tuple[Line | Gap, ...]


def sheet(report: Report, text: str, definitions: Definitions) -> Sheet:
    """Lay a report out.

    Args:
        report: The outcome.
        text: The source.
        definitions: Those it was judged by, for what they say of elements.
    """
    told = sorted(report.issues, key=lambda issue: (issue.line, issue.column))
    views = tuple(_view(number, issue, report, definitions) for number, issue in enumerate(told[:MOST_ISSUES], 1))
    return Sheet(verdict(report.issues), views, len(told) - len(views), tuple(_rows(text, views)))


def verdict(issues: Sequence[Issue]) -> Mark:
    """What to say of all of it in a few words."""
    errors = sum(issue.is_error for issue in issues)
    warnings = sum(issue.severity == "warning" for issue in issues)
    remarks = counted(warnings, "warning")
    if errors:
        return Mark("red", "✗", f"Not valid: {counted(errors, 'error')}" + (f", {remarks}" if warnings else ""))
    return Mark("yellow", "▲", f"Valid, with {remarks}") if warnings else Mark("green", "✓", "Valid")


def counted(number: int, thing: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def shown(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Text of strangers, cut, and without what could steer its display, such as marks that turn the writing round."""
    text = text if len(text) <= longest else f"{text[:longest]}…"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}" for each in text)


def _view(number: int, issue: Issue, report: Report, definitions: Definitions) -> IssueView:
    about = None
    if report.resource is not None and issue.expression:
        about = element(report.resource, issue.expression, definitions, profile=issue.profile, rule=issue.rule)
    return IssueView(
        number=number,
        issue=issue,
        mark=_MARKS[issue.severity],
        message=shown(issue.diagnostics.removeprefix(f"{issue.expression}: ")),
        expression=shown(issue.expression),
        rule=shown(issue.rule),
        profile=shown(issue.profile),
        explained=explanation(issue.rule) if issue.rule else None,
        element=about,
    )


def _rows(text: str, views: Iterable[IssueView]) -> Iterator[Line | Gap]:
    lines = _LINE_END.split(text)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()  # what ends with a line end has no further line
    by_line: defaultdict[int, list[IssueView]] = defaultdict(list)
    for view in views:
        by_line[view.issue.line].append(view)
    before = 0
    for number in _numbers(len(lines), sorted(by_line)):
        if number > before + 1:
            yield Gap(before + 1, number - 1)
        yield _line(number, lines[number - 1], by_line.get(number, ()))
        before = number
    if before < len(lines):
        yield Gap(before + 1, len(lines))


def _numbers(count: int, wanted: Sequence[int]) -> Iterator[int]:
    """The lines to show."""
    if count <= MOST_LINES:
        yield from range(1, count + 1)
        return
    around = sorted({1, *wanted})
    for number in range(1, count + 1):
        at = bisect_right(around, number + _AROUND)
        if at and around[at - 1] >= number - _AROUND:
            yield number


def _line(number: int, text: str, views: Sequence[IssueView]) -> Line:
    text = shown(text, _LONGEST_LINE)
    columns = sorted({view.issue.column - 1 for view in views if 0 < view.issue.column <= len(text)})
    return Line(number, tuple(_pieces(text, columns)), tuple(views))


def _pieces(text: str, columns: Iterable[int]) -> Iterator[Piece]:
    """The line, with the word at each column marked; columns are told from 0."""
    end = 0
    for column in columns:
        found = _TOKEN.match(text, column)
        if found and column >= end:
            if column > end:
                yield Piece(text[end:column])
            yield Piece(found[0], is_marked=True)
            end = found.end()
    if end < len(text):
        yield Piece(text[end:])
