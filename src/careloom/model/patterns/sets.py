r"""Sets of characters, written so that no release of Python may read them otherwise.

Python keeps ``[[``, ``--``, ``&&``, ``~~`` and ``||`` in a set for set operations to come: it reads them as the
characters they are, and warns of each. Who runs the hub can do nothing about a pattern of a stranger, so what is meant
is said with a backslash.
"""

import re
from typing import Final

_PART: Final = re.compile(r"\(\?#[^)]*|\\.|\[\^?(\]?(?:\\.|[^\]\\])*)", re.DOTALL)
"""A comment, a character with a backslash, or a set with what is in it; without its end, so that it always fits."""

_RESERVED: Final = re.compile(r"^\[\[|--|&&|~~|\|\|")
_ITEM: Final = re.compile(r"(\\.|.)(?:-(\\.|.))?", re.DOTALL)
"""One character of a set, or the first and the last of a range."""

_SPACED: Final = re.compile(r"\(\?[a-z]*x")
"""Comments that end with the line are allowed, in which a bracket is no set."""


def unambiguous(pattern: str) -> str:
    """The pattern with a backslash in its sets where one is wanting."""
    return pattern if _SPACED.search(pattern) else _PART.sub(_written, pattern)


def _written(part: re.Match[str]) -> str:
    if part[1] is None or not _RESERVED.search(part[0]):
        return part[0]
    return part[0][: part.start(1) - part.start()] + _ITEM.sub(_item, part[1])


def _item(found: re.Match[str]) -> str:
    first, last = found.groups()
    return _said(first) if last is None else f"{_said(first)}-{_said(last)}"


def _said(character: str) -> str:
    return f"\\{character}" if character in "[-&~|" else character
