"""JUnit XML: a file is a test suite, a resource a test case, a finding that makes the run fail a failure.

Source: the schema of the Jenkins xUnit plug-in, which the readers of this format agree on.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from careloom.validation.batch.excerpts import printable
from careloom.validation.batch.judgement import Judgement
from careloom.validation.reporting.formats import Page, Style, Told
from careloom.validation.reporting.spool import Spool
from careloom.validation.reporting.text import as_text

_CASE = "    <testcase "


class JunitReporter:
    """Keeps the cases until the counts, which stand before them, are known."""

    def __init__(self, told: Told) -> None:
        self._suites = Spool()
        self._cases = Spool()
        self._file = ""
        self._counts = [0, 0]
        self._totals = [0, 0]

    def take(self, page: Page) -> str:
        """Nothing yet."""
        if page.file != self._file:
            self._end_suite()
            self._file = page.file
        self._counts[0] += page.text.count(_CASE)  # which is nowhere else, since texts are escaped
        self._counts[1] += page.tally.failing
        self._cases.put(page.text)
        return ""

    def finish(self) -> Iterator[str]:
        """The whole document."""
        self._end_suite()
        tests, failures = self._totals
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield f'<testsuites name="careloom validate" tests="{tests}" failures="{failures}" errors="0">\n'
        yield from self._suites.read()
        yield "</testsuites>\n"

    def _end_suite(self) -> None:
        if not self._file:
            return
        tests, failures = self._counts
        name = _attribute(self._file)
        self._suites.put(f'  <testsuite name={name} tests="{tests}" failures="{failures}" errors="0" skipped="0">\n')
        for piece in self._cases.read():
            self._suites.put(piece)
        self._suites.put("  </testsuite>\n")
        self._totals = [self._totals[0] + tests, self._totals[1] + failures]
        self._cases, self._counts = Spool(), [0, 0]


def said(judgement: Judgement, style: Style) -> str:
    """A case, also for several resources in a row that nothing is to be said of."""
    return _case(judgement, judgement.fails(style.fail_on)) if judgement.count else ""


def _case(judgement: Judgement, fails: bool) -> str:
    opening = f"{_CASE}classname={_attribute(judgement.file)} name={_attribute(_name(judgement))}"
    if not judgement.findings:
        return f"{opening}/>\n"
    worst = next((issue for issue in judgement.issues if issue.is_error), next(iter(judgement.issues)))
    text = escape("\n".join(map(printable, as_text(judgement).splitlines())))
    if not fails:
        return f"{opening}>\n      <system-out>{text}</system-out>\n    </testcase>\n"
    head = f"<failure type={_attribute(worst.rule or worst.code)} message={_attribute(worst.diagnostics)}>"
    return f"{opening}>\n      {head}{text}</failure>\n    </testcase>\n"


def _name(judgement: Judgement) -> str:
    """What a case is called: the resource, with its line among many; a run of sound ones by its first line."""
    if judgement.count > 1:
        return f"line {judgement.line} and on: {judgement.count} valid resources"
    if not judgement.is_record:
        return judgement.subject or "resource"
    return f"line {judgement.line}: {judgement.subject or 'resource'}"


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
