"""The part of the source that a person needs to see, and the name of the resource it is about."""

from collections.abc import Iterable, Iterator
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
    issues: Iterable[Issue], text: str, resource: Resource | None, line_of_source: int = 0
) -> Iterator[Finding]:
    """Issues with their line of the source.

    Args:
        issues: With line and column in the text.
        text: The whole source.
        resource: What could be read of it.
        line_of_source: Where the text is one line of many: which, from 1.
    """
    lines = _LINE_END.split(text) if "\n" in text or "\r" in text else [text]
    for issue in issues:
        line = lines[issue.line - 1] if 0 < issue.line <= len(lines) else ""
        start = max(0, issue.column - 1 - WIDTH // 2) if len(line) > WIDTH else 0
        excerpt = printable(line[start : start + WIDTH])
        placed = issue.at(line_of_source, issue.column) if line_of_source else issue
        yield Finding(placed, subject_at(resource, issue.expression), excerpt, max(issue.column - 1 - start, 0))


def subject_at(resource: Any, expression: str) -> str:
    """The resource that an expression leads into: the entry of a Bundle, else the whole."""
    found = _ENTRY.match(expression)
    entry = _entry(resource, int(found[1])) if found else None
    if found and entry is not None:
        return f"{subject_of(entry) or 'resource'} (entry {int(found[1])})"
    return subject_of(resource)


def subject_of(resource: Any) -> str:
    """``Patient/1``, or ``Patient`` when it has no id; empty when it does not say what it is."""
    name, id = (resource.get("resourceType"), resource.get("id")) if isinstance(resource, dict) else (None, None)
    if not isinstance(name, str):
        return ""
    return printable(f"{name}/{id}" if isinstance(id, str) else name)[:WIDTH]


def printable(text: str) -> str:
    """Text that can neither steer a terminal nor break a file of XML."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def _entry(bundle: Any, index: int) -> Any:
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
    return entry.get("resource") if isinstance(entry, dict) else None
