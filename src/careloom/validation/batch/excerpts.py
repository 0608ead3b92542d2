"""The part of the source that a person needs to see, and the name of the resource it is about."""

from collections.abc import Iterable, Sequence
from typing import Any

from careloom.model import Resource
from careloom.model.issues import Issue
from careloom.model.late import late_pattern
from careloom.validation.batch.judgement import Finding

WIDTH = 110
"""Characters of a source line that are shown around a place."""

_LINE_END = late_pattern(r"\r\n|\r|\n")
_ENTRY = late_pattern(r"Bundle\.entry\[(\d+)\]\.resource")


def findings_of(
    issues: Iterable[Issue], text: str, resource: Resource | None, subject: str, line: int = 0
) -> tuple[Finding, ...]:
    """Issues with their line of the source.

    Args:
        issues: With line and column; lines are counted from that of the text, or from 1.
        text: The whole source.
        resource: What could be read of it.
        subject: What it is called as a whole.
        line: Where the text is one line of many, which; that is told for all issues, though a text may have what looks
            like the end of a line within.
    """
    lines = _LINE_END.split(text) if "\n" in text or "\r" in text else (text,)
    return tuple([_finding(issue, lines, _subject_at(resource, issue.expression, subject), line) for issue in issues])


def _finding(issue: Issue, lines: Sequence[str], subject: str, line: int) -> Finding:
    number, offset = issue.line - (line or 1), issue.column - 1
    source = lines[number] if 0 <= number < len(lines) else ""
    start = max(0, offset - WIDTH // 2) if len(source) > WIDTH else 0
    excerpt = printable(source[start : start + WIDTH])
    placed = issue.at(line, issue.column) if line and issue.line != line else issue
    return Finding(placed, subject, excerpt, max(offset - start, 0))


def subject_of(resource: Any) -> str:
    """``Patient/1``, or ``Patient`` when it has no id; empty when it does not say what it is."""
    name, id = (resource.get("resourceType"), resource.get("id")) if isinstance(resource, dict) else (None, None)
    if not isinstance(name, str):
        return ""
    return printable(f"{name}/{id}" if isinstance(id, str) else name)[:WIDTH]


def printable(text: str) -> str:
    """Text that can neither steer a terminal nor break a file of XML."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _subject_at(resource: Any, expression: str, subject: str) -> str:
    """The resource that an expression leads into: the entry of a Bundle, else the whole."""
    found = _ENTRY.match(expression) if expression.startswith("Bundle.") else None
    entry = _entry(resource, int(found[1])) if found else None
    return f"{subject_of(entry) or 'resource'} (entry {int(found[1])})" if found and entry is not None else subject


def _entry(bundle: Any, index: int) -> Any:
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
    return entry.get("resource") if isinstance(entry, dict) else None
