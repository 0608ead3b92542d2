"""One alternative of a search value, read into an operand: the syntax of each kind of parameter."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from careloom.model.errors import InvalidError
from careloom.search.dates import date_interval
from careloom.search.escaping import shown, split, unescape
from careloom.search.folding import exact, fold
from careloom.search.numbers import approximate_range, double, implicit_range, parse_number
from careloom.search.parameters import SearchParameter
from careloom.search.query import (
    DateOperand,
    Kind,
    NumberOperand,
    Operand,
    Prefix,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.search.references import is_absolute, local_target

_PREFIXES: Mapping[str, Prefix] = {
    "eq": "eq", "ne": "ne", "gt": "gt", "lt": "lt", "ge": "ge", "le": "le", "sa": "sa", "eb": "eb", "ap": "ap",
}  # fmt: skip
_PREFIXED = re.compile(r"([A-Za-z]{2})(?=[0-9+\-.])")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value is read by.

    Attributes:
        parameter: The parameter it belongs to.
        modifier: What follows the colon of its name, if anything.
        base_url: Address of this server.
        zone: Time zone of dates that have none.
        now: The instant that ``ap`` measures distance from.
    """

    parameter: SearchParameter
    modifier: str
    base_url: str
    zone: tzinfo
    now: datetime


def read_operand(kind: Kind, text: str, reading: Reading) -> Operand:
    """The operand that one alternative stands for.

    Args:
        kind: Kind of operand: ``subject:identifier`` is read as a token.
        text: As it came, percent-decoded, its backslash escapes in place.
        reading: What it is read by.

    Raises:
        InvalidError: Says what was expected and what was found.
    """
    return _READERS[kind](text, reading)


def _token(text: str, reading: Reading) -> TokenOperand:
    pieces = [unescape(piece) for piece in split(text, "|")]
    if len(pieces) > 2:
        raise InvalidError(f"code or system|code expected, found {shown(text)}; a bar inside either is written \\|")
    system = pieces[0] if len(pieces) == 2 else None
    code = pieces[-1] or None
    if not system and code is None:
        raise InvalidError(f"code, system|code, |code or system| expected, found {shown(text)}")
    if code is not None and reading.parameter.folded:
        code = code.casefold()
    return TokenOperand(system, code)


def _string(text: str, reading: Reading) -> StringOperand:
    plain = unescape(text)
    operand = StringOperand(plain, fold(plain), exact(plain))
    if not operand.folded and reading.modifier != "exact":
        raise InvalidError(f"a text with letters or digits expected, found {shown(plain)}")
    return operand


def _reference(text: str, reading: Reading) -> ReferenceOperand:
    plain = unescape(text)
    if _ID.fullmatch(plain):
        types = (reading.modifier,) if reading.modifier else reading.parameter.targets
        return ReferenceOperand(plain, tuple(f"{type}/{plain}" for type in types))
    target = local_target(plain, reading.base_url) or (plain if is_absolute(plain) else None)
    if target is None:
        raise InvalidError(f"an id, Type/id or an absolute URL expected, found {shown(plain)}")
    if reading.modifier and not target.startswith(f"{reading.modifier}/"):
        raise InvalidError(f"a {reading.modifier} held by this server expected, found {shown(plain)}")
    return ReferenceOperand(plain, (target,))


def _date(text: str, reading: Reading) -> DateOperand:
    prefix, written = _prefixed(unescape(text))
    interval = date_interval(written, reading.zone)
    if interval is None:
        hint = "; the + of a time zone is written %2B in a URL" if " " in written else ""
        raise InvalidError(
            f"a date such as 2026, 2026-11-22 or 2026-11-22T11:09:00Z expected, found {shown(written)}{hint}"
        )
    low, high = interval
    if prefix == "ap":
        margin = abs((reading.now - _EPOCH) // _MICROSECOND - low) // 10
        low, high = low - margin, high + margin
    return DateOperand(written, prefix, low, high)


def _number(text: str, reading: Reading) -> NumberOperand:
    return NumberOperand(*_number_parts(unescape(text)))


def _quantity(text: str, reading: Reading) -> QuantityOperand:
    number, *unit = (unescape(piece) for piece in split(text, "|"))
    if len(unit) not in (0, 2):
        raise InvalidError(f"number, number|system|code or number||code expected, found {shown(text)}")
    system, code = unit or ("", "")
    return QuantityOperand(*_number_parts(number), system=system or None, code=code or None)


def _uri(text: str, reading: Reading) -> UriOperand:
    return UriOperand(unescape(text))


def _number_parts(text: str) -> tuple[str, Prefix, float, float]:
    prefix, written = _prefixed(text)
    number = parse_number(written)
    if number is None:
        raise InvalidError(f"a number such as 100, 5.40 or 1e-3 expected, found {shown(written)}")
    if prefix in ("eq", "ne"):
        return written, prefix, *implicit_range(written)
    if prefix == "ap":
        return written, prefix, *approximate_range(written)
    return written, prefix, double(number), double(number)


def _prefixed(text: str) -> tuple[Prefix, str]:
    found = _PREFIXED.match(text)
    if not found:
        return "eq", text
    if found[1] not in _PREFIXES:
        raise InvalidError(
            f"one of the prefixes {' '.join(_PREFIXES)} expected, found {shown(found[1])} in {shown(text)}"
        )
    return _PREFIXES[found[1]], text[2:]


_READERS: Mapping[Kind, Callable[[str, Reading], Operand]] = {
    "token": _token,
    "string": _string,
    "reference": _reference,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "uri": _uri,
}
