"""One file judged: its text, what could be read of it, and every issue with its line and column."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from careloom.model import Resource, parse_json
from careloom.model.errors import MalformedError
from careloom.model.issues import Issue, has_errors
from careloom.model.json_keys import has_duplicate_keys
from careloom.model.json_source import read_source
from careloom.model.records import dataclass, replace
from careloom.validation.context import Resolve
from careloom.validation.validator import Validator

if TYPE_CHECKING:
    from careloom.model.xml import XmlDocument


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome for one file.

    Attributes:
        file_name: As it was given.
        text: The source text, for showing lines of it.
        resource: What could be read; None when nothing could.
        issues: Faults of the text, then of the content, with places.
    """

    file_name: str
    text: str
    resource: Resource | None
    issues: tuple[Issue, ...]

    @property
    def is_valid(self) -> bool:
        """Whether there is no error."""
        return not has_errors(self.issues)


def validate_text(
    validator: Validator,
    data: bytes,
    *,
    file_name: str,
    profiles: Sequence[str] = (),
    resolve: Resolve | None = None,
    first_line: int = 1,
) -> Report:
    """Judge the text of a file, JSON or XML; whatever it holds, the answer is a report.

    Args:
        validator: By what to judge.
        data: The text.
        file_name: As it is to be told; XML is known by it, or by how the text begins.
        profiles: Canonical URLs that the resource must conform to besides.
        resolve: Gives the resource behind a reference that is not in the document.
        first_line: The number of the first line of the text, where it is a part of the file.

    Raises:
        NotFoundError: One of the given profiles is not in the definitions.
        DefinitionError: One of them is broken.
    """
    if _is_xml(data, file_name):
        return _from_line(first_line, _validate_xml(validator, data, file_name, profiles, resolve))
    try:
        value = parse_json(data)
    except MalformedError:
        value = None
    if not isinstance(value, dict) or has_duplicate_keys(data, value):
        return _from_line(first_line, _validate_faulty(validator, data, file_name, profiles, resolve))
    issues = validator.validate(value, profiles=profiles, resolve=resolve)
    if not issues:
        return Report(file_name, "", value, ())
    from careloom.model.json_places import JsonPlaces  # noqa: PLC0415  (needed where there is something to tell)

    places = JsonPlaces(data, value, first_line)
    return Report(
        file_name, places.text, value, tuple([issue.at(*places.locate(issue.expression)) for issue in issues])
    )


def _from_line(first: int, report: Report) -> Report:
    """A report with the lines counted from another than 1."""
    if first == 1:
        return report
    issues = (issue.at(issue.line + first - 1, issue.column) if issue.line else issue for issue in report.issues)
    return replace(report, issues=tuple(issues))


def _validate_faulty(
    validator: Validator, data: bytes, file_name: str, profiles: Sequence[str], resolve: Resolve | None
) -> Report:
    """The patient way: every fault of the text, and what can be judged in spite of them."""
    source = read_source(data, allow_comments=validator.options.allow_comments)
    issues = list(source.issues)
    value = source.value
    if source.is_complete and not isinstance(value, dict):
        message = "a resource expected, which is a JSON object"
        issues.append(Issue("fatal", "structure", message, rule="json").at(1, 1))
    elif source.is_complete:
        found = validator.validate(value, profiles=profiles, resolve=resolve)
        issues.extend(issue.at(*source.locate(issue.expression)) for issue in found)
    return Report(file_name, source.text, value if isinstance(value, dict) else None, tuple(issues))


def _validate_xml(
    validator: Validator, data: bytes, file_name: str, profiles: Sequence[str], resolve: Resolve | None
) -> Report:
    from careloom.model.xml import read_xml  # noqa: PLC0415  (JSON alone needs none of it)

    text = data.decode("utf-8", "replace")
    bad = _bad_bytes(data)
    try:
        document = read_xml(text.encode() if bad else data, validator.definitions.types)
    except MalformedError as error:
        return Report(file_name, text, None, (*bad, *error.issues))
    found = validator.validate(document.resource, profiles=profiles, resolve=resolve)
    issues = (*bad, *_together(document.issues, found))
    return Report(file_name, text, document.resource, tuple(_placed(issues, document, text)))


def _bad_bytes(data: bytes) -> tuple[Issue, ...]:
    """The first byte that is not UTF-8; reading goes on with a mark in its place."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"the text is not UTF-8: byte 0x{data[error.start]:02X} {error.reason}"
        column = len(before) - before.rfind("\n")
        return (Issue("error", "invalid", message, rule="xml").at(before.count("\n") + 1, column),)
    return ()


def _placed(issues: Iterable[Issue], document: "XmlDocument", text: str) -> Iterator[Issue]:
    """XML gives the line of an element; its column is where the line begins."""
    lines = text.splitlines()
    for issue in issues:
        line = issue.line or document.line(issue.expression)
        indent = len(lines[line - 1]) - len(lines[line - 1].lstrip()) if 0 < line <= len(lines) else 0
        yield issue.at(line, max(issue.column, indent + 1))


def _together(read: Sequence[Issue], found: Sequence[Issue]) -> Iterator[Issue]:
    """What the reader of the text and the validator tell; what both tell, in the words of the one, by the other's line.

    So the issues of XML are those of JSON that says the same, and those that only XML can have.
    """
    told = {(issue.expression, issue.rule) for issue in found}
    noticed = {(issue.expression, issue.rule): issue for issue in read}
    yield from (issue for issue in read if (issue.expression, issue.rule) not in told)
    for issue in found:
        same = noticed.get((issue.expression, issue.rule))
        yield issue.at(same.line, same.column) if same else issue


def _is_xml(data: bytes, file_name: str) -> bool:
    if file_name[-4:].lower() == ".xml":
        return True
    return data[:1] != b"{" and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
