"""JSON that can be understood in one way only: no duplicate keys, no depth beyond what is read, no NUL.

A reader that takes the last of two equal keys and a reader that takes the first see different records, so a text with
duplicate keys is refused. Decoders do not report them. But where one is dropped, so is its colon: the value, written
again, has fewer colons than the text it was read from. And where no more brackets are opened than levels are allowed,
there can be no more levels. Both are told by counting in bytes, which nearly all there is passes at a tenth of the
cost of a walk through the value; what does not is walked through.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from careloom.model.errors import MalformedError

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"\s*+(:?)', re.DOTALL)
_CONTAINERS = frozenset({dict, list})
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ESCAPED_COLON = rb"\u003"
"""How one begins, as do some others."""

_SHORT = 100
"""Bytes below which entries of a bundle are not worth being looked at one by one."""


def require_plain(value: Any, data: bytes, levels: int) -> None:
    """Refuse JSON that could be understood in two ways.

    Args:
        value: As it was decoded.
        data: The text.
        levels: Of objects and arrays that are read.

    Raises:
        MalformedError: Nested too deeply, with duplicate keys or with NUL characters.
    """
    is_escaped = b"\\" in data  # seldom, and what follows takes its time where there is nothing to find
    if (is_escaped and _ESCAPED_COLON in data) or not _is_evidently_plain(value, data, levels):
        require_depth(value, levels)
        if _keys(value) != sum(1 for found in _STRING.finditer(data) if found[1]):
            raise MalformedError(f"duplicate keys in one object: {', '.join(_duplicates(data))}")
    if is_escaped and rb"\u0000" in data and _NUL_ESCAPE.search(data):
        raise MalformedError("a text holds the character NUL (\\u0000), which FHIR does not allow")


def require_depth(value: Any, levels: int) -> None:
    """Refuse what has more levels of objects and arrays.

    Raises:
        MalformedError: It does.
    """
    depth = sum(1 for _ in _levels(value))
    if depth > levels:
        raise MalformedError(f"the body is nested {depth} levels deep, at most {levels} are read")


def _is_evidently_plain(value: Any, data: bytes, levels: int) -> bool:
    """Whether counting alone tells that a value has every key of its text, and not too many levels."""
    colons = 0
    try:
        for part, allowed in _parts(value, levels, len(data)):
            text = orjson.dumps(part, default=bool)  # of decimals, whose digits do not count here
            if text.count(b"{") + text.count(b"[") > allowed and sum(1 for _ in _levels(part)) > allowed:
                return False
            colons += text.count(b":")
    except TypeError:  # integers of more than 64 bits, and too many levels for the writer
        return False
    return colons == data.count(b":")


def _parts(value: Any, levels: int, size: int) -> Iterator[tuple[Any, int]]:
    """A value, or the entries of a bundle and what it is without them, each with the levels that it may have."""
    entries = value.get("entry") if value.__class__ is dict else None
    if entries.__class__ is list and len(entries) * _SHORT < size:
        yield {**value, "entry": []}, levels
        for entry in entries:
            yield entry, levels - 2
    else:
        yield value, levels


def _levels(value: Any) -> Iterator[list[Any]]:
    """The objects and arrays of a decoded value, level by level."""
    level: list[Any] = [value] if value.__class__ in _CONTAINERS else []
    while level:
        yield level
        below: list[Any] = []
        for node in level:
            children = node.values() if node.__class__ is dict else node
            below += [child for child in children if child.__class__ in _CONTAINERS]
        level = below


def _keys(value: Any) -> int:
    """How many keys a decoded value has in all its objects."""
    return sum(len(node) for level in _levels(value) for node in level if node.__class__ is dict)


def _duplicates(data: bytes) -> Iterable[str]:
    """The keys that some object has twice."""
    found: dict[str, None] = {}

    def look(pairs: list[tuple[str, Any]]) -> None:
        counted = Counter(name for name, _ in pairs)
        found.update(dict.fromkeys(name for name, times in counted.items() if times > 1))

    json.loads(data, object_pairs_hook=look)
    return found
