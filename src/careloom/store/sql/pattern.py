"""What the elements of one kind add, with their marks open: learned from a stand-in, filled in for each of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from careloom.model.records import dataclass
from careloom.search.dates import date_interval
from careloom.search.numbers import double
from careloom.search.units import canonical
from careloom.store.hashing import Hash
from careloom.store.sql.marks import Cut
from careloom.store.sql.shares import Share
from careloom.store.sql.tables import Row

_Open = tuple[str, int, str]
"""A text with one mark in it: what stands before it, its place among the texts, and what stands behind."""

Values = list[Any]
"""What stands in the rows that are open: first what is the same for all, then what is made of the marks."""

_Amount = tuple[int, str, str]
"""A number that is the value of a quantity: which mark, and system and code of its unit."""

_INTERVALS: Final = ("dat", "pair")
"""Tables whose rows end in the beginning and the end of an interval."""

_ENDS: Final = 3
"""Values that are made of a date, see `_ends`."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The share of a stand-in with its marks open; each is itself alone.

    Attributes:
        share: As it was worked out.
        others: Rows without marks, with their tables.
        fixed: Values that are the same for all.
        hashed: What is hashed, of which one part has a mark or more.
        said: Places of the texts that stand in rows by themselves.
        amounts: Which marks are numbers.
        dated: Which marks are dates.
        ordered: Places of values of which the first must be the lower.
        rows: By table, what picks each row from the values.
        words: Words, or the places of texts that are words; empty where none is open.
        is_folded: Whether it takes the texts without case, too: their places are behind those as they stand.
    """

    share: Share
    others: tuple[tuple[str, list[Row]], ...]
    fixed: tuple[Any, ...]
    hashed: tuple[tuple[str | _Open, ...], ...]
    said: tuple[int, ...]
    amounts: tuple[_Amount, ...]
    dated: tuple[int, ...]
    ordered: tuple[tuple[int, int], ...]
    rows: tuple[tuple[str, list[Callable[[Values], Row]]], ...]
    words: tuple[str | int, ...]
    is_folded: bool

    def filled(self, cut: Cut, hash_of: Hash, zone: tzinfo) -> Share | None:
        """The share of another of the kind; None where its dates are none, or not in order."""
        texts: Any = [*cut.texts, *[text and text.lower() for text in cut.texts]] if self.is_folded else cut.texts
        values = [*self.fixed]
        for parts in self.hashed:
            values.append(hash_of(*[_told(part, texts) for part in parts]))
        values += [texts[place] for place in self.said]
        for amount in self.amounts:
            values += _numbers(cut.numbers, amount)
        for place in self.dated:
            interval = date_interval(cut.dates[place], zone)  # a date, by its kind
            if interval is None or interval[0] >= interval[1]:
                return None
            values += _ends(interval)
        for low, high in self.ordered:
            if values[low] >= values[high]:
                return None
        own = [(table, _distinct([row(values) for row in rows])) for table, rows in self.rows]
        return self._share(own, texts)

    def _share(self, own: list[tuple[str, list[Row]]], texts: Any) -> Share:
        share = self.share
        if not self.words:
            return Share((*self.others, *own), share.words, share.atoms, share.common, self, tuple(own))
        words = {word if word.__class__ is str else texts[word]: None for word in self.words}
        own_words = ("fts", [(word,) for word in words])
        return Share((*self.others, *own), words, share.atoms, share.common, self, (*own, own_words))


def _numbers(numbers: Sequence[str | None], amount: _Amount) -> tuple[float, float | None]:
    """A number as it stands, and in base units; None where the unit has none."""
    mark, system, code = amount
    number = Decimal(numbers[mark])  # type: ignore[arg-type]  # a number, by its kind
    base = canonical(number, number, system, code)
    return double(number), None if base is None else base.low


def _ends(interval: tuple[int, int]) -> tuple[int, int, int]:
    """What a date comes to in rows: its beginning, a microsecond later, which is the end of an instant, and its end."""
    low, high = interval
    return low, low + 1, high


def _told(part: str | _Open, texts: Any) -> str:
    return part if part.__class__ is str else part[0] + texts[part[1]] + part[2]


def _distinct(rows: list[Row]) -> list[Row]:
    return rows if len(rows) == 1 else list(dict.fromkeys(rows))


class Learning:
    """Makes a pattern of a stand-in.

    Args:
        element: The stand-in, as parsed JSON.
        marks: Of the stand-in.
        hash_of: Hash of the tenant.
        zone: Of dates that name none.
    """

    def __init__(self, element: Any, marks: Cut, hash_of: Hash, zone: tzinfo) -> None:
        self._hash_of = hash_of
        self._zone = zone
        self._marks = marks
        self._dated = tuple(number for number, date in enumerate(marks.dates) if date)
        self._ends = {end: place for place, end in enumerate(self._ends_of(marks))}
        self._texts = _places(marks)
        self._amounts = tuple(_amounts(element, {Decimal(text): at for at, text in enumerate(marks.numbers) if text}))
        self._numbers = [number for amount in self._amounts for number in _numbers(marks.numbers, amount)]
        self._hashes: dict[int, tuple[str | _Open, ...]] = {}

    def can_tell(self, cut: Cut) -> bool:
        """Whether another of the kind has nothing in common with the stand-in: else it would show nothing."""
        others, own = ({*marks.texts, *marks.numbers, *self._ends_of(marks)} for marks in (cut, self._marks))
        return others & own <= {None}

    def _ends_of(self, marks: Cut) -> list[int]:
        """What dates come to, as the values of a pattern have it; none of what is no date."""
        intervals = [date_interval(date, self._zone) for date in marks.dates if date]
        return [end for found in intervals if found for end in _ends(found)]

    def noting(self, *parts: str) -> int:
        """A hash, with a note of what was hashed where a mark is in it."""
        hashed = self._hash_of(*parts)
        opened = tuple(map(self._opened, parts))
        if opened != parts:
            self._hashes[hashed] = opened
        return hashed

    def pattern(self, share: Share) -> Pattern:
        """The pattern that the share of the stand-in shows."""
        open_tables = {table: rows for table, rows in share.rows if any(map(self._is_open, rows))}
        columns = [column for rows in open_tables.values() for row in rows for column in row]
        fixed = tuple({column: None for column in columns if not self._is_own(column)})
        hashed = tuple({column: None for column in columns if column in self._hashes})
        said = tuple({column: None for column in columns if column in self._texts})
        places = {column: place for place, column in enumerate((*fixed, *hashed, *said))}
        before = len(places)
        places |= {number: before + place for place, number in reversed([*enumerate(self._numbers)])}
        before += len(self._numbers)
        places |= {end: before + place for end, place in self._ends.items()}
        words = tuple(self._texts.get(word, word) for word in share.words)
        return Pattern(
            share,
            tuple(each for each in share.rows if each[0] not in open_tables),
            fixed,
            tuple(self._hashes[each] for each in hashed),
            tuple(self._texts[each] for each in said),
            self._amounts,
            self._dated,
            tuple({pair: None for table in _INTERVALS for pair in self._pairs(open_tables.get(table, ()), places)}),
            tuple((table, [_picked(row, places) for row in rows]) for table, rows in open_tables.items()),
            words if words != tuple(share.words) else (),
            is_folded=bool(self._texts),
        )

    def _opened(self, part: str) -> str | _Open:
        """A part that is hashed, with its mark open."""
        for mark, place in self._texts.items():
            before, found, behind = part.partition(mark)
            if found:
                return before, place, behind
        return part

    def _is_own(self, column: Any) -> bool:
        known: tuple[Collection[Any], ...] = (self._hashes, self._ends, self._texts, self._numbers)
        return column is not None and any(column in each for each in known)

    def _is_open(self, row: Row) -> bool:
        return any(map(self._is_own, row))

    def _pairs(self, rows: Iterable[Row], places: Mapping[Any, int]) -> Iterator[tuple[int, int]]:
        """Where an interval begins with one date and ends with another, their places."""
        for *_, low, high in rows:
            if low in self._ends and high in self._ends and self._ends[low] // _ENDS != self._ends[high] // _ENDS:
                yield places[low], places[high]


def _places(marks: Cut) -> dict[str, int]:
    """The texts of a stand-in, as they stand and without case, with their places."""
    texts = {text: number for number, text in enumerate(marks.texts) if text}
    return texts | {text.lower(): len(marks.texts) + number for text, number in texts.items()}


def _amounts(node: Any, marks: Mapping[Decimal, int]) -> Iterator[_Amount]:
    """The numbers of a stand-in with what they are told in."""
    if isinstance(node, dict):
        value = node.get("value")
        if isinstance(value, Decimal) and value in marks:
            yield marks[value], str(node.get("system", "")), str(node.get("code", ""))
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _amounts(child, marks)


def _picked(row: Row, places: Mapping[Any, int]) -> Callable[[Values], Row]:
    return itemgetter(*[places[column] for column in row])


def are_alike(one: Share, other: Share) -> bool:
    """Whether two shares are the same but for the order of their tables."""
    return (dict(one.rows), one.words, one.atoms, one.common) == (
        dict(other.rows),
        other.words,
        other.atoms,
        other.common,
    )
