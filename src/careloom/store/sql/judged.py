"""Conditions that SQL says too widely: words, composites, places. What it finds is looked at again in memory.

The index keeps enough to find few candidates: the words of a version without their order, what the parts of a composite
are equal to, the square of the map that a place is in. `careloom.search` then judges each candidate by its body, so the
answer is the same as in memory. At the top of a query that happens as the page fills; inside another condition, where
a candidate too many would be an answer too few, it happens beforehand, and for a limited number of candidates.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import cos, floor, radians

from careloom.model.errors import TooCostlyError
from careloom.model.records import replace
from careloom.search import holds
from careloom.search.conditions import Comparison, Condition, Phrase
from careloom.search.match import parameters_of
from careloom.search.operands import (
    CompositeOperand,
    DateOperand,
    Kind,
    NumberOperand,
    Operand,
    Part,
    PositionOperand,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.search.positions import EARTH_RADIUS
from careloom.search.values import (
    CompositeValue,
    DateValue,
    IndexValue,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    TokenValue,
    UriValue,
)
from careloom.store.hashing import Hash
from careloom.store.sql.clauses import Clause, Context, nothing, sought
from careloom.store.sql.intervals import DATES, NUMBERS, around
from careloom.store.sql.text import Sql, all_of, one_of

MOST_JUDGED = 5_000
"""Candidates of one condition inside another that are looked at; more are refused."""


def settled(found: Clause, condition: Condition, type: str, context: Context) -> Clause:
    """The versions that meet a condition which is to be judged, judged now, each by its vid.

    Raises:
        TooCostlyError: More than `MOST_JUDGED` candidates.
    """
    v, dialect = context.alias, context.dialect
    if found.source is None:
        key = f"{v}.tenant = ? AND {v}.type = ?"
        start = Sql(f"{dialect.by('version', 'type', v)} WHERE {key}", (context.tenant, context.number(type)))
    else:
        joined = f"({found.source.text}) AS d {dialect.in_order} version AS {v} ON {v}.tenant = ? AND {v}.vid = d.vid"
        start = Sql(f"{joined} WHERE 1 = 1", (*found.source.values, context.tenant))
    living = all_of([context.living(type), found.probe])
    limit = Sql("LIMIT ?", (MOST_JUDGED + 1,))
    select = Sql(f"SELECT DISTINCT {v}.vid FROM") + start + Sql("AND") + living + limit
    vids = [vid for (vid,) in context.connection.execute(select.text, select.values).fetchall()]
    if len(vids) > MOST_JUDGED:
        raise TooCostlyError(f"{told(condition)}: more than {MOST_JUDGED} resources would have to be looked at")
    return chosen([vid for vid in vids if all_hold((condition,), type, vid, context)], context)


def all_hold(conditions: tuple[Condition, ...], type: str, vid: int, context: Context) -> bool:
    """Whether the version by a vid meets some conditions, by what its body has for their parameters."""
    codes = {code for each in conditions for code in parameters_of(each, type, context.registry)}
    values = context.values_of(vid, codes)
    return all(holds(each, values) for each in conditions)


def chosen(vids: list[int], context: Context) -> Clause:
    """Versions known by their vid."""
    if not vids:
        return nothing()
    some = one_of("vid", vids)
    source = Sql("SELECT vid FROM version WHERE tenant = ? AND", (context.tenant,)) + some
    return Clause(one_of(f"{context.alias}.vid", vids), source, reason="judged")


def told(condition: Condition) -> str:
    """The parameter of a condition, for people."""
    return str(getattr(condition, "parameter", condition.__class__.__name__))


# words

_WORD = re.compile(r"[0-9A-Za-z\x80-\U0010ffff]+")
"""What the full-text index takes for a word: ASCII letters and digits, and all that is not ASCII."""


def indexed_words(text: str) -> list[str]:
    """The words of a folded text as the full-text index has them."""
    return _WORD.findall(text)


def phrase(condition: Phrase, context: Context) -> Clause:
    """``_text`` and ``_content``: versions that have all the words."""
    words = indexed_words(condition.words)
    if condition.is_open and words:
        words[-1] += "*"
    return _having([words], context)


def words_aside(comparison: Comparison, type: str, context: Context) -> Clause:
    """``:text``: versions that have all the words, the last of them perhaps going on."""
    asked = [operand.folded for operand in comparison.operands if isinstance(operand, StringOperand)]
    found = [indexed_words(text) for text in asked]
    clause = _having([[*words[:-1], f"{words[-1]}*"] if words else [] for words in found], context)
    if clause.source is None:
        return clause
    return replace(clause, source=context.of_frames_too(type, (comparison.key,), clause.source))


def _having(alternatives: list[list[str]], context: Context) -> Clause:
    anything = Sql("1 = 1")
    if not all(alternatives):
        return Clause(anything, is_judged=True)
    sources = [context.dialect.words(words) for words in alternatives]
    source = Sql(" UNION ALL ".join(each.text for each in sources), tuple(v for each in sources for v in each.values))
    return Clause(anything, source, covers=True, is_judged=True, reason="words")


# composites

_INTERVALS = (DateOperand, NumberOperand, QuantityOperand)
_EXACT = 0.0


def _composite(comparison: Comparison, type: str, context: Context) -> Clause:
    """By what the parts are equal to, and by the first part that is an interval."""
    seeks = [
        seek
        for operand in comparison.operands
        if isinstance(operand, CompositeOperand)
        for key in context.covers.keys(type, comparison.parameter)
        for seek in _seeks(operand, type, key, context)
    ]
    if None in seeks:
        return Clause(Sql("1 = 1"), is_judged=True)
    source = sought("pair", Sql("tenant = ?", (context.tenant,)), [seek for seek in seeks if seek])
    return Clause(Sql("1 = 1"), source, is_judged=True, reason="pair")


def _seeks(operand: CompositeOperand, type: str, parameter: str, context: Context) -> Iterator[Sql | None]:
    """Where the rows are that may fit; None where they cannot be told."""
    asked = [_asked(part) for part in operand.parts]
    for keys in product(*asked):
        if None in keys:
            yield None
            return
        h = pair_hash(context.hash_of, type, parameter, [key for key in keys if key is not None])
        yield all_of([Sql("h = ?", (h,)), *_range(operand.parts)])


def _asked(part: Part) -> list[str | None]:  # noqa: PLR0911  one for each kind
    """What the part of a row says if it may fit: one text for each alternative; None where it may say anything."""
    match part.operand:
        case TokenOperand(code=str(code)):
            return [f"t{code}"]
        case ReferenceOperand(targets=targets):
            return [f"r{target}" for target in targets]
        case UriOperand(uri=uri):
            return [f"u{uri}"]
        case QuantityOperand(canonical=canonical) if canonical is not None:
            return [f"q{canonical.unit}"]
        case DateOperand() | NumberOperand() | QuantityOperand():
            return ["n"]
        case StringOperand():
            return ["s"]
        case _:
            return [None]


def _range(parts: tuple[Part, ...]) -> list[Sql]:
    """Which interval a row may have; it has that of the first part that is one."""
    for part in parts:
        operand: Operand = part.operand
        if isinstance(operand, QuantityOperand) and operand.canonical is not None:
            low, high = operand.canonical.low, operand.canonical.high
            return [around(NUMBERS, QuantityOperand(operand.text, operand.prefix, low, high))]
        if isinstance(operand, _INTERVALS):
            return [around(DATES if isinstance(operand, DateOperand) else NUMBERS, operand)]
    return []


def pair_rows(hash_of: Hash, type: str, parameter: str, value: CompositeValue) -> Iterator[tuple[int, float, float]]:
    """The rows of a composite value: hash, low and high for each combination of one value of each part."""
    for combination in product(*(list(_said(values)) for values in value.parts)):
        intervals = [(low, high) for key, low, high in combination if key[0] in "nq"]
        low, high = intervals[0] if intervals else (_EXACT, _EXACT)
        yield pair_hash(hash_of, type, parameter, [key for key, _, _ in combination]), low, high


def _said(values: tuple[IndexValue, ...]) -> Iterator[tuple[str, float, float]]:
    """What the values of one part say: a text, and an interval where the text is of one."""
    for value in values:
        match value:
            case TokenValue():
                yield f"t{value.code}", _EXACT, _EXACT
            case ReferenceValue():
                yield f"r{value.target}", _EXACT, _EXACT
            case UriValue():
                yield f"u{value.uri}", _EXACT, _EXACT
            case QuantityValue():
                yield "n", value.low, value.high
                if value.canonical is not None:
                    yield f"q{value.canonical.unit}", value.canonical.low, value.canonical.high
            case NumberValue() | DateValue():
                yield "n", float(value.low), float(value.high)
            case _:
                yield "s", _EXACT, _EXACT


def pair_hash(hash_of: Hash, type: str, parameter: str, keys: list[str]) -> int:
    """Where the rows of a composite are whose parts say so."""
    return hash_of(type, parameter, "pair", *keys)


# places

_SQUARES = 10
"""Squares of the map to a degree."""

_AROUND = 360 * _SQUARES
_MOST_BANDS = 100
_DEGREE = radians(1) * EARTH_RADIUS
"""Metres in a degree of latitude."""


def cell(latitude: float, longitude: float) -> int:
    """The square of the map that a place is in, counted from the south pole in bands from west to east."""
    return _band(latitude) * _AROUND + _column(longitude)


def _position(comparison: Comparison, type: str, context: Context) -> Clause:
    """The squares that a circle touches, band by band."""
    asked = [operand for operand in comparison.operands if isinstance(operand, PositionOperand)]
    ranges = [each for operand in asked for each in _ranges(operand)]
    seeks = [Sql("cell BETWEEN ? AND ?", each) for each in ranges]
    source = sought("geo", Sql("tenant = ?", (context.tenant,)), seeks)
    return Clause(Sql("1 = 1"), source, is_judged=True, reason="geo")


def _ranges(asked: PositionOperand) -> Iterator[tuple[int, int]]:
    reach = asked.metres / _DEGREE + 1 / _SQUARES
    south, north = _band(asked.latitude - reach), _band(asked.latitude + reach)
    if north - south > _MOST_BANDS:
        yield south * _AROUND, (north + 1) * _AROUND
        return
    width = _width(asked, reach)
    for band in range(south, north + 1):
        if width >= 180:
            yield band * _AROUND, (band + 1) * _AROUND
            continue
        for first, last in _columns(asked.longitude - width, asked.longitude + width):
            yield band * _AROUND + first, band * _AROUND + last


def _width(asked: PositionOperand, reach: float) -> float:
    """Degrees of longitude that a circle reaches at most; the whole way round where it comes near a pole."""
    farthest = abs(asked.latitude) + reach
    return 180 if farthest >= 89 else reach / cos(radians(farthest)) + 1 / _SQUARES


def _columns(west: float, east: float) -> list[tuple[int, int]]:
    """The columns from west to east, in two runs where the date line is between."""
    if west < -180:
        return [(_column(west + 360), _AROUND), (0, _column(east))]
    if east > 180:
        return [(_column(west), _AROUND), (0, _column(east - 360))]
    return [(_column(west), _column(east))]


def _band(latitude: float) -> int:
    return floor((min(max(latitude, -90.0), 90.0) + 90) * _SQUARES)


def _column(longitude: float) -> int:
    return floor((min(max(longitude, -180.0), 180.0) + 180) * _SQUARES)


JUDGED: Mapping[Kind, Callable[[Comparison, str, Context], Clause]] = {"composite": _composite, "special": _position}
"""By kind of parameter."""
