"""Comparisons of intervals in SQL: those of `careloom.search.comparison`, and where in the index their rows are.

The index is ordered by ``low``, so a comparison that looks at ``high`` would scan from the beginning. Nearly all
intervals are short, though: dates of a day, plain numbers. A search for "ends after" therefore looks at two arms, the
short ones that begin at most their width before, and the few long ones through an index of their own.
"""

from collections.abc import Mapping
from typing import Literal

from careloom.model.records import dataclass
from careloom.search.operands import DateOperand, NumberOperand, Operand, Prefix, QuantityOperand
from careloom.store.sql.text import Sql

End = Literal["", "low", "high"]


@dataclass(frozen=True, slots=True)
class Relation:
    """One prefix.

    Attributes:
        test: Over ``{low}`` and ``{high}`` of the value, ``:low`` and ``:high`` of what is asked.
        floor: The end of what is asked that a value does not begin before; with ``reaches_back`` only a short one.
        ceiling: The end of what is asked that no value begins after.
        reaches_back: Whether what counts is that the value ends after ``floor``.
    """

    test: str
    floor: End = ""
    ceiling: End = ""
    reaches_back: bool = False


@dataclass(frozen=True, slots=True)
class IntervalFamily:
    """A table of intervals.

    Attributes:
        table: Its name.
        low: SQL of the lower end.
        high: SQL of the upper end.
        width: Longest of the short intervals.
        is_long: SQL that is true for the long ones, word for word the condition of the index ``<table>_long``.
        relations: By prefix.
    """

    table: str
    low: str
    high: str
    width: int
    is_long: str
    relations: Mapping[Prefix, Relation]


_DATES: Mapping[Prefix, Relation] = {
    "eq": Relation("{low} >= :low AND {high} <= :high", floor="low", ceiling="high"),
    "ne": Relation("{low} < :low OR {high} > :high"),
    "gt": Relation("{high} > :high", floor="high", reaches_back=True),
    "lt": Relation("{low} < :low", ceiling="low"),
    "ge": Relation("{high} > :high OR {low} >= :low", floor="low", reaches_back=True),
    "le": Relation("{low} < :low OR {high} <= :high", ceiling="high"),
    "sa": Relation("{low} >= :high", floor="high"),
    "eb": Relation("{high} <= :low", ceiling="low"),
    "ap": Relation("{low} < :high AND {high} > :low", floor="low", ceiling="high", reaches_back=True),
    "co": Relation("{low} <= :low AND {high} >= :high", floor="high", ceiling="low", reaches_back=True),
}

_NUMBERS: Mapping[Prefix, Relation] = {
    "eq": Relation("{low} >= :low AND {high} < :high", floor="low", ceiling="high"),
    "ne": Relation("{low} < :low OR {high} >= :high"),
    "gt": Relation("{high} > :high", floor="high", reaches_back=True),
    "lt": Relation("{low} < :low", ceiling="low"),
    "ge": Relation("{high} >= :high", floor="high", reaches_back=True),
    "le": Relation("{low} <= :low", ceiling="low"),
    "sa": Relation("{low} > :high", floor="high"),
    "eb": Relation("{high} < :low", ceiling="low"),
    "ap": Relation("{low} <= :high AND {high} >= :low", floor="low", ceiling="high", reaches_back=True),
    "co": Relation("{low} <= :low AND {high} >= :high", floor="high", ceiling="low", reaches_back=True),
}

DATES = IntervalFamily("dat", "low", "high", 86_400_000_000, "high - low > 86400000000", _DATES)
NUMBERS = IntervalFamily("num", "low", "high", 0, "high - low > 0.0", _NUMBERS)


def _instants(alias: str) -> IntervalFamily:
    """``_lastUpdated``: the microsecond inside the vid."""
    return IntervalFamily("version", f"({alias}.vid >> 10)", f"(({alias}.vid >> 10) + 1)", 1, "0", _DATES)


_LAST_VID = 2**63 - 1


def around(family: IntervalFamily, operand: Operand) -> Sql:
    """Whether an interval is to what is asked as the prefix says."""
    asked = _asked(operand)
    return _bound(family.relations[asked.prefix].test.format(low=family.low, high=family.high), asked.low, asked.high)


@dataclass(frozen=True, slots=True)
class Arm:
    """A run of an index, and what is left to test.

    Attributes:
        index: ``value`` or ``long``.
        where: Over the columns of the table.
    """

    index: str
    where: Sql


def arms(family: IntervalFamily, operand: Operand) -> list[Arm]:
    """The same as runs of indexes, which together find every interval; some twice."""
    asked = _asked(operand)
    relation = family.relations[asked.prefix]
    test = around(family, operand)
    ends = {"low": asked.low, "high": asked.high}
    run = [Sql("low <= ?", (ends[relation.ceiling],))] if relation.ceiling else []
    if not relation.floor:
        return [Arm("value", _and([*run, test]))]
    floor = ends[relation.floor]
    short = Sql("low >= ?", (floor - family.width if relation.reaches_back else floor,))
    found = [Arm("value", _and([*run, short, test]))]
    if relation.reaches_back:
        long = Sql(f"{family.is_long} AND high >= ?", (floor,))
        found.append(Arm("long", _and([long, test])))
    return found


def instant_around(operand: Operand, alias: str) -> Sql:
    """The same for the instant at which a version was recorded, with the range of vids to look at."""
    asked = _asked(operand)
    family = _instants(alias)
    relation = family.relations[asked.prefix]
    ends = {"low": int(asked.low), "high": int(asked.high)}
    parts = [around(family, operand)]
    if relation.floor:
        parts.append(Sql(f"{alias}.vid >= ?", (_first_vid(ends[relation.floor] - 1),)))
    if relation.ceiling:
        parts.append(Sql(f"{alias}.vid < ?", (_first_vid(ends[relation.ceiling] + 1),)))
    return _and(parts)


def _first_vid(microsecond: int) -> int:
    """The smallest vid of a microsecond, as far as a vid can go."""
    return min(max(microsecond << 10, 0), _LAST_VID)


def _asked(operand: Operand) -> DateOperand | NumberOperand | QuantityOperand:
    assert isinstance(operand, DateOperand | NumberOperand | QuantityOperand), operand
    return operand


def _bound(template: str, low: float, high: float) -> Sql:
    """The template with a question mark for each ``:low`` and ``:high``, in order."""
    values: list[float] = []
    words = []
    for word in template.split(" "):
        if word in (":low", ":high"):
            values.append(low if word == ":low" else high)
        words.append("?" if word in (":low", ":high") else word)
    return Sql(" ".join(words), tuple(values))


def _and(parts: list[Sql]) -> Sql:
    text = " AND ".join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.values))
