"""JSON text with the places of its values and the faults of its syntax.

Places are kept beside each container, by its identity, as one offset a member; an expression is turned into a place by
walking the value again, and only when an issue asks.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from careloom.model.issues import Issue
from careloom.model.json_reader import PatientReader, Places
from careloom.model.json_way import Path, way_to
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class JsonSource:
    """What a JSON text says, and where it says it.

    Attributes:
        text: The source text, decoded; without byte order mark.
        value: Plain values as `careloom.model.json.parse_json` gives them; None when nothing could be read.
        issues: Faults of the text, in order of their place, with line and column.
        is_complete: Whether the text was read to its end; the value is partial otherwise.
    """

    text: str
    value: Any
    issues: tuple[Issue, ...]
    is_complete: bool
    _places: Mapping[int, Places]
    _root: int
    _lines: tuple[int, ...]

    def locate(self, expression: str) -> tuple[int, int]:
        """Line and column, both from 1, of the value an expression names, or of the nearest thing above it."""
        return self._position(self._offset(expression))

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _offset(self, expression: str) -> int:
        offset, value = self._root, self.value
        for step in way_to(self.value, expression):
            offset, value = self._places.get(id(value), {}).get(step, offset), value[step]
        return offset

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def read_source(data: bytes, *, allow_comments: bool = False) -> JsonSource:
    """Read JSON text with the places of its values and the faults of its syntax; never raises.

    Args:
        data: The text, UTF-8 with or without byte order mark.
        allow_comments: Take ``//`` and ``/* */`` for granted instead of reporting them.
    """
    text = data.decode("utf-8-sig", "replace")
    reader = PatientReader(text, allow_comments)
    if "\ufffd" in text:
        reader.note_bad_bytes(data)
    reader.read()
    lines = line_starts(text)
    name = reader.root.get("resourceType") if isinstance(reader.root, dict) else None
    source = JsonSource(text, reader.root, (), reader.is_complete, reader.places, reader.root_offset, lines)
    issues = tuple(
        Issue("error", "invalid", fault, _expression(name if isinstance(name, str) else "", path), rule="json").at(
            *source._position(offset)
        )
        for offset, path, fault in sorted(reader.faults, key=lambda fault: fault[0])
    )
    return JsonSource(text, reader.root, issues, reader.is_complete, reader.places, reader.root_offset, lines)


def line_starts(text: str) -> tuple[int, ...]:
    """The offsets at which the lines of a text begin."""
    if "\n" not in text and "\r" not in text:
        return (0,)
    return (0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text)))


def _expression(root: str, path: Path) -> str:
    text = root
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
