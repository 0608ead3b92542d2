"""Fixed values and patterns.

A fixed value is met by the same value, all of it; a pattern by any value that has at least what the pattern has, in any
order where the pattern has a list. Source: FHIR R4, ElementDefinition.fixed[x] and pattern[x].
"""

from decimal import Decimal
from typing import Any

from careloom.model.numbers import decimal_text
from careloom.validation.context import Check, Item
from careloom.validation.schema import Required


def check_required(item: Item, required: tuple[Required, ...], check: Check) -> None:
    """Tell which fixed value or pattern an item does not meet."""
    for one in required:
        if not meets(item.value, one):
            verb = "exactly" if one.kind == "fixed" else "a value with"
            check.error("value", item.path, f"{verb} {shown(one.value)} expected, {shown(item.value)} found", one.kind)


def meets(value: Any, required: Required) -> bool:
    """Whether a value is what is fixed, or has what the pattern has."""
    return is_equal(value, required.value) if required.kind == "fixed" else has_pattern(value, required.value)


def is_equal(value: Any, fixed: Any) -> bool:
    """Whether two values are the same, numbers digit for digit."""
    if isinstance(fixed, dict):
        return (
            isinstance(value, dict)
            and value.keys() == fixed.keys()
            and all(is_equal(value[k], fixed[k]) for k in fixed)
        )
    if isinstance(fixed, list):
        return isinstance(value, list) and len(value) == len(fixed) and all(map(is_equal, value, fixed))
    if isinstance(fixed, bool) or isinstance(value, bool):
        return value is fixed
    if isinstance(fixed, Decimal) or isinstance(value, Decimal):  # 1 and 1.0 are read as int and Decimal
        return bool(_digits(value) == _digits(fixed))
    return bool(value == fixed)


def _digits(number: Any) -> Any:
    return decimal_text(number) if isinstance(number, Decimal) else str(number) if isinstance(number, int) else number


def has_pattern(value: Any, pattern: Any) -> bool:
    """Whether a value has at least what a pattern has."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and has_pattern(value[key], pattern[key]) for key in pattern
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(has_pattern(one, wanted) for one in value) for wanted in pattern)
    return is_equal(value, pattern)


def shown(value: Any) -> str:
    """A value in a message: short, and as JSON would have it."""
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(map(shown, value)) + "]"
    else:
        text = "nothing" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 160 else text[:157] + "…"
