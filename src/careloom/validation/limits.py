"""Least and greatest values, and lengths.

A limit of another type than the value is a distance: a Quantity of time against a date means from now.
Source: FHIR R4, ElementDefinition.minValue[x], maxValue[x], maxLength.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from careloom.fhirpath.quantities import Quantity, compare, is_comparable
from careloom.terminology.formal import UCUM, is_unit
from careloom.validation.context import Check, Item
from careloom.validation.schema import Limit
from careloom.validation.values import shown

_MONTHS = {"a": 12, "mo": 1}
_SECONDS = {"wk": 604_800, "d": 86_400, "h": 3_600, "min": 60, "s": 1}


def check_limits(item: Item, limits: tuple[Limit, ...], check: Check) -> None:
    """Tell when a value is under its least or over its greatest."""
    for limit in limits:
        order = _order(item.value, limit, check.run.clock())
        if order is None and _is_of_other_kind(item.value, limit.value):
            message = f"a quantity that can be compared with {shown(limit.value)} expected, {shown(item.value)} found"
            check.error("invalid", item.path, message, limit.kind)
        if order is not None and (order < 0 if limit.kind == "minValue" else order > 0):
            bound = "at least" if limit.kind == "minValue" else "at most"
            message = f"{bound} {shown(limit.value)} expected, {shown(item.value)} found"
            check.error("invalid", item.path, message, limit.kind)


def check_length(item: Item, max_length: int, check: Check) -> None:
    """Tell when a text is longer than it may be."""
    if isinstance(item.value, str) and len(item.value) > max_length:
        found = len(item.value)
        check.error("invalid", item.path, f"at most {max_length} characters expected, {found} found", "maxLength")


def _order(value: Any, limit: Limit, now: datetime) -> int | None:
    """-1, 0 or 1 as the value lies to the limit; None when the two cannot be compared."""
    bound = limit.value
    if isinstance(value, str) and isinstance(bound, dict):
        bound = _moment_away(bound, limit.kind, now, len(value))
    if isinstance(value, dict) and isinstance(bound, dict):
        return _order_of_quantities(value, bound)
    if isinstance(value, Decimal | int) and isinstance(bound, Decimal | int) and not isinstance(value, bool):
        return (value > bound) - (value < bound)
    if isinstance(value, str) and isinstance(bound, str):
        return order_of_times(value, bound)
    return None


def order_of_times(value: str, bound: str) -> int:
    """-1, 0 or 1 as one date or time lies to another.

    Instants are held against each other on one clock where both say their zone; else to the digits that both have.
    """
    mine, yours = _instant(value), _instant(bound)
    if mine and yours:
        return (mine > yours) - (mine < yours)
    precision = min(len(value), len(bound))
    return (value[:precision] > bound[:precision]) - (value[:precision] < bound[:precision])


def is_same_instant(one: str, other: str) -> bool:
    """Whether two times, each with its zone, are the same on one clock."""
    mine, yours = _instant(one), _instant(other)
    return mine is not None and mine == yours


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _order_of_quantities(value: dict[str, Any], bound: dict[str, Any]) -> int | None:
    mine, yours = _quantity(value), _quantity(bound)
    return compare(mine, yours) if mine and yours else None


def _is_of_other_kind(value: Any, bound: Any) -> bool:
    """Whether two quantities measure different things, a length and a mass, by their units of UCUM."""
    if not isinstance(value, dict) or not isinstance(bound, dict):
        return False
    if not all(one.get("system") == UCUM and is_unit(str(one.get("code"))) for one in (value, bound)):
        return False
    mine, yours = _quantity(value), _quantity(bound)
    return mine is not None and yours is not None and not is_comparable(mine, yours)


def _quantity(value: dict[str, Any]) -> Quantity | None:
    amount = value.get("value")
    if not isinstance(amount, Decimal | int):
        return None
    return Quantity(Decimal(amount), str(value.get("code") or value.get("unit") or "1"))


def _moment_away(quantity: dict[str, Any], kind: str, now: datetime, length: int) -> str | None:
    """The text of the instant a duration away from now, backward for a least value and forward for a greatest."""
    amount, unit = quantity.get("value"), quantity.get("code") or quantity.get("unit")
    if not isinstance(amount, Decimal | int) or unit not in _MONTHS | _SECONDS:
        return None
    sign = -1 if kind == "minValue" else 1
    if unit in _MONTHS:
        months = now.year * 12 + now.month - 1 + sign * int(amount) * _MONTHS[unit]
        if not 12 <= months < 12 * 10_000:
            return None
        return f"{months // 12:04}-{months % 12 + 1:02}-{now.day:02}T{now:%H:%M:%S}Z"[:length]
    moment = now + sign * timedelta(seconds=float(amount) * _SECONDS[unit])
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"[:length]
