"""Whether a write would change anything: what would not makes no version, and so wakes nobody."""

from decimal import Decimal
from typing import Any, Final

from careloom.model.json import serialize_json
from careloom.model.numbers import decimal_text
from careloom.model.resource import Resource
from careloom.store import Version

_OF_THE_STORE: Final = frozenset({"versionId", "lastUpdated"})


def is_unchanged(resource: Resource, current: Version | None) -> bool:
    """Whether a resource says just what its current version says, digit by digit."""
    if current is None or current.resource is None:
        return False
    one, other = _content(resource), _content(current.resource)
    return serialize_json(one) == serialize_json(other) or _same(one, other)  # their texts are compared much sooner


def _content(resource: Resource) -> dict[str, Any]:
    """The resource without what the store adds to it."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return resource
    kept = {key: value for key, value in meta.items() if key not in _OF_THE_STORE}
    without = {key: value for key, value in resource.items() if key != "meta"}
    return {**without, "meta": kept} if kept else without


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return type(one) is type(other) and decimal_text(one) == decimal_text(
            other
        )  # 1.0 and 1.00 are not the same record
    return type(one) is type(other) and bool(one == other)
