"""Equal, equivalent, and order, on values of the system types and on structures of FHIR.

Source: FHIRPath 2.0, 6.1 Equality, 6.2 Comparison.
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from careloom.fhirpath import quantities, temporal
from careloom.fhirpath.nodes import SYSTEM_TYPES
from careloom.fhirpath.quantities import Quantity
from careloom.fhirpath.temporal import Temporal, Time
from careloom.model import ExactDecimal
from careloom.model.errors import InvalidError, TooCostlyError

MOST_COMPARISONS = 2_000_000
"""Comparisons by pairs, for values that no hash tells apart; some seconds."""

_PLAIN = frozenset({str, int, bool, dict})
"""Classes whose equal values are equivalent."""

_HASHED = frozenset({str, int, float, Decimal, ExactDecimal})
"""Classes whose values are equal exactly where Python has them equal, by one hash."""

_NUMBERS = (int, Decimal, float)
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)


def equal(left: Any, right: Any) -> bool | None:
    """``=`` for two values: None (empty) where the precision of dates, or the units, do not decide."""
    kind = left.__class__
    if kind is right.__class__ and (kind is str or kind is bool or kind is int or kind is dict):
        return bool(left == right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return _equal_temporal(left, right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _equal_quantity(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def equal_collections(left: Sequence[Any], right: Sequence[Any]) -> bool | None:
    """``=`` for two collections in order; None where one is empty, or an undecided pair leaves it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answers = [equal(mine, yours) for mine, yours in zip(left, right, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


def equivalent(left: Any, right: Any) -> bool:
    """``~`` for two values: case and white space of text aside, numbers to the digits of the less precise one."""
    if left.__class__ is right.__class__ and left.__class__ in _PLAIN and left == right:
        return True
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, yours = _as_quantity(left), _as_quantity(right)
        return mine is not None and yours is not None and quantities.equivalent(mine, yours)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    for family, compare in _EQUIVALENCES:
        if isinstance(left, family) and isinstance(right, family):
            return compare(left, right)
    return bool(left == right)


def equivalent_collections(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """``~`` for two collections, in any order; two empty ones are equivalent."""
    if len(left) != len(right):
        return False
    if len(left) ** 2 > MOST_COMPARISONS:
        raise TooCostlyError(f"collections of {len(left)} items are too long to be compared in any order")
    rest = list(right)
    for mine in left:
        found = next((place for place, yours in enumerate(rest) if equivalent(mine, yours)), None)
        if found is None:
            return False
        del rest[found]
    return True


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 for two values that have an order; None where precision or units do not decide.

    Raises:
        InvalidError: The types have no order, or none in common.
    """
    if (isinstance(left, str) and isinstance(right, str)) or (_is_number(left) and _is_number(right)):
        return int(left > right) - int(left < right)
    if isinstance(left, Temporal) and isinstance(right, Temporal) and _same_family(left, right):
        return temporal.compare(left, right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, yours = _as_quantity(left), _as_quantity(right)
        if mine is not None and yours is not None:
            return quantities.compare(mine, yours)
    raise InvalidError(f"{kind_of(left)} and {kind_of(right)} have no order")


def kind_of(value: Any) -> str:
    """The name of a value's type for a message."""
    return SYSTEM_TYPES.get(value.__class__, "a structure")


class Distinct:
    """A growing set of values under ``=``; most are found by a hash, the rest by comparing within a bucket."""

    def __init__(self) -> None:
        self._plain: set[Any] = set()
        self._buckets: dict[Any, list[Any]] = {}
        self._compared = 0

    def add(self, value: Any) -> bool:
        """Put a value in; False where an equal one is there already."""
        if value.__class__ in _HASHED:
            known = len(self._plain)
            self._plain.add(value)
            return len(self._plain) > known
        bucket = self._buckets.setdefault(_bucket(value), [])
        self._compared += len(bucket)
        if self._compared > MOST_COMPARISONS:
            raise TooCostlyError(f"finding out which values are the same takes over {MOST_COMPARISONS} comparisons")
        if any(equal(known, value) is True for known in bucket):
            return False
        bucket.append(value)
        return True

    def __contains__(self, value: Any) -> bool:
        if value.__class__ in _HASHED:
            return value in self._plain
        return any(equal(known, value) is True for known in self._buckets.get(_bucket(value), ()))


def _bucket(value: Any) -> Any:
    """A key that equal values share."""
    if isinstance(value, dict):
        return dict, len(value), sum([hash(text) for text in value.values() if text.__class__ is str])
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, Temporal):
        return temporal.instant_key(value)
    return Quantity  # whose units may differ, and any rare rest


def _equal_temporal(left: Temporal, right: Temporal) -> bool | None:
    if not _same_family(left, right):
        return False
    answer = temporal.compare(left, right)
    return None if answer is None else answer == 0


def _same_family(left: Temporal, right: Temporal) -> bool:
    return isinstance(left, Time) == isinstance(right, Time)


def _equal_quantity(left: Any, right: Any) -> bool | None:
    mine, yours = _as_quantity(left), _as_quantity(right)
    if mine is None or yours is None:
        return False
    answer = quantities.compare(mine, yours)
    return None if answer is None else answer == 0


def _as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    return Quantity(Decimal(str(value))) if _is_number(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _equivalent_numbers(left: Any, right: Any) -> bool:
    mine, yours = Decimal(str(left)), Decimal(str(right))
    step = Decimal(1).scaleb(-min(_decimals(mine), _decimals(yours)))
    return mine.quantize(step, context=_ROUNDING) == yours.quantize(step, context=_ROUNDING)


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _equivalent_structures(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Child by child, ids aside."""
    mine, yours = left.keys() - {"id"}, right.keys() - {"id"}
    return mine == yours and all(equivalent(left[name], right[name]) for name in mine)


_EQUIVALENCES: Sequence[tuple[Any, Callable[[Any, Any], bool]]] = (
    (str, lambda left, right: _folded(left) == _folded(right)),
    (_NUMBERS, _equivalent_numbers),
    (Temporal, lambda left, right: _equal_temporal(left, right) is True),
    (dict, _equivalent_structures),
    (list, equivalent_collections),
)
