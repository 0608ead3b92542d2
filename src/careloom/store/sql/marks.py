"""What an element has of its own where others are like it: ids in references, dates, numbers, the word that is a value.

The JSON of an element is cut at them. What stands between, with the form of each date, says of what kind the element
is; what is cut out tells it from others of the kind. Nothing in a JSON text looks like a mark but a value of a key,
since quotes inside of texts are escaped.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from careloom.model.records import dataclass

_ID = r"[A-Za-z0-9\-.]{1,64}"
_MARK: Final = re.compile(
    rf"""
    (":(?:"(?:(?<="reference":")[A-Z][A-Za-z]+/)?)?)
    (?: ((?<=/){_ID}(?=(?:/_history/{_ID})?") | (?<="value":")[A-Za-z0-9]{{5,40}}(?="))
      | ((?<=")\d{{4}}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?(?="))
      | ((?<="value":)-?\d{{1,7}}(?:\.\d{{1,4}})?(?=[,}}]|\Z)) )
    ((?:/_history/{_ID})?"?)
    """,
    re.ASCII | re.VERBOSE,
)
"""What leads to a mark; a text too long for a year, a date, or a number of few digits, which is exact; what ends it."""

_PARTS: Final = 6
"""Of each mark as it is cut: what stands before it, what leads to it, the mark as one of the three, what ends it."""

_ALONE: Final = '"value":'
"""What is put before an element that is one text or number, which stands for itself as a value does."""

_CLOCK: Final = re.compile(r"(.*?)(Z|[+-]\d\d:\d\d|)\Z")
"""A date without its zone, and the zone; empty where there is none."""

_FIGURES: Final = bytes.maketrans(b"123456789", b"000000000")

_CONTAINERS: Final = frozenset("{[")

_MANY_TIMES: Final = '"event":['
"""Where a Timing has events, its beginning and end are those of whichever comes first or last."""

_MOST: Final = 16
"""Marks of one element."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The text of an element, cut at its marks.

    Attributes:
        kind: What those that are alike have in common.
        texts: By mark, the text; None for another.
        dates: By mark, the date; None for another.
        numbers: By mark, the number as it is written; None for another.
    """

    kind: tuple[Any, ...]
    texts: Sequence[str | None]
    dates: Sequence[str | None]
    numbers: Sequence[str | None]


def cut_up(text: bytes) -> Cut | None:
    """The JSON of an element as one of its kind; None where it has no marks, or may not be told apart by them."""
    told = text.decode("utf-8", "surrogatepass")
    parts = _MARK.split(told if told[0] in _CONTAINERS else _ALONE + told)
    if not 1 < len(parts) <= _MOST * _PARTS + 1 or _MANY_TIMES in told:
        return None
    dates = parts[3::_PARTS]
    kind = (*parts[::_PARTS], *parts[1::_PARTS], *parts[5::_PARTS], *[date and _form(date) for date in dates])
    return Cut(kind, parts[2::_PARTS], dates, parts[4::_PARTS])


def _form(date: str) -> bytes:
    """How precise a date is, and whether it has a zone, without its figures."""
    return date.encode().translate(_FIGURES)


def stand_in(cut: Cut, *, is_falling: bool = False) -> tuple[str, Cut]:
    """A made-up element of a kind, and what its marks are, no two of them alike.

    Args:
        cut: One of the kind.
        is_falling: Whether each date is before the one that stands before it, instead of after.
    """
    count = len(cut.texts)
    said, leads, ends = (cut.kind[at : at + count] for at in (0, count + 1, 2 * count + 1))
    texts = [text and _text(number, str(leads[number])) for number, text in enumerate(cut.texts)]
    dates = [date and _date(count - at if is_falling else at, date) for at, date in enumerate(cut.dates)]
    numbers = [text and f"{7919 + number}.25" for number, text in enumerate(cut.numbers)]
    marks = (text or date or number for text, date, number in zip(texts, dates, numbers, strict=True))
    pieces = zip(said, leads, marks, ends, strict=True)
    told = "".join([*(f"{a}{b}{c}{d}" for a, b, c, d in pieces), str(cut.kind[count])])
    return told.removeprefix(_ALONE), Cut(cut.kind, texts, dates, numbers)


def _text(number: int, lead: str) -> str:
    """A text that is met nowhere else, nor when its case is lost; of ids one that is not one word."""
    return f"Stand-In.{number}X" if lead[-1] == "/" else f"StandIn{number}X"


def _date(number: int, like: str) -> str:
    """A date as precise as another, and with a zone where that has one; the later the greater its number."""
    clock, zone = _CLOCK.match(like).groups()  # type: ignore[union-attr]  # which all dates match
    return f"{2001 + 3 * number}-02-03T04:05:06.070809{clock[len('2001-02-03T04:05:06.070809') :]}"[: len(clock)] + zone
