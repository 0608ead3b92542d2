"""Which slice an item is in, where that can be told by a value; the mutator's own and simpler view of slicing."""

from typing import Any

from tests.mutants.shapes import Shape, Shapes, TypeUse

UNDECIDED: Any = object()
"""Nothing that the mutator understands tells the slices apart."""

_NOTHING: Any = object()


def slice_of(element: Shape, value: Any, use: TypeUse, shapes: Shapes) -> Any:
    """The slice of an element that a value is in, the element itself for none, or `UNDECIDED`."""
    for slice in shapes.slices(element):
        answers = [_accepts(one, slice, value, use, shapes) for one in _discriminators(element)]
        if all(answer is True for answer in answers):
            return slice
        if None in answers and False not in answers:
            return UNDECIDED
    return element


def guides_of(element: Shape) -> frozenset[tuple[str, ...]]:
    """The paths to what tells the slices of an element apart; the empty path is the item itself."""
    paths = (one["path"] for one in _discriminators(element) if one["type"] != "type")
    return frozenset(tuple(_names(path)) for path in paths)


def _discriminators(element: Shape) -> list[dict[str, str]]:
    found = list(element.slicing.get("discriminator", ()))
    return found or [{"type": "type" if element.is_choice else "value", "path": "$this"}]


def _names(path: str) -> list[str]:
    """The element names on a path: ``extension('http://x.y').value`` has extension and value."""
    plain = "".join(part for index, part in enumerate(path.replace(")", "(").split("(")) if index % 2 == 0)
    return [step for step in plain.split(".") if step not in ("$this", "resolve", "ofType")]


def _accepts(discriminator: dict[str, str], slice: Shape, value: Any, use: TypeUse, shapes: Shapes) -> bool | None:
    """Whether a slice takes a value; None when this cannot be told."""
    path = discriminator["path"]
    if discriminator["type"] == "type" and path == "$this":
        return use.code in {one.code for one in slice.types}
    if discriminator["type"] not in ("value", "pattern") or "(" in path:
        return None
    if path == "url" and use.code == "Extension":
        return bool(value.get("url") == _url(slice, shapes))
    names = _names(path)
    wanted = _wanted(slice, names, shapes)
    return None if wanted is _NOTHING else any(has(one, wanted) for one in _along(value, names))


def _url(slice: Shape, shapes: Shapes) -> str:
    profiles = [profile for use in slice.types for profile in use.profiles]
    if profiles:
        return profiles[0].partition("|")[0]
    found = _wanted(slice, ["url"], shapes)
    return slice.slice_name if found is _NOTHING else str(found)


def _wanted(shape: Shape, names: list[str], shapes: Shapes) -> Any:
    """What a slice fixes at the end of a path, or on the way to it."""
    if shape.value is not None:
        return next(_along(shape.value[1], names), _NOTHING) if names else shape.value[1]
    if not names or len({use.code for use in shape.types}) != 1:
        return _NOTHING
    child = next((one for one in shapes.children(shape, shape.types[0]) if one.name == names[0]), None)
    if child is None:
        return _NOTHING
    needed = [slice for slice in shapes.slices(child) if slice.min > 0]
    found = _wanted(child, names[1:], shapes)
    return _wanted(needed[0], names[1:], shapes) if found is _NOTHING and needed else found


def _along(value: Any, names: list[str]) -> Any:
    """Every value at the end of a path."""
    if isinstance(value, list):
        for item in value:
            yield from _along(item, names)
    elif not names:
        yield value
    elif isinstance(value, dict) and names[0] in value:
        yield from _along(value[names[0]], names[1:])


def has(value: Any, pattern: Any) -> bool:
    """Whether a value has at least what a pattern has."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(has(value.get(key), item) for key, item in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(has(one, item) for one in value) for item in pattern)
    return bool(value == pattern)
