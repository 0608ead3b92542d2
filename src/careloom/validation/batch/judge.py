"""One task judged, in whatever process: the function that every engine runs."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from careloom.model.errors import CareloomError, NotFoundError
from careloom.model.issues import Issue
from careloom.model.records import replace
from careloom.terminology.formal.known_units import KNOWN_UNITS
from careloom.validation.batch.excerpts import findings_of, subject_of
from careloom.validation.batch.ignoring import cover
from careloom.validation.batch.judgement import Batch, Judgement
from careloom.validation.batch.question import Question
from careloom.validation.batch.sources import unpacked, unpacking_errors
from careloom.validation.batch.tasks import Block, Document, Range, Task, lines_in, lines_of
from careloom.validation.report import Report, validate_text


class Judge:
    """Answers one question for many resources.

    Raises:
        CareloomError: As `Question.validator` says, when it is made.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._validator = question.validator()
        self._resolve = question.resolve(self._validator.definitions)
        self._used: set[int] = set()

    def judge(self, task: Task) -> Batch:
        """What is to be said about a task, whatever it holds.

        Raises:
            NotFoundError: A file is not there any more, or may not be read.
        """
        self._used = set()
        judgements = self._document(task) if isinstance(task, Document) else self._records(task)
        return Batch(tuple(judgements), task.size, frozenset(self._used))

    def keep(self) -> None:
        """Keep what was read and found out for the next run; to be called when the work is done."""
        self._validator.definitions.keep()
        KNOWN_UNITS.keep()

    def _document(self, task: Document) -> list[Judgement]:
        data = _content(task)
        if isinstance(data, Issue):
            return [self._told(Report(task.name, "", None, (data,)))]
        return [self._told(self._report(data, task.name))]

    def _records(self, task: Range | Block) -> list[Judgement]:
        lines, first = _lines(task), task.before + 1
        numbered = enumerate(lines, first)
        told = _gathered(self._record(task.name, data, number) for number, data in numbered if data.strip())
        if isinstance(task, Block) and task.damage:
            issue = Issue("fatal", "incomplete", task.damage, rule="packing")
            told.append(self._told(Report(task.name, "", None, (issue,)), task.before + max(len(lines), 1)))
        return told or [Judgement(task.name, line=first, count=0)]

    def _record(self, name: str, data: bytes, line: int) -> Judgement:
        return self._told(self._report(data, name, line), line)

    def _report(self, data: bytes, name: str, first_line: int = 1) -> Report:
        """The report of a text; a failure of ours is a finding in it, lest one resource end the judging of the rest."""
        question = self._question
        try:
            return validate_text(
                self._validator,
                data,
                file_name=name,
                profiles=question.profiles,
                resolve=self._resolve,
                first_line=first_line,
            )
        except CareloomError:
            raise
        except Exception as error:  # told, not swallowed: the finding is fatal and names the failure
            message = f"the validator failed on this resource, which is a defect of Careloom: {error!r}"
            issue = Issue("fatal", "exception", message, rule="internal")
            return Report(name, data.decode("utf-8", "replace"), None, (issue,))

    def _told(self, report: Report, line: int = 0) -> Judgement:
        issues: Sequence[Issue] = report.issues
        if not issues:
            return Judgement(report.file_name, subject="" if line else subject_of(report.resource), line=line)
        if self._question.ignored:
            issues = self._not_ignored(issues)
        subject = subject_of(report.resource)
        findings = findings_of(issues, report.text, report.resource, subject, line)
        return Judgement(report.file_name, findings, subject, line, ignored=len(report.issues) - len(issues))

    def _not_ignored(self, issues: Sequence[Issue]) -> list[Issue]:
        kept = []
        for issue in issues:
            entry = cover(self._question.ignored, issue)
            if entry is None:
                kept.append(issue)
            else:
                self._used.add(entry.number)
        return kept


def _content(task: Document) -> bytes | Issue:
    """The bytes of a document, or what is wrong with the way they are packed."""
    if task.path is None:
        return task.data
    try:
        stored = task.path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{task.name}: {error.strerror or error}") from error
    if not task.compression:
        return stored
    try:
        return unpacked(BytesIO(stored), task.compression).read()
    except unpacking_errors() as error:
        return Issue("fatal", "incomplete", f"the packed data is damaged: {error}", rule="packing")


def _lines(task: Range | Block) -> list[bytes]:
    if isinstance(task, Block):
        return lines_of(task.data)
    try:
        return lines_in(task)
    except OSError as error:
        raise NotFoundError(f"{task.name}: {error.strerror or error}") from error


def _gathered(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Neighbours with nothing to say made one."""
    gathered: list[Judgement] = []
    for judgement in judgements:
        last = gathered[-1] if gathered else None
        if last and _is_silent(last) and _is_silent(judgement):
            gathered[-1] = replace(last, count=last.count + 1)
        else:
            gathered.append(judgement)
    return gathered


def _is_silent(judgement: Judgement) -> bool:
    return not judgement.findings and not judgement.ignored
