"""A message of HL7 v2 as segments, fields, repetitions, components and subcomponents.

Everything is kept as it came, Z-segments and escapes too; a part is divided when it is asked for, and its escapes are
read then. Fields are counted as the standard counts them, from 1, MSH-1 being the separator itself.

Source: HL7 v2.5.1, chapter 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from careloom.connectors.hl7v2.charset import decoded
from careloom.connectors.hl7v2.delimiters import USUAL, Delimiters, delimiters_of
from careloom.connectors.hl7v2.escapes import unescaped
from careloom.model.errors import MalformedError

NULL: Final = '""'
"""Written where a value is to be removed; nothing written says nothing. Source: HL7 v2.5.1, 2.5.3."""


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field."""

    raw: str
    delimiters: Delimiters = USUAL

    def component(self, number: int, subcomponent: int = 1) -> str:
        """The text of a component's subcomponent, empty where there is none; `NULL` as it stands."""
        parts = self.raw.split(self.delimiters.component)
        if number > len(parts):
            return ""
        part = parts[number - 1]
        if self.delimiters.subcomponent in part:
            divided = part.split(self.delimiters.subcomponent)
            part = divided[subcomponent - 1] if subcomponent <= len(divided) else ""
        elif subcomponent > 1:
            return ""
        return unescaped(part, self.delimiters)

    def part(self, number: int) -> "Value":
        """A component as a value of its own, its subcomponents in the place of components."""
        parts = self.raw.split(self.delimiters.component)
        raw = parts[number - 1] if number <= len(parts) else ""
        return Value(raw.replace(self.delimiters.subcomponent, self.delimiters.component), self.delimiters)

    @property
    def text(self) -> str:
        """The value of a field that has no components, all of it."""
        return unescaped(self.raw, self.delimiters)

    @property
    def is_null(self) -> bool:
        """Whether the value is to be removed."""
        return self.raw == NULL

    def __bool__(self) -> bool:
        return bool(self.raw)


_EMPTY = Value("")


@dataclass(frozen=True, slots=True)
class Segment:
    """One line: a name of three characters and its fields as they came, the first at place 1."""

    name: str
    fields: Sequence[str]
    delimiters: Delimiters = USUAL

    def repetitions(self, field: int) -> list[Value]:
        """The values of a field, without empty ones."""
        raw = self.fields[field] if 0 < field < len(self.fields) else ""
        return [Value(part, self.delimiters) for part in raw.split(self.delimiters.repetition) if part]

    def value(self, field: int) -> Value:
        """The first value of a field, an empty one where there is none."""
        raw = self.fields[field] if 0 < field < len(self.fields) else ""
        if self.delimiters.repetition in raw and not (self.name == "MSH" and field == 2):
            raw = raw.partition(self.delimiters.repetition)[0]
        return Value(raw, self.delimiters) if raw else _EMPTY


@dataclass(frozen=True, slots=True)
class Message:
    """Segments in their order, the first of them MSH."""

    segments: Sequence[Segment]
    delimiters: Delimiters

    def first(self, name: str) -> Segment:
        """The first segment of a name; one without fields where there is none."""
        return next((segment for segment in self.segments if segment.name == name), Segment(name, ()))

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of a name."""
        return (segment for segment in self.segments if segment.name == name)

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def event(self) -> str:
        """``A01``: the second component of MSH-9, or EVN-1 where that is empty."""
        return self.header.value(9).component(2) or self.first("EVN").value(1).text

    @property
    def control_id(self) -> str:
        """MSH-10, which the acknowledgment names."""
        return self.header.value(10).text

    def __str__(self) -> str:
        """The message as it came, each segment ended by a carriage return."""
        return "".join(_line(segment) + "\r" for segment in self.segments)


def parse(data: bytes) -> Message:
    """Divide a message into segments.

    Segments end in a carriage return; a line feed instead of it, or after it, and empty lines are put up with.

    Raises:
        MalformedError: No MSH at the beginning, unusable delimiters or character set, or a line without a name.
    """
    if not data.strip(b"\r\n \t"):
        raise MalformedError("a message beginning with MSH expected, nothing found")
    text = decoded(data)
    if not text.startswith("MSH"):
        raise MalformedError(f"a message beginning with MSH expected, {text[:20]!r} found")
    lines = [line for line in text.replace("\n", "\r").split("\r") if line]
    delimiters = delimiters_of(lines[0])
    return Message([_segment(number, line, delimiters) for number, line in enumerate(lines, 1)], delimiters)


def _segment(number: int, line: str, delimiters: Delimiters) -> Segment:
    name, *fields = line.split(delimiters.field)
    if len(name) != 3 or not (name.isalnum() and name.isascii()):
        raise MalformedError(f"segment {number}: a name of three letters or digits expected, {name[:20]!r} found")
    if name == "MSH":
        fields.insert(0, delimiters.field)
    return Segment(name, [name, *fields], delimiters)


def _line(segment: Segment) -> str:
    fields = segment.fields[2:] if segment.name == "MSH" else segment.fields[1:]
    return segment.delimiters.field.join([segment.name, *fields])
