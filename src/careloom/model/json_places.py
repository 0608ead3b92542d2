"""Where values stand in a text of JSON that is known to be sound, found by reading no more than what stands before.

`careloom.model.json_source` reads a text with patience and keeps every place. To place one issue of a sound text that
is forty times too much work: here the way that `json_way.way_to` finds in the parsed value is followed to its last
key by counting the ends of keys before it (`careloom.model.json_keys`), whatever the layout. Where they cannot be
counted, and in arrays, what comes before is skipped at the speed of the standard library's scanner.
"""

from bisect import bisect_right
from json import JSONDecoder, decoder
from typing import Any

from careloom.model.json import BOM
from careloom.model.json_keys import KEY_END, can_be_counted, text_before
from careloom.model.json_source import line_starts
from careloom.model.json_way import Path, way_to
from careloom.model.late import late_pattern

LONG = 100
"""Items of an array whose places are kept, lest the last of a large Bundle be found by way of all others each time."""

LARGE = 1 << 16
"""Characters of a text from which on its long arrays are gone through item by item."""

_GAP = late_pattern(r"[ \t\r\n]*")
_scanner: Any = JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)  # of which stubs know too little
_skip = _scanner.scan_once
_string = vars(decoder)["scanstring"]


class JsonPlaces:
    """The places of a sound text.

    Attributes:
        text: The source text, decoded; without byte order mark.
    """

    def __init__(self, data: bytes, value: Any, first_line: int = 1) -> None:
        """The places of a text.

        Args:
            data: The text, UTF-8 with or without byte order mark.
            value: What it says.
            first_line: The number of its first line.
        """
        self.text = data.removeprefix(BOM).decode()
        self._data = data
        self._value = value
        self._is_compact = len(self.text) < LARGE
        self._is_counted: bool | None = None
        self._arrays: dict[Path, list[int]] = {}
        self._lines: tuple[int, ...] = ()
        self._lines_before = first_line - 1

    def locate(self, expression: str) -> tuple[int, int]:
        """Line, and column from 1, of the value an expression names, or of the nearest thing above it."""
        way = way_to(self._value, expression)
        offset = self._offset_in_compact(way) if self._is_compact else 0
        offset = offset or self._offset(way)
        if not self._lines:
            self._lines = line_starts(self.text)
        line = bisect_right(self._lines, offset)
        return line + self._lines_before, offset - self._lines[line - 1] + 1

    def _offset_in_compact(self, way: Path) -> int:
        """The offset of what a way leads to, in a text laid out as the fast writer does it; 0 where it is not."""
        before = text_before(self._value, way)
        if before is None or not self.text.startswith(before):
            self._is_compact = False
            return 0
        return _after_gap(self.text, len(before))

    def _offset(self, way: Path) -> int:
        """The offset of what a way leads to: from item to item of long arrays, and in the last of them by its text."""
        value = node = self._value
        start, text, done = 0, self.text, 0
        for depth, step in enumerate(way):
            if step.__class__ is int and len(node) > LONG:
                items = self._items(way[:depth], len(node))
                start, text, done, value = items[step], self.text[items[step] : items[step + 1]], depth + 1, node[step]
            node = node[step]
        return start + self._within(text, value, way[done:])

    def _items(self, way: Path, count: int) -> list[int]:
        """The offsets of the items of a long array, and of what follows it."""
        items = self._arrays.get(way)
        if items is None:
            items = self._arrays[way] = _items_of(self.text, self._offset(way), count)
        return items

    def _within(self, text: str, value: Any, way: Path) -> int:
        """The offset in the text of a value of what a way leads to, its last key found by counting."""
        last = len(way)
        while last and way[last - 1].__class__ is int:
            last -= 1
        before = text_before(value, way[:last]) if last else None
        if before is None:
            return _follow(text, 0, way)
        if text.startswith(before):
            return _follow(text, len(before), way[last:])
        if not self._can_be_counted():
            return _follow(text, 0, way)
        ends = before.count(KEY_END)
        rest = text.split(KEY_END, ends)[ends]
        return _follow(text, len(text) - len(rest), way[last:])

    def _can_be_counted(self) -> bool:
        if self._is_counted is None:
            self._is_counted = can_be_counted(self._data)
        return self._is_counted


def _follow(text: str, offset: int, way: Path) -> int:
    """The offset of what a way leads to from the value that begins at an offset, or after a gap from there."""
    offset = _after_gap(text, offset)
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
    return _items_of(text, offset, index)[index]


def _items_of(text: str, offset: int, count: int) -> list[int]:
    """The offsets of the first items of the array that begins here, and of what follows them."""
    items = [_after_gap(text, offset + 1)]
    for _ in range(count):
        items.append(_after_gap(text, _after_gap(text, _skip(text, items[-1])[1]) + 1))
    return items


def _after_gap(text: str, offset: int) -> int:
    """The offset of what comes next that is no white space."""
    return offset if text[offset : offset + 1] > " " else _GAP.match(text, offset).end()  # type: ignore[union-attr]
