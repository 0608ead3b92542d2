"""The way from a JSON value to what an expression such as ``Patient.name[0].given[1]`` names in it."""

from functools import lru_cache
from typing import Any

from careloom.model.late import late_pattern

Path = tuple[str | int, ...]
Steps = tuple[tuple[str, int | None], ...]

_STEP = late_pattern(r"([^.\[\]()]+)(?:\([^)]*\))?(?:\[(\d+)\])?")


def way_to(value: Any, expression: str) -> Path:
    """The keys and indexes that lead to what an expression names, or to the nearest thing above it.

    A choice is found by its name without type. Where a primitive has no such member, what stands beside it may.
    """
    steps = _steps(expression)
    return _straight(value, steps) or _searched(value, steps)


def _straight(value: Any, steps: Steps) -> Path | None:
    """The way where each step names a member by its key and an item by its index, as most do."""
    way: list[str | int] = []
    for name, index in steps:
        if value.__class__ is not dict or name not in value:
            return None
        value = value[name]
        way.append(name)
        if value.__class__ is list:
            if index is None or index >= len(value):
                return None
            value = value[index]
            way.append(index)
    return tuple(way)


def _searched(value: Any, steps: Steps) -> Path:
    way: Path = ()
    found: Path = ()
    sibling, beside = None, way
    for name, index in steps:
        key = _member(value, name)
        if key is None and isinstance(sibling, dict):
            value, way, key = sibling, beside, _member(sibling, name)
        if key is None:
            break
        beside, way = (*way, f"_{key}"), (*way, key)
        found, sibling, value = way, value.get(f"_{key}"), value[key]
        if isinstance(value, list) and (index or 0) < len(value):
            beside, way = (*beside, index or 0), (*way, index or 0)
            found = found if index is None else way
            sibling, value = _item(sibling, index or 0), value[index or 0]
    return found


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None


@lru_cache(maxsize=4_000)
def _steps(expression: str) -> Steps:
    """Names with indexes below the root."""
    steps = _STEP.finditer(expression)
    return tuple((found[1].strip(), int(found[2]) if found[2] else None) for found in steps if found[1] != "ofType")[1:]


def _member(value: Any, name: str) -> str | None:
    """The JSON key by which an object holds an element: its name, with type suffix, or its ``_`` sibling's."""
    if not isinstance(value, dict):
        return None
    if name in value:
        return name
    for key in map(str, value):
        if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            return key
    return f"_{name}" if f"_{name}" in value else None
