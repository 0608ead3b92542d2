"""What an element has of its own where others are like it: addresses, dates, the value of an identifier."""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final

from careloom.model import serialize_json
from careloom.model.records import dataclass
from careloom.search.dates import date_interval
from careloom.store.hashing import Hash
from careloom.store.sql.keys import address_hash

_ADDRESS = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9]{6,40}")
"""One word, long enough not to be met in a system or a code by chance."""

_DIGITS = str.maketrans("123456789", "000000000")
_FORM = str.maketrans("123456789ABCDEFGHIJKLMNOPQRSTUVWXYZbcdefghijklmnopqrstuvwxyz", "0" * 9 + "A" * 26 + "a" * 25)
_OTHERS = str.maketrans(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "3456789012QRSTUVWXYZABCDEFGHIJKLMNOPqrstuvwxyzabcdefghijklmnop",
)
_STAND_IN, _VERSION = "stand-in", "/_history/0"
_EARLIER, _LATER = "2001-02-03T04:05:06.070809+10:00", "2012-11-10T09:08:07.060504+11:00"
_PERIOD: Final = frozenset({"start", "end"})
_MOST_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Marks:
    """What one element has of its own.

    Attributes:
        numbers: Hashes of its addresses, ends of its intervals.
        value: Of an identifier; empty where there is none.
    """

    numbers: tuple[int, ...]
    value: str = ""

    @property
    def word(self) -> str:
        """The value as the full-text index has it."""
        return self.value.lower()


@dataclass(frozen=True, slots=True)
class Marked:
    """An element, or a part of it, as one of its kind.

    Attributes:
        kind: What those that are alike have in common.
        marks: What it has of its own.
        stand_in: A made-up one of the kind with its marks; called for few.
    """

    kind: tuple[Any, ...]
    marks: Marks
    stand_in: Callable[[], tuple[Any, Marks]]


class Reader:
    """Finds the marks of elements.

    Args:
        hash_of: Hash of the tenant.
        zone: Of dates that name none.
    """

    def __init__(self, hash_of: Hash, zone: tzinfo) -> None:
        self._hash_of = hash_of
        self._zone = zone

    def read(self, element: Any) -> Marked | None:
        """An element with its marks; None where it has none, or may not be told apart by them."""
        if element.__class__ is str:
            return self._dated({"": element}, lambda texts: texts[""])
        if element.__class__ is not dict:
            return None
        if "reference" in element or element.keys() <= _PERIOD:
            return self._part(element, 0)
        parts: dict[str, Marked] = {}
        for key, value in element.items():
            if value.__class__ is dict and value and ("reference" in value or value.keys() <= _PERIOD):
                part = self._part(value, len(parts))
                if part is None:
                    return None
                parts[key] = part
        value = _value(element)
        return self._composed(element, parts, value) if parts or value else None

    def _composed(self, element: Mapping[str, Any], parts: Mapping[str, Marked], value: str) -> Marked | None:
        """One with parts that have marks, and perhaps a value; what else it says is of the kind."""
        numbers = [part.marks.numbers for part in parts.values()]
        if len(parts) > _MOST_PARTS or len(set().union(*numbers)) < sum(len(set(each)) for each in numbers):
            return None  # two of the same make one row
        others = value.translate(_OTHERS)
        said = serialize_json({**element, **dict.fromkeys(parts), **({"value": _form(value)} if value else {})})

        def stand_in() -> tuple[Any, Marks]:
            made = {key: part.stand_in() for key, part in parts.items()}
            content = {**element, **{key: each for key, (each, _) in made.items()}}
            together = tuple(number for _, marks in made.values() for number in marks.numbers)
            return ({**content, "value": others} if value else content), Marks(together, others)

        kind = (said, *(part.kind for part in parts.values()))
        return Marked(kind, Marks(tuple(number for each in numbers for number in each), value), stand_in)

    def _part(self, value: Mapping[str, Any], place: int) -> Marked | None:
        """A Reference or a Period."""
        return self._referring(value, place) if "reference" in value else self._dated(value, dict)

    def _referring(self, reference: Mapping[str, Any], place: int) -> Marked | None:
        """A reference that leads to something here."""
        text = reference["reference"]
        parts = _ADDRESS.fullmatch(text) if text.__class__ is str else None
        if parts is None:
            return None
        type, id, version = parts.groups("")
        said = serialize_json({**reference, "reference": None}) if len(reference) > 1 else b""

        def stand_in() -> tuple[Any, Marks]:
            other, of_version = f"{_STAND_IN}{place}", _VERSION if version else ""
            made = {**reference, "reference": f"{type}/{other}{of_version}"}
            return made, Marks(self._hashes(type, other, of_version))

        return Marked((said, type, bool(version)), Marks(self._hashes(type, id, version)), stand_in)

    def _hashes(self, type: str, id: str, version: str) -> tuple[int, int]:
        address = f"{type}/{id}"
        plain = address_hash(self._hash_of, address)
        return plain, address_hash(self._hash_of, address + version) if version else plain

    def _dated(self, texts: Mapping[str, Any], with_texts: Callable[[dict[str, str]], Any]) -> Marked | None:
        """One that says nothing but when it was: one date, or where an interval begins and ends."""
        if not all(text.__class__ is str and _DATE.fullmatch(text) for text in texts.values()):
            return None
        ends = self._ends(texts)
        if not ends or ends[0] >= ends[-1]:
            return None

        def stand_in() -> tuple[Any, Marks]:
            like = {"": _EARLIER, "start": _EARLIER, "end": _LATER}
            made_up = {key: _in_the_form_of(like[key], text) for key, text in texts.items()}
            return with_texts(made_up), Marks(self._ends(made_up) or ())

        return Marked(tuple((key, text.translate(_DIGITS)) for key, text in texts.items()), Marks(ends), stand_in)

    def _ends(self, texts: Mapping[str, str]) -> tuple[int, ...] | None:
        """The ends of what some dates stand for, the beginning first; None where one is no date."""
        ends: list[int] = []
        for key in sorted(texts, reverse=True):
            interval = date_interval(texts[key], self._zone)
            if interval is None:
                return None
            ends += (interval[0], interval[0] + 1, interval[1])  # an instant takes a microsecond
        return tuple(ends)


def _value(element: Mapping[str, Any]) -> str:
    """The value of an identifier that is one word; empty where there is none."""
    value = element.get("value")
    return value if value.__class__ is str and "system" in element and _VALUE.fullmatch(value) else ""


def _form(value: str) -> str:
    """Which signs a value is of."""
    return "".join(sorted(set(value.translate(_FORM))))


def _in_the_form_of(text: str, like: str) -> str:
    """A date as precise as another, and with a zone where that has one."""
    if len(like) <= len("2001-02-03"):
        return text[: len(like)]
    fraction = re.search(r"\.\d+", like)
    clock = text[: len("2001-02-03T04:05:06") + len(fraction[0] if fraction else "")]
    return clock + ("Z" if like[-1] == "Z" else text[-6:])
