"""Where values stand in a text of JSON that is known to be sound, found by reading no more than what stands before.

`careloom.model.json_source` reads a text with patience and keeps every place. To place one issue of a sound text that
is forty times too much work: here the members before the one in question are skipped at the speed of the standard
library's scanner, level by level, along the way that `json_source.way_to` finds in the parsed value.
"""

from json import JSONDecoder, decoder
from typing import Any

from careloom.model.json_source import Path, line_and_column, way_to
from careloom.model.late import late_pattern

_GAP = late_pattern(r"[ \t\r\n]*")
_scanner: Any = JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)  # of which stubs know too little
_skip = _scanner.scan_once
_string = vars(decoder)["scanstring"]


class JsonPlaces:
    """The places of a sound text.

    Attributes:
        text: The source text, decoded; without byte order mark.
    """

    def __init__(self, data: bytes, value: Any) -> None:
        self.text = data.decode("utf-8-sig")
        self._value = value

    def locate(self, expression: str) -> tuple[int, int]:
        """Line and column, both from 1, of the value an expression names, or of the nearest thing above it."""
        return line_and_column(self.text, offset_of(self.text, way_to(self._value, expression)))


def offset_of(text: str, way: Path) -> int:
    """The offset of the value at the end of a way of keys and indexes that the text has."""
    offset = _after_gap(text, 0)
    for step in way:
        offset = _of_index(text, offset, step) if isinstance(step, int) else _of_key(text, offset, step)
    return offset


def _of_key(text: str, offset: int, key: str) -> int:
    """The offset of a member of the object that begins here."""
    while True:
        name, end = _string(text, _after_gap(text, offset + 1) + 1, True)
        offset = _after_gap(text, _after_gap(text, end) + 1)
        if name == key:
            return offset
        offset = _after_gap(text, _skip(text, offset)[1])


def _of_index(text: str, offset: int, index: int) -> int:
    """The offset of an item of the array that begins here."""
    offset = _after_gap(text, offset + 1)
    for _ in range(index):
        offset = _after_gap(text, _after_gap(text, _skip(text, offset)[1]) + 1)
    return offset


def _after_gap(text: str, offset: int) -> int:
    """The offset of what comes next that is no white space."""
    return offset if text[offset : offset + 1] > " " else _GAP.match(text, offset).end()  # type: ignore[union-attr]
