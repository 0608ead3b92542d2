"""A message of HL7 v2 as segments, fields, repetitions, components and subcomponents.

Everything is kept as it came, Z-segments and escapes too; a part is divided when it is asked for, and its escapes are
read then. Fields are counted as the standard counts them, from 1, MSH-1 being the separator itself.

Source: HL7 v2.5.1, chapter 2.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from careloom.connectors.hl7v2.charset import decoded
from careloom.connectors.hl7v2.delimiters import USUAL, Delimiters, delimiters_of
from careloom.connectors.hl7v2.escapes import unescaped
from careloom.model.errors import MalformedError
from careloom.model.records import dataclass

NULL: Final = '""'
"""Written where a value is to be removed; nothing written says nothing. Source: HL7 v2.5.1, 2.5.3."""

_BATCH: Final = ("FHS", "BHS")


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field."""

    raw: str
    delimiters: Delimiters = USUAL

    def component(self, number: int, subcomponent: int = 1) -> str:
        """The text of a component's subcomponent; empty where there is none, or `NULL` where one would be."""
        parts = self.raw.split(self.delimiters.component)
        if number > len(parts):
            return ""
        part = parts[number - 1]
        if self.delimiters.subcomponent in part:
            divided = part.split(self.delimiters.subcomponent)
            part = divided[subcomponent - 1] if subcomponent <= len(divided) else ""
        elif subcomponent > 1:
            return ""
        return "" if part == NULL else unescaped(part, self.delimiters)

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

    @property
    def has_null(self) -> bool:
        """Whether the value, or a part of it, is to be removed."""
        return NULL in self.raw

    def __bool__(self) -> bool:
        return bool(self.raw)


_EMPTY = Value("")


def repeated(raw: str, delimiters: Delimiters) -> list[Value]:
    """The values of a field as it came, without empty ones."""
    return [Value(part, delimiters) for part in raw.split(delimiters.repetition) if part]


class Segment:
    """One line, divided into fields when the first of them is asked for.

    Args:
        line: As it came, without its end.
        delimiters: Those of the message.
    """

    __slots__ = ("_fields", "delimiters", "line")

    def __init__(self, line: str, delimiters: Delimiters = USUAL) -> None:
        self.line, self.delimiters = line, delimiters
        self._fields: Sequence[str] | None = None

    @property
    def name(self) -> str:
        """Three characters."""
        return self.line[:3]

    @property
    def fields(self) -> Sequence[str]:
        """The fields as they came, the first at place 1."""
        if self._fields is None:
            name, *fields = self.line.split(self.delimiters.field)
            self._fields = [name, self.delimiters.field, *fields] if name == "MSH" else [name, *fields]
        return self._fields

    def raw(self, field: int) -> str:
        """A field as it came, all its repetitions; empty where there is none."""
        return self.fields[field] if 0 < field < len(self.fields) else ""

    def repetitions(self, field: int) -> list[Value]:
        """The values of a field, without empty ones."""
        return repeated(self.raw(field), self.delimiters)

    def value(self, field: int) -> Value:
        """The first value of a field, an empty one where there is none."""
        raw = self.raw(field)
        if self.delimiters.repetition in raw and not (self.name == "MSH" and field == 2):
            raw = raw.partition(self.delimiters.repetition)[0]
        return Value(raw, self.delimiters) if raw else _EMPTY


class Message:
    """Segments in their order, the first of them MSH.

    Args:
        lines: The segments as they came, without their ends.
        delimiters: What divides their fields.

    Attributes:
        delimiters: As given.
        event: ``A01``: the second component of MSH-9, or EVN-1 where that is empty.
        control_id: MSH-10, which the acknowledgment names.
    """

    __slots__ = ("_first", "_lines", "_read", "control_id", "delimiters", "event")

    def __init__(self, lines: Sequence[str], delimiters: Delimiters) -> None:
        self._lines, self.delimiters = lines, delimiters
        self._first = {line[:3]: line for line in reversed(lines)}
        self._read: dict[str, Segment] = {}
        self.event = self.header.value(9).component(2) or self.first("EVN").value(1).text
        self.control_id = self.header.value(10).text

    @property
    def segments(self) -> list[Segment]:
        """The segments."""
        return [Segment(line, self.delimiters) for line in self._lines]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.first("MSH")

    def line(self, name: str) -> str:
        """The first segment of a name as it came; empty where there is none."""
        return self._first.get(name, "")

    def first(self, name: str) -> Segment:
        """The first segment of a name; one without fields where there is none."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = Segment(self._first.get(name, name), self.delimiters)
        return found

    def __str__(self) -> str:
        """The message as it came, each segment ended by a carriage return."""
        return "".join(line + "\r" for line in self._lines)


def parse(data: bytes) -> Message:
    """Divide a message into segments.

    Segments end in a carriage return; a line feed instead of it, or after it, and empty lines are put up with.

    Raises:
        MalformedError: No MSH at the beginning or a second one, a batch, unusable delimiters or character set, or a
            line without a name.
    """
    if not data.strip(b"\r\n \t"):
        raise MalformedError("a message beginning with MSH expected, nothing found")
    text = decoded(data)
    if text.startswith(_BATCH):
        raise MalformedError(f"a single message beginning with MSH expected, a batch beginning with {text[:3]} found")
    if not text.startswith("MSH"):
        raise MalformedError(f"a message beginning with MSH expected, {text[:20]!r} found")
    lines = [line for line in text.replace("\n", "\r").split("\r") if line]
    delimiters = delimiters_of(lines[0])
    for number, line in enumerate(lines, 1):
        if number > 1 and line.startswith("MSH"):  # whoever took the first alone would lose the second in silence
            raise MalformedError(f"segment {number}: one message in a frame expected, a second MSH found")
        if line[3:4] not in ("", delimiters.field) or not _is_name(line[:3]):
            found = line.partition(delimiters.field)[0][:20]
            raise MalformedError(f"segment {number}: a name of three letters or digits expected, {found!r} found")
    return Message(lines, delimiters)


@lru_cache(maxsize=1_000)
def _is_name(text: str) -> bool:
    return len(text) == 3 and text.isalnum() and text.isascii()
