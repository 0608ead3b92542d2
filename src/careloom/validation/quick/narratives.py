"""Narratives that are fine at one glance: plain elements in their places, no links, some text.

The interpreter makes a tree of a narrative to find what is wrong with it. Most are fine, and that can be told while
they are read: by expat, which keeps the interpreter of Python to itself, where lxml lets go of it at each narrative and
has to wait for it again.
"""

from functools import cache
from typing import Final

from careloom.validation.xhtml import ELEMENTS, XHTML, takes_attribute, takes_element, takes_text

_LONGEST: Final = 100_000
"""Characters; a tree of more may be refused for its size."""

_DEEPEST: Final = 100
"""Elements in one another, likewise."""

_PLAIN: Final = ELEMENTS - {"a", "area", "img", "map"}
"""Elements that have no addresses to be looked at."""

_SPACE: Final = " \t\r\n"
"""As in `careloom.validation.narrative`."""


def is_evidently_fine(div: object) -> bool:
    """Whether nothing is to be told of a ``div``; if not, that is for the interpreter to say."""
    if not isinstance(div, str) or len(div) > _LONGEST or "<!" in div or "<?" in div:
        return False
    from pyexpat import ExpatError, ParserCreate  # noqa: PLC0415  (many resources have no narrative)

    parser, glance = ParserCreate(), _Glance()
    parser.buffer_text = True
    parser.StartElementHandler = glance.begin
    parser.EndElementHandler = glance.end
    parser.CharacterDataHandler = glance.read
    try:
        parser.Parse(div, True)
    except (ExpatError, UnicodeEncodeError, _UnclearError):
        return False
    return glance.has_content


class _UnclearError(Exception):
    """There is more to look at."""


class _Glance:
    """Follows the elements of a narrative.

    Attributes:
        has_content: Whether there is more in it than white space.
    """

    __slots__ = ("_inside", "has_content")

    def __init__(self) -> None:
        self.has_content = False
        self._inside: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name not in _PLAIN or len(self._inside) > _DEEPEST:
            raise _UnclearError
        if self._inside:
            is_in_place = _takes_element(self._inside[-1], name)
        else:
            is_in_place = name == "div" and attributes.pop("xmlns", "") == XHTML
        if not is_in_place:
            raise _UnclearError
        for attribute in attributes:
            if not takes_attribute(name, attribute):
                raise _UnclearError
        self._inside.append(name)

    def end(self, name: str) -> None:
        """It ends."""
        self._inside.pop()

    def read(self, text: str) -> None:
        """Some text in it."""
        if not takes_text(self._inside[-1]) and text.strip():
            raise _UnclearError
        self.has_content = self.has_content or bool(text.strip(_SPACE))


_takes_element = cache(takes_element)
